"""Transitions between consecutive meetings of a person's day: idle slots and walks."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from scheduler.services.schedule.scheduled import only_scheduled
from scheduler.storage.cache.cache_keys import accepted_requests_digest, venue_digest
from scheduler.storage.cache.cached_statistics import cached_statistic
from scheduler.storage.models import Event, Place, PlannedAttendee, PlannedMeeting, ScheduleVersion, Slot


@dataclass(frozen=True, slots=True)
class Transitions:
    """Transitions of all people with meetings. Slots are positions, people and halls ids.

    `idle` counts, by slot, the people with meetings before and after it on that day. `walks` are hall
    changes: slot of the next meeting, from hall, to hall, number of people.
    """

    idle: Mapping[int, int]
    walks: Sequence[tuple[int, int, int, int]]
    _free: Mapping[str, str]
    """Idle slots by person, as text, because only a few of thousands are read."""

    @property
    def people(self) -> set[int]:
        return set(map(int, self._free))

    def free(self, person: int) -> list[int]:
        """Return the idle slots of a person."""
        return [int(position) for position in self._free.get(str(person), "").split()]


class _Seat(NamedTuple):
    """A person's meeting: positions of its first and last slot, and the hall."""

    attendee_id: int
    first: int
    last: int
    hall_id: int


def get_transitions(session: Session, version: ScheduleVersion) -> Transitions:
    """Return the transitions of a version, cached with it. Runs five queries."""
    follows = [venue_digest(session, version.event_id), accepted_requests_digest(session, version.event_id)]
    found = cached_statistic(
        session, version, "steps", follows, lambda: _compute_transitions(session, version)
    )
    walks = [(at, one, other, count) for at, one, other, count in found["walks"]]
    return Transitions(dict(found["idle"]), walks, found["free"])


def _compute_transitions(session: Session, version: ScheduleVersion) -> dict[str, Any]:
    days = _days(session, version.event_id)
    free: dict[int, list[int]] = defaultdict(list)
    walks: Counter[tuple[int, int, int]] = Counter()
    seats = [_Seat(*row) for row in _seats(session, version.id)]
    for seat in seats:
        free[seat.attendee_id]
    for one, two in pairwise(seats):
        if one.attendee_id == two.attendee_id and days[one.first] == days[two.first]:
            free[one.attendee_id] += range(one.last + 1, two.first)
            if one.hall_id != two.hall_id:
                walks[two.first, one.hall_id, two.hall_id] += 1
    idle = Counter(position for positions in free.values() for position in positions)
    return {
        "free": {person: " ".join(map(str, positions)) for person, positions in free.items()},
        "idle": sorted(idle.items()),
        "walks": [[*walk, count] for walk, count in sorted(walks.items())],
    }


def _seats(session: Session, version_id: int) -> Iterable[Any]:
    """Return scheduled meetings of every person, by person and time."""
    first, last = aliased(Slot), aliased(Slot)
    seats = (
        select(PlannedAttendee.attendee_id, first.position, last.position, Place.hall_id)
        .join(PlannedMeeting, PlannedMeeting.id == PlannedAttendee.meeting_id)
        .join(first, first.id == PlannedMeeting.slot_id)
        .join(last, last.id == PlannedMeeting.last_slot_id)
        .join(Place, Place.id == PlannedMeeting.place_id)
        .order_by(PlannedAttendee.attendee_id, first.position)
    )
    return session.execute(only_scheduled(seats, version_id))


def _days(session: Session, event_id: int) -> dict[int, date]:
    """Return the day of each slot in the event's time zone, by position, including retired slots."""
    zone = ZoneInfo(session.get_one(Event, event_id).timezone)
    rows = session.execute(select(Slot.position, Slot.start).where(Slot.event_id == event_id))
    return {position: start.astimezone(zone).date() for position, start in rows}
