"""Unavailable slots of attendees: marked by themselves, or busy in a saved calendar."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import BindParameter, bindparam, select
from sqlalchemy.orm import Session

from scheduler.storage.in_list import in_chunks
from scheduler.storage.models import Attendee, AttendeeBusy, BusySource, Slot
from scheduler.storage.rows import rows_of

Span = tuple[datetime, datetime]


_PEOPLE: BindParameter[Any] = bindparam("people")
_MARKED = select(AttendeeBusy.attendee_id, AttendeeBusy.slot_id).join(Slot).where(Slot.of(bindparam("event")))
_MARKED_OF = _MARKED.where(in_chunks(AttendeeBusy.attendee_id, _PEOPLE))
_SAVED = (
    select(BusySource.attendee_id, BusySource.found)
    .join(Attendee, Attendee.id == BusySource.attendee_id)
    .where(Attendee.event_id == bindparam("event"), BusySource.is_saved)
)
_SAVED_OF = _SAVED.where(in_chunks(BusySource.attendee_id, _PEOPLE))


def list_unavailable_slots(
    session: Session, event_id: int, attendee_ids: Collection[int] | None = None
) -> dict[int, set[int]]:
    """Return unavailable slot ids by attendee id, of all attendees or of `attendee_ids`.

    Takes at most three queries. Attendees without any are left out.
    """
    marked, saved = _MARKED, _SAVED
    asked: dict[str, Any] = {"event": event_id}
    if attendee_ids is not None:
        marked, saved, asked["people"] = _MARKED_OF, _SAVED_OF, list(attendee_ids)
    away: dict[int, set[int]] = defaultdict(set)
    for attendee_id, slot_id in rows_of(session, marked, **asked):
        away[attendee_id].add(slot_id)
    calendars = rows_of(session, saved, **asked).all()
    slots = session.scalars(select(Slot).where(Slot.of(event_id))).all() if calendars else []
    for attendee_id, found in calendars:
        away[attendee_id] |= {slot.id for slot in overlapping_slots(slots, busy_spans(found))}
    return {attendee_id: ids for attendee_id, ids in away.items() if ids}


def busy_spans(found: Mapping[str, Any]) -> list[Span]:
    """Return the busy spans in a source's `found`."""
    return [(datetime.fromisoformat(each[0]), datetime.fromisoformat(each[1])) for each in found["busy"]]


def overlapping_slots(slots: Iterable[Slot], busy: Collection[Span]) -> list[Slot]:
    """Return the slots that overlap a busy time. A slot that only touches one is free."""
    return [slot for slot in slots if overlaps(slot.start, slot.end, busy)]


def overlaps(first: datetime, last: datetime, busy: Collection[Span]) -> bool:
    """Return True if a span overlaps a busy time. Spans that only touch do not overlap."""
    return any(start < last and end > first for start, end in busy)
