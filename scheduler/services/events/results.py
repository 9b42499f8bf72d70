"""What a version is worth in an organiser's words: meetings held, people without one, idle hours, walks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased

from scheduler.services.access.actors import Actor
from scheduler.services.access.rights import Right
from scheduler.services.availability import unavailable
from scheduler.services.schedule import unscheduled, versions
from scheduler.storage.models import (
    Attendee,
    Event,
    Hall,
    Place,
    PlannedAttendee,
    PlannedMeeting,
    ScheduleVersion,
    Slot,
    WalkingTime,
)


@dataclass(frozen=True, slots=True)
class Results:
    """A version's figures that people care for. Hours and minutes are sums over all people.

    `held` of the `asked` requests have a meeting; no plan of them holds more than `most`, if that is known.
    `without` of `people` have no meeting. `idle_hours` lie free between two meetings of a person and day.
    `walks` are changes of the hall from one meeting to the next of a person and day, of `walk_minutes` in
    all. `reasons` counts what is not held by reason, the most frequent first.
    """

    held: int
    asked: int
    most: int | None
    people: int
    without: int
    idle_hours: float
    walks: int
    walk_minutes: int
    reasons: Mapping[str, int]

    @property
    def missing(self) -> int:
        return self.asked - self.held


class _Seat(NamedTuple):
    """One meeting of one person: positions of its first and last slot, and its hall."""

    attendee_id: int
    first: int
    last: int
    hall_id: int


class _Time(NamedTuple):
    """A slot: its length in seconds, and its day in the event's zone."""

    id: int
    seconds: float
    day: date

    @classmethod
    def of(cls, slot: Slot, zone: ZoneInfo) -> _Time:
        seconds = 0.0 if slot.is_retired else (slot.end - slot.start).total_seconds()
        return cls(slot.id, seconds, slot.start.astimezone(zone).date())


def results(session: Session, actor: Actor, number: int) -> Results:
    """Those of a version of the event. Raises NotFound. The number of queries is the same for any event."""
    actor.require(Right.READ_VERSIONS)
    version = versions.get(session, actor.event_id, number)
    seats, times = _seats(session, version), _times(session, actor.event_id)
    held = select(func.count()).where(PlannedMeeting.version_id == version.id)
    there = select(Attendee.id).where(Attendee.event_id == actor.event_id, Attendee.withdrawn_at.is_(None))
    people = set(session.scalars(there))
    reasons = unscheduled.by_reason(session, version.id)
    count = session.scalars(held).one()
    steps = list(_steps(seats, times))
    walks = [(one.hall_id, two.hall_id) for one, two in steps if one.hall_id != two.hall_id]
    minutes = _walking(session, actor.event_id)
    return Results(
        held=count,
        asked=count + sum(reasons.values()),
        most=version.meetings_bound,
        people=len(people),
        without=len(people - {seat.attendee_id for seat in seats}),
        idle_hours=_idle_hours(session, actor.event_id, steps, times),
        walks=len(walks),
        walk_minutes=sum(minutes.get(frozenset(halls), 0) for halls in walks),
        reasons=reasons,
    )


def _seats(session: Session, version: ScheduleVersion) -> list[_Seat]:
    """Every meeting of every person, by person and time."""
    first, last = aliased(Slot), aliased(Slot)
    rows = session.execute(
        select(PlannedAttendee.attendee_id, first.position, last.position, Place.hall_id)
        .join(PlannedMeeting, PlannedMeeting.id == PlannedAttendee.meeting_id)
        .join(first, first.id == PlannedMeeting.slot_id)
        .join(last, last.id == PlannedMeeting.last_slot_id)
        .join(Place, Place.id == PlannedMeeting.place_id)
        .where(PlannedMeeting.version_id == version.id)
        .order_by(PlannedAttendee.attendee_id, first.position)
    )
    return [_Seat(*row) for row in rows]


def _times(session: Session, event_id: int) -> dict[int, _Time]:
    """The event's slots by position, those too that are retired, in which nobody is idle."""
    zone = ZoneInfo(session.get_one(Event, event_id).timezone)
    slots = session.scalars(select(Slot).where(Slot.event_id == event_id))
    return {slot.position: _Time.of(slot, zone) for slot in slots}


def _steps(seats: Iterable[_Seat], times: Mapping[int, _Time]) -> Iterable[tuple[_Seat, _Seat]]:
    """From each meeting to the next one of the same person and day."""
    for one, two in pairwise(seats):
        if one.attendee_id == two.attendee_id and times[one.first].day == times[two.first].day:
            yield one, two


def _idle_hours(
    session: Session, event_id: int, steps: Iterable[tuple[_Seat, _Seat]], times: Mapping[int, _Time]
) -> float:
    """The slots between two meetings in which the person could meet, in hours."""
    away = unavailable.slots_of(session, event_id)
    seconds = 0.0
    for one, two in steps:
        for position in range(one.last + 1, two.first):
            time = times[position]
            seconds += 0.0 if time.id in away.get(one.attendee_id, ()) else time.seconds
    return seconds / 3600


def _walking(session: Session, event_id: int) -> dict[frozenset[int], int]:
    """Minutes on foot between two halls."""
    rows = session.execute(
        select(WalkingTime.from_hall_id, WalkingTime.to_hall_id, WalkingTime.minutes)
        .join(Hall, Hall.id == WalkingTime.from_hall_id)
        .where(Hall.event_id == event_id)
    )
    return {frozenset((one, two)): minutes for one, two, minutes in rows}
