"""Walking between halls, by the hour in which the next meeting starts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from scheduler.services.identity.actors import Actor
from scheduler.services.identity.rights import Right
from scheduler.services.reports.statistics.transitions import get_transitions
from scheduler.services.schedule import versions
from scheduler.storage.models import Event, Hall, Slot, WalkingTime


@dataclass(frozen=True, slots=True)
class WalkHour:
    """Walks to meetings that start in this hour of any day, and their total minutes."""

    hour: int
    walks: int
    minutes: int


def count_walks(session: Session, actor: Actor, number: int) -> Sequence[WalkHour]:
    """Return the walks of a version, by hour at the venue. A walk links two meetings of a person's day.

    Runs eight queries. Raises NotFound.
    """
    actor.require(Right.READ_VERSIONS)
    version = versions.get_version(session, actor.event_id, number)
    zone = ZoneInfo(session.get_one(Event, actor.event_id).timezone)
    found = get_transitions(session, version)
    starts = session.execute(select(Slot.position, Slot.start).where(Slot.event_id == actor.event_id))
    hours = {position: start.astimezone(zone).hour for position, start in starts}
    times = session.execute(
        select(WalkingTime.from_hall_id, WalkingTime.to_hall_id, WalkingTime.minutes)
        .join(Hall, Hall.id == WalkingTime.from_hall_id)
        .where(Hall.event_id == actor.event_id)
    )
    minutes = {frozenset((one, other)): each for one, other, each in times}
    sums: dict[int, list[int]] = defaultdict(lambda: [0, 0])
    for position, one, other, count in found.walks:
        sums[hours[position]][0] += count
        sums[hours[position]][1] += count * minutes.get(frozenset((one, other)), 0)
    return [WalkHour(hour, *sums[hour]) for hour in sorted(sums)]
