"""Runs and schedule versions page by page, and pages of what a version holds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from scheduler.domain import fields
from scheduler.services.paging import Order, Page, decode_cursor, encode_cursor, fetch_page
from scheduler.storage.among import among
from scheduler.storage.models import Run, ScheduleVersion

T = TypeVar("T")

_RUNS = Order("runs", (Run.number,), (int,), descending=True)
_VERSIONS = Order("versions", (ScheduleVersion.number,), (int,), descending=True)


def runs(session: Session, event_id: int, *, cursor: str | None = None, limit: int = 30) -> Page[Run]:
    """The event's runs, the newest first."""
    query = select(Run).where(Run.event_id == event_id)
    page = fetch_page(session, query, _RUNS, cursor=cursor, limit=limit)
    return Page(tuple(row[0] for row in page.items), page.next_cursor, page.total)


def versions(
    session: Session, event_id: int, *, cursor: str | None = None, limit: int = 30
) -> Page[ScheduleVersion]:
    """The event's schedule versions, the newest first."""
    query = select(ScheduleVersion).where(ScheduleVersion.event_id == event_id)
    page = fetch_page(session, query, _VERSIONS, cursor=cursor, limit=limit)
    return Page(tuple(row[0] for row in page.items), page.next_cursor, page.total)


def version_numbers(session: Session, event_id: int, ids: Sequence[int | None]) -> dict[int | None, int]:
    """The numbers of versions by id."""
    wanted = among(ScheduleVersion.id, {i for i in ids if i is not None})
    rows = session.execute(
        select(ScheduleVersion.id, ScheduleVersion.number).where(ScheduleVersion.event_id == event_id, wanted)
    )
    return {row.id: row.number for row in rows}


def run_numbers(session: Session, event_id: int, ids: Sequence[int | None]) -> dict[int | None, int]:
    """The numbers of runs by id."""
    wanted = among(Run.id, {i for i in ids if i is not None})
    rows = session.execute(select(Run.id, Run.number).where(Run.event_id == event_id, wanted))
    return {row.id: row.number for row in rows}


def made_by(session: Session, run_ids: Sequence[int]) -> dict[int, int]:
    """The number of the version that each run made, by the run's id; rollbacks do not count."""
    rows = session.execute(
        select(ScheduleVersion.run_id, ScheduleVersion.number).where(
            among(ScheduleVersion.run_id, run_ids), ScheduleVersion.copy_of_id.is_(None)
        )
    )
    return {row.run_id: row.number for row in rows}


def part(name: str, items: Sequence[T], *, cursor: str | None = None, limit: int = 30) -> Page[T]:
    """A page of a list that is in memory already; `name` is the list's, for its cursors."""
    return part_of(
        name, lambda first, most: items[first : first + most], len(items), cursor=cursor, limit=limit
    )


def part_of(
    name: str,
    read: Callable[[int, int], Sequence[T]],
    size: int,
    *,
    cursor: str | None = None,
    limit: int = 30,
) -> Page[T]:
    """A page of a list of which `read` gives some items from a number on, and nobody has the others."""
    fields.require("limit", limit, fields.PageSize)
    first: int = decode_cursor(name, (int,), cursor)[0] if cursor else 0
    after = first + limit
    more = encode_cursor(name, (after,)) if after < size else None
    return Page(tuple(read(first, limit)) if first < size else (), more, size)
