"""Event days: scheduled meetings of each day, and how much of the table time they use."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import and_, func, select
from sqlalchemy.orm import Session

from scheduler.domain.entities import PlaceKind
from scheduler.services.schedule import scheduled
from scheduler.storage.models import Place, PlaceClosure, PlannedMeeting, Slot

_IS_TABLE = and_(Place.kind == PlaceKind.TABLE, Place.is_retired.is_(False))


@dataclass(frozen=True, slots=True)
class EventDay:
    """A day in the event's time zone with its first meeting time, and the number of scheduled meetings.

    A table offers `capacity` meetings in each slot in which it is open. `table_slots` is the sum over the
    day's slots, and `used` of these have a meeting. Meetings at booths count only in `meetings`.
    """

    day: date
    opens: datetime
    meetings: int
    used: int
    table_slots: int


def list_event_days(session: Session, event_id: int, version_id: int, timezone: str) -> tuple[EventDay, ...]:
    """Return the days with meeting times, or with meetings of a version. Runs at most six queries."""
    zone = ZoneInfo(timezone)
    opens: dict[date, datetime] = {}
    meetings, used, offered = Counter[date](), Counter[date](), Counter[date]()
    capacity = _table_capacity(session, event_id)
    closed = _closed_capacity(session, event_id)
    planned = _meetings_by_slot(session, version_id)
    slots = select(Slot.id, Slot.start, Slot.is_retired).where(Slot.event_id == event_id)
    for slot_id, start, is_retired in session.execute(slots.order_by(Slot.is_retired, Slot.start)):
        count, taken = planned.get(slot_id, (0, 0))
        if is_retired and not count:
            continue
        day = start.astimezone(zone).date()
        opens.setdefault(day, start)
        meetings[day] += count
        used[day] += taken
        offered[day] += 0 if is_retired else capacity - closed.get(slot_id, 0)
    return tuple(EventDay(day, opens[day], meetings[day], used[day], offered[day]) for day in sorted(opens))


def _table_capacity(session: Session, event_id: int) -> int:
    """Return how many meetings all tables together offer in a slot."""
    query = select(func.coalesce(func.sum(Place.capacity), 0)).where(Place.event_id == event_id, _IS_TABLE)
    return session.scalars(query).one()


def _closed_capacity(session: Session, event_id: int) -> Mapping[int, int]:
    """Return how much of the capacity is closed, by slot."""
    rows = session.execute(
        select(PlaceClosure.slot_id, func.sum(Place.capacity))
        .join(Place, Place.id == PlaceClosure.place_id)
        .where(Place.event_id == event_id, _IS_TABLE)
        .group_by(PlaceClosure.slot_id)
    )
    return {row[0]: row[1] for row in rows}


def _meetings_by_slot(session: Session, version_id: int) -> Mapping[int, tuple[int, int]]:
    """Return the number of scheduled meetings and the slots that they use at tables, by first slot.

    A meeting ends on the day on which it starts, because its slots are in one block. Few meetings are of
    withdrawn requests: subtracting them is faster than joining all meetings with their requests.
    """
    taken = func.coalesce(func.sum(PlannedMeeting.length).filter(_IS_TABLE), 0)
    query = (
        select(PlannedMeeting.slot_id, func.count(), taken)
        .join(Place, Place.id == PlannedMeeting.place_id)
        .group_by(PlannedMeeting.slot_id)
    )
    rows = session.execute(query.where(PlannedMeeting.version_id == version_id))
    found = {slot_id: (count, used) for slot_id, count, used in rows}
    if scheduled.list_withdrawn_requests(session, version_id):
        for slot_id, count, used in session.execute(scheduled.only_withdrawn(query, version_id)):
            found[slot_id] = (found[slot_id][0] - count, found[slot_id][1] - used)
    return found
