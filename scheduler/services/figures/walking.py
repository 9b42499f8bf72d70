"""How much people walk from hall to hall, by the hour in which the meeting begins that they walk to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from scheduler.services.access.actors import Actor
from scheduler.services.access.rights import Right
from scheduler.services.schedule import versions
from scheduler.storage.models import Event, Hall, Place, PlannedAttendee, PlannedMeeting, Slot, WalkingTime


@dataclass(frozen=True, slots=True)
class WalkHour:
    """Walks of people to a meeting that begins in this hour of any day, and their minutes on foot in all."""

    hour: int
    walks: int
    minutes: int


def walking(session: Session, actor: Actor, number: int) -> Sequence[WalkHour]:
    """Those of a version, by hour of the venue's clock. A walk is between two meetings of a person and day.

    Four queries. Raises NotFound.
    """
    actor.require(Right.READ_VERSIONS)
    version = versions.get(session, actor.event_id, number)
    zone = ZoneInfo(session.get_one(Event, actor.event_id).timezone)
    steps = (
        select(
            Slot.start.label("start"),
            func.lag(Slot.start, type_=Slot.start.type)
            .over(partition_by=PlannedAttendee.attendee_id, order_by=Slot.position)
            .label("before"),
            Place.hall_id.label("hall_id"),
            func.lag(Place.hall_id)
            .over(partition_by=PlannedAttendee.attendee_id, order_by=Slot.position)
            .label("from_hall_id"),
        )
        .select_from(PlannedAttendee)
        .join(PlannedMeeting, PlannedMeeting.id == PlannedAttendee.meeting_id)
        .join(Slot, Slot.id == PlannedMeeting.slot_id)
        .join(Place, Place.id == PlannedMeeting.place_id)
        .where(PlannedMeeting.version_id == version.id)
        .subquery()
    )
    rows = session.execute(
        select(steps.c.start, steps.c.before, steps.c.from_hall_id, steps.c.hall_id, func.count())
        .where(steps.c.from_hall_id != steps.c.hall_id)
        .group_by(steps.c.start, steps.c.before, steps.c.from_hall_id, steps.c.hall_id)
    )
    times = session.execute(
        select(WalkingTime.from_hall_id, WalkingTime.to_hall_id, WalkingTime.minutes)
        .join(Hall, Hall.id == WalkingTime.from_hall_id)
        .where(Hall.event_id == actor.event_id)
    )
    minutes = {frozenset((one, other)): each for one, other, each in times}
    found: dict[int, list[int]] = defaultdict(lambda: [0, 0])
    for start, before, from_hall, hall, count in rows:
        begins = start.astimezone(zone)
        if before.astimezone(zone).date() == begins.date():
            found[begins.hour][0] += count
            found[begins.hour][1] += count * minutes.get(frozenset((from_hall, hall)), 0)
    return [WalkHour(hour, *found[hour]) for hour in sorted(found)]
