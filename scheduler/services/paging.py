"""Pagination: opaque cursors for the API (the last row's sort key), page numbers for people."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, Generic, TypeVar

from sqlalchemy import ColumnElement, Row, Select, SQLColumnExpression, bindparam, func, tuple_
from sqlalchemy.orm import Session

from scheduler.domain import fields
from scheduler.domain.errors import Fault, InvalidInput
from scheduler.storage.base import Timestamped

T = TypeVar("T", covariant=True)
Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some items of a list, the cursor of the next page (None at the end), and the total count.

    `number` counts pages of `limit` items from 1. It is meaningless for a page after a cursor.
    `next_updated_since` is set by `fetch_updates` only.
    """

    items: tuple[T, ...]
    next_cursor: str | None
    total: int
    number: int = 1
    limit: int = 30
    next_updated_since: datetime | None = None

    @property
    def last(self) -> int:
        """Number of the last page, 1 for an empty list."""
        return _last(self.total, self.limit)

    @property
    def first_item(self) -> int:
        """Number of the page's first item in the list, from 1."""
        return (self.number - 1) * self.limit + 1

    def of(self, items: Iterable[Item]) -> Page[Item]:
        """Return the same page with its items converted."""
        return replace(self, items=tuple(items))  # type: ignore[arg-type, return-value]


@dataclass(frozen=True, slots=True)
class Order:
    """Sort order of a list: expressions that are unique together, and their types.

    `name` identifies the list.
    """

    name: str
    keys: tuple[SQLColumnExpression[Any], ...]
    types: tuple[type, ...]
    descending: bool = False

    def after(self, cursor: str) -> ColumnElement[bool]:
        """Return the SQL condition for rows after a cursor.

        Raises InvalidInput for a cursor of another list.
        """
        values = decode_cursor(self.name, self.types, cursor)
        keys = tuple_(*self.keys)
        return keys < tuple_(*values) if self.descending else keys > tuple_(*values)

    def clauses(self) -> list[ColumnElement[Any]]:
        return [key.desc() if self.descending else key.asc() for key in self.keys]


def fetch_page(
    session: Session,
    query: Select[*tuple[Any, ...]],
    order: Order,
    *,
    cursor: str | None = None,
    number: int = 1,
    limit: int,
    total: int | None = None,
    values: Mapping[str, Any] | None = None,
) -> Page[Row[*tuple[Any, ...]]]:
    """Return a page of rows. `query` is the list, unsorted and ungrouped. The sort key is appended to the
    columns.

    The page is the one after `cursor`, else the one with `number`, at most the last one. Runs two queries;
    one if the page is the whole list or `total` is given; none if `total` is 0. `values` are the parameters
    of a query that is built once; its paged form is then cached too.
    """
    fields.require_valid("limit", limit, fields.PageSize)
    if total == 0:
        return Page((), None, 0, 1, limit)
    wanted = _sorted(query, order) if values is None else _sorted_once(query, order)
    if total is None and number > 1 and not cursor:
        total = _count(session, query, values)
    number = 1 if cursor or total is None else _at_most(number, total, limit)
    if cursor:
        wanted = wanted.where(order.after(cursor))
    part = {"rows_at_most": limit + 1, "rows_before": (number - 1) * limit}
    rows = session.execute(wanted, {**(values or {}), **part}).all()
    more = len(rows) > limit
    last = rows[limit - 1][-len(order.keys) :] if more else None
    if total is None:
        total = _count(session, query, values) if more or cursor else len(rows)
    after = encode_cursor(order.name, last) if last else None
    return Page(tuple(rows[:limit]), after, total, number, limit)


@dataclass(frozen=True, slots=True)
class Updates:
    """Rows that were changed at `since` or later, asked for at `now`, both by the database's clock."""

    since: datetime
    now: datetime


def require_unfiltered(is_filtered: bool) -> None:
    """Raise InvalidInput if a list of updates has a filter, which would not find what has left it."""
    if is_filtered:
        raise InvalidInput([Fault("updated_since", "takes no filter; leave out the other parameters")])


LONGEST_TRANSACTION = timedelta(minutes=10)
"""A row's time is when it was written, and others see the row after the commit, at most this much later."""


def fetch_updates(
    session: Session,
    query: Select[*tuple[Any, ...]],
    name: str,
    table: type[Timestamped],
    updates: Updates,
    *,
    cursor: str | None = None,
    limit: int,
    values: Mapping[str, Any] | None = None,
) -> Page[Row[*tuple[Any, ...]]]:
    """Return a page of the rows of `table` in `query` that have changed, the earliest change first.

    The list ends at the time of its first page, which its cursors keep: a row that changes between two pages
    leaves it, and is in the next list. That one begins at `next_updated_since`, early enough for rows that
    were written but not committed. Raises InvalidInput for a cursor of another list.
    """
    column, row_id = table.updated_at, table.id  # type: ignore[attr-defined]
    order = Order(f"{name} by change", (column, row_id), (datetime, int))
    until, inner = updates.now, None
    if cursor:
        until, *last = decode_cursor(f"{name} updates", (datetime, *order.types), cursor)
        inner = encode_cursor(order.name, last)
    changed = query.params(values or {}).where(column >= updates.since, column <= until)
    page = fetch_page(session, changed, order, cursor=inner, limit=limit)
    following = page.next_cursor and decode_cursor(order.name, order.types, page.next_cursor)
    return replace(
        page,
        next_cursor=encode_cursor(f"{name} updates", (until, *following)) if following else None,
        next_updated_since=until - LONGEST_TRANSACTION,
    )


def _sorted(query: Select[*tuple[Any, ...]], order: Order) -> Select[*tuple[Any, ...]]:
    ordered = query.add_columns(*order.keys).order_by(*order.clauses())
    return ordered.limit(bindparam("rows_at_most")).offset(bindparam("rows_before"))


_sorted_once = lru_cache(maxsize=256)(_sorted)


def page_of_list(
    name: str, items: Sequence[Item], *, cursor: str | None = None, number: int = 1, limit: int = 30
) -> Page[Item]:
    """Return a page of a list in memory, like `fetch_page`. `name` identifies the list in cursors."""

    def read(first: int, most: int) -> Sequence[Item]:
        return items[first : first + most]

    return page_of_reader(name, read, len(items), cursor=cursor, number=number, limit=limit)


def page_of_reader(
    name: str,
    read: Callable[[int, int], Sequence[Item]],
    size: int,
    *,
    cursor: str | None = None,
    number: int = 1,
    limit: int = 30,
) -> Page[Item]:
    """Return a page of a list whose items `read(first, most)` loads on demand."""
    fields.require_valid("limit", limit, fields.PageSize)
    number = 1 if cursor else _at_most(number, size, limit)
    first: int = decode_cursor(name, (int,), cursor)[0] if cursor else (number - 1) * limit
    after = first + limit
    more = encode_cursor(name, (after,)) if after < size else None
    return Page(tuple(read(first, limit)) if first < size else (), more, size, number, limit)


def _last(total: int, limit: int) -> int:
    return max(1, -(-total // limit))


def _at_most(number: int, total: int, limit: int) -> int:
    """Return the page number, limited to the existing pages."""
    return min(max(1, number), _last(total, limit))


def _count(session: Session, query: Select[*tuple[Any, ...]], values: Mapping[str, Any] | None) -> int:
    counted = query.with_only_columns(func.count(), maintain_column_froms=True)
    return session.scalars(counted, values or {}).one()


def encode_cursor(name: str, values: Sequence[Any]) -> str:
    """Return a cursor of the list `name` after the row with these sort values."""
    texts = [value.isoformat() if isinstance(value, datetime) else str(value) for value in values]
    document = json.dumps([name, *texts], ensure_ascii=False, separators=(",", ":"))
    return base64.urlsafe_b64encode(document.encode()).decode("ascii").rstrip("=")


def decode_cursor(name: str, types: Sequence[type], cursor: str) -> list[Any]:
    """Return the sort values of a cursor.

    Raises InvalidInput for anything that `encode_cursor` did not make.
    """
    try:
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        document = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
        found, *texts = document
        if found != name or len(texts) != len(types) or not all(isinstance(text, str) for text in texts):
            raise ValueError("a cursor of another list")
        return [_READERS[kind](text) for kind, text in zip(types, texts, strict=True)]
    except (ValueError, TypeError, OverflowError, RecursionError):
        raise InvalidInput([Fault("cursor", "is not a cursor of this list; leave it out to start")]) from None


def _text(text: str) -> str:
    if "\x00" in text:
        raise ValueError("PostgreSQL takes no NUL")
    text.encode()  # refuses lone surrogates
    return text


def _id(text: str) -> int:
    value = int(text)
    if not 0 <= value < 2**31:
        raise ValueError("not an id")
    return value


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("a time without a zone")
    return moment.astimezone(UTC)  # OverflowError for the first and last hours of the calendar


_READERS: Mapping[type, Callable[[str], Any]] = {str: _text, int: _id, datetime: _moment}
