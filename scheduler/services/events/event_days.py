"""Event days: scheduled meetings of each day, and how much of the table time they use."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import and_, func, select
from sqlalchemy.orm import Session

from scheduler.domain.entities import PlaceKind
from scheduler.services.schedule.scheduled import only_scheduled
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
    """Return the days with meeting times, or with meetings of a version. Runs four queries."""
    zone = ZoneInfo(timezone)
    opens: dict[date, datetime] = {}
    meetings, used, offered = Counter[date](), Counter[date](), Counter[date]()
    capacity = _table_capacity(session, event_id)
    closed = _closed_capacity(session, event_id)
    slots = select(Slot.id, Slot.start).where(Slot.of(event_id)).order_by(Slot.start)
    for slot_id, start in session.execute(slots):
        day = start.astimezone(zone).date()
        opens.setdefault(day, start)
        offered[day] += capacity - closed.get(slot_id, 0)
    for start, count, taken in session.execute(_meetings_by_start(version_id)):
        day = start.astimezone(zone).date()
        opens.setdefault(day, start)
        meetings[day] += count
        used[day] += taken
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


def _meetings_by_start(version_id: int) -> Any:
    """Return the query for start, number of meetings, and slots that they use at tables.

    A meeting ends on the day on which it starts, because its slots are in one block.
    """
    taken = func.coalesce(func.sum(PlannedMeeting.length).filter(_IS_TABLE), 0)
    by_start = (
        select(Slot.start, func.count(), taken)
        .select_from(PlannedMeeting)
        .join(Slot, Slot.id == PlannedMeeting.slot_id)
        .join(Place, Place.id == PlannedMeeting.place_id)
        .group_by(Slot.start)
        .order_by(Slot.start)
    )
    return only_scheduled(by_start, version_id)
