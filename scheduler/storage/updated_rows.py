"""Rows whose answers depend on rows of another table get a new `updated_at` when those change.

A request changes with its named and excluded people, a firm with its booths, and people with the name and the
removal of their firm.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import ColumnElement, event, func, inspect, update
from sqlalchemy.orm import Session

from scheduler.storage.base import Base
from scheduler.storage.in_list import in_chunks
from scheduler.storage.models.event import Place
from scheduler.storage.models.people import Attendee, Firm
from scheduler.storage.models.requests import ExcludedPerson, MeetingRequest, RequestPerson

_SHOWN_WITH_PEOPLE = ("key", "name", "latin_name", "country", "withdrawn_at")
"""Columns of a firm that are part of its people's answers."""


@event.listens_for(Session, "after_flush")
def _update_owners(session: Session, _context: object) -> None:
    new = {id(row) for row in session.new}
    owners: dict[type[Base], set[int]] = {}
    people_of: set[int] = set()
    for row in (*session.new, *session.deleted, *session.dirty):
        for owner, owner_id in _owners(row):
            owners.setdefault(owner, set()).add(owner_id)
        if isinstance(row, Firm) and id(row) not in new and _is_changed(row, _SHOWN_WITH_PEOPLE):
            people_of.add(row.id)
    for row in session.new:  # they have a new time already
        if isinstance(row, Firm | MeetingRequest):
            owners.get(type(row), set()).discard(row.id)
    for owner, ids in owners.items():
        _set_time(session, owner, ids, in_chunks(owner.id, sorted(ids)))  # type: ignore[attr-defined]
    _set_time(session, Attendee, people_of, in_chunks(Attendee.firm_id, sorted(people_of)))


def _owners(row: object) -> Iterator[tuple[type[Base], int]]:
    if isinstance(row, RequestPerson | ExcludedPerson):
        yield MeetingRequest, row.request_id
    elif isinstance(row, Place) and row.firm_id is not None:
        yield Firm, row.firm_id


def _is_changed(row: Any, names: tuple[str, ...]) -> bool:
    attributes = inspect(row).attrs
    return any(attributes[name].history.has_changes() for name in names)


def _set_time(session: Session, table: Any, ids: set[int], which: ColumnElement[bool]) -> None:
    if ids:
        session.connection().execute(
            update(table.__table__).where(which).values(updated_at=func.clock_timestamp())
        )
