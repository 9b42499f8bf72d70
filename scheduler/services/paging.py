"""Pages of a list by opaque cursors: the sort key of a page's last row (keyset paging, no OFFSET)."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar

from sqlalchemy import ColumnElement, Row, Select, SQLColumnExpression, func, tuple_
from sqlalchemy.orm import Session

from scheduler.domain import fields
from scheduler.domain.errors import Fault, InvalidInput

T = TypeVar("T", covariant=True)
Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some items of a list, the cursor of what follows (None at the end), and how many there are in all."""

    items: tuple[T, ...]
    next_cursor: str | None
    total: int


@dataclass(frozen=True, slots=True)
class Order:
    """How a list is sorted: expressions that together are unique, and their types. `name` is the list's."""

    name: str
    keys: tuple[SQLColumnExpression[Any], ...]
    types: tuple[type, ...]
    descending: bool = False

    def after(self, cursor: str) -> ColumnElement[bool]:
        """The rows behind a cursor. Raises InvalidInput for one that is not of this list."""
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
    cursor: str | None,
    limit: int,
    total: int | None = None,
) -> Page[Row[*tuple[Any, ...]]]:
    """The rows of a page. `query` is the list, unsorted, ungrouped. The sort key is added.

    There are two queries, or one if the page is the whole list or `total` is given.
    """
    fields.require("limit", limit, fields.PageSize)
    wanted = query.add_columns(*order.keys).order_by(*order.clauses()).limit(limit + 1)
    if cursor:
        wanted = wanted.where(order.after(cursor))
    rows = session.execute(wanted).all()
    more = len(rows) > limit
    last = rows[limit - 1][-len(order.keys) :] if more else None
    if total is None:
        counted = query.with_only_columns(func.count(), maintain_column_froms=True)
        total = session.scalars(counted).one() if more or cursor else len(rows)
    return Page(tuple(rows[:limit]), encode_cursor(order.name, last) if last else None, total)


def part(name: str, items: Sequence[Item], *, cursor: str | None = None, limit: int = 30) -> Page[Item]:
    """A page of a list that is in memory already. `name` is the list's, for its cursors."""
    return part_of(
        name, lambda first, most: items[first : first + most], len(items), cursor=cursor, limit=limit
    )


def part_of(
    name: str,
    read: Callable[[int, int], Sequence[Item]],
    size: int,
    *,
    cursor: str | None = None,
    limit: int = 30,
) -> Page[Item]:
    """A page of a list of which `read` gives some items from a number on, and nobody has the others."""
    fields.require("limit", limit, fields.PageSize)
    first: int = decode_cursor(name, (int,), cursor)[0] if cursor else 0
    after = first + limit
    more = encode_cursor(name, (after,)) if after < size else None
    return Page(tuple(read(first, limit)) if first < size else (), more, size)


def encode_cursor(name: str, values: Sequence[Any]) -> str:
    """A cursor of the list `name` behind the row that has these sort values."""
    texts = [value.isoformat() if isinstance(value, datetime) else str(value) for value in values]
    document = json.dumps([name, *texts], ensure_ascii=False, separators=(",", ":"))
    return base64.urlsafe_b64encode(document.encode()).decode("ascii").rstrip("=")


def decode_cursor(name: str, types: Sequence[type], cursor: str) -> list[Any]:
    """The sort values of a cursor. Raises InvalidInput for anything that `encode_cursor` did not make."""
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
