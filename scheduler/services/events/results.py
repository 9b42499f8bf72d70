"""Key figures of a version: scheduled meetings, people without one, idle hours and walks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from scheduler.services.availability import unavailable_slots
from scheduler.services.identity.actors import Actor
from scheduler.services.identity.rights import Right
from scheduler.services.reports.statistics import transitions
from scheduler.services.reports.statistics.transitions import Transitions
from scheduler.services.schedule import scheduled, unscheduled, versions
from scheduler.storage.cache.cache_keys import rows_text, split_text
from scheduler.storage.models import Attendee, Hall, Slot, WalkingTime


@dataclass(frozen=True, slots=True)
class VersionResults:
    """Key figures of a version. Hours and minutes are sums over all people.

    `scheduled` of the `accepted` requests have a meeting, and `most` is the proven maximum, if known.
    `without` of `people` have no meeting. `idle_hours` are between two meetings of a person's day. `walks`
    are hall changes between consecutive meetings of a person's day, `walk_minutes` in total. `reasons` counts
    unscheduled requests by reason, most frequent first.
    """

    scheduled: int
    accepted: int
    most: int | None
    people: int
    without: int
    idle_hours: float
    walks: int
    walk_minutes: int
    reasons: Mapping[str, int]

    @property
    def missing(self) -> int:
        return self.accepted - self.scheduled


def get_results(session: Session, actor: Actor, number: int) -> VersionResults:
    """Return the key figures of a version. Raises NotFound. The number of queries is constant."""
    actor.require(Right.READ_VERSIONS)
    version = versions.get_version(session, actor.event_id, number)
    found = transitions.get_transitions(session, version)
    there = Attendee.event_id == actor.event_id, Attendee.withdrawn_at.is_(None)
    people = {int(person) for (person,) in split_text(rows_text(session, (Attendee.id,), *there))}
    reasons = unscheduled.count_by_reason(session, version.id)
    count = scheduled.count_scheduled(session, version.id)
    minutes = _walking(session, actor.event_id)
    return VersionResults(
        scheduled=count,
        accepted=count + sum(reasons.values()),
        most=version.meetings_bound,
        people=len(people),
        without=len(people - found.people),
        idle_hours=_idle_hours(session, actor.event_id, found),
        walks=sum(count for *_, count in found.walks),
        walk_minutes=sum(
            count * minutes.get(frozenset((one, other)), 0) for _, one, other, count in found.walks
        ),
        reasons=reasons,
    )


def _idle_hours(session: Session, event_id: int, found: Transitions) -> float:
    """Return the hours of slots between two meetings in which the person is available.

    Retired slots do not count.
    """
    slots = session.execute(select(Slot.position, Slot.id, Slot.start, Slot.end).where(Slot.of(event_id)))
    seconds = {position: (slot_id, (end - start).total_seconds()) for position, slot_id, start, end in slots}
    idle = sum(found.idle.get(position, 0) * length for position, (_, length) in seconds.items())
    for person, away in unavailable_slots.list_unavailable_slots(session, event_id).items():
        for position in found.free(person):
            slot_id, length = seconds.get(position, (0, 0.0))
            idle -= length if slot_id in away else 0.0
    return idle / 3600


def _walking(session: Session, event_id: int) -> dict[frozenset[int], int]:
    """Return walking minutes between halls."""
    rows = session.execute(
        select(WalkingTime.from_hall_id, WalkingTime.to_hall_id, WalkingTime.minutes)
        .join(Hall, Hall.id == WalkingTime.from_hall_id)
        .where(Hall.event_id == event_id)
    )
    return {frozenset((one, two)): minutes for one, two, minutes in rows}
