"""Hall load: simultaneous meetings in each hall by slot."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased

from scheduler.i18n import venue_label
from scheduler.services.identity.actors import Actor
from scheduler.services.identity.rights import Right
from scheduler.services.schedule import versions
from scheduler.services.schedule.scheduled import only_scheduled
from scheduler.storage.cache.cache_keys import accepted_requests_digest, venue_digest
from scheduler.storage.cache.cached_statistics import cached_statistic
from scheduler.storage.models import Event, Hall, Place, PlannedMeeting, ScheduleVersion, Slot


@dataclass(frozen=True, slots=True)
class HallLoad:
    """Simultaneous meetings.

    `starts` are the slots' start times in the event's time zone; `counts` is by hall and slot number.
    """

    halls: Sequence[str]
    starts: Sequence[datetime]
    counts: Mapping[tuple[int, int], int]

    @property
    def fullest(self) -> tuple[int, int] | None:
        """Hall and slot with the most simultaneous meetings, the first of several."""
        cells = [(-count, slot, hall) for (hall, slot), count in self.counts.items()]
        return (min(cells)[2], min(cells)[1]) if cells else None


def get_hall_load(session: Session, actor: Actor, number: int) -> HallLoad:
    """Return the hall load of a version. Longer meetings count in each of their slots. Runs eight queries.

    Raises NotFound.
    """
    actor.require(Right.READ_VERSIONS)
    version = versions.get_version(session, actor.event_id, number)
    zone = ZoneInfo(session.get_one(Event, actor.event_id).timezone)
    follows = [venue_digest(session, actor.event_id), accepted_requests_digest(session, actor.event_id)]
    held = cached_statistic(session, version, "load", follows, lambda: _rows(session, version))
    used = {position for row in held for position in range(row[1], row[2] + 1)}
    query = select(Slot.position, Slot.start, Slot.is_retired).where(Slot.event_id == actor.event_id)
    slots = [
        (position, start)
        for position, start, is_retired in session.execute(query.order_by(Slot.position))
        if not is_retired or position in used
    ]
    rows = session.execute(
        select(Hall.id, Hall.name, Hall.names).where(Hall.event_id == actor.event_id).order_by(Hall.position)
    ).all()
    hall_at = {hall_id: at for at, (hall_id, *_) in enumerate(rows)}
    slot_at = {position: at for at, (position, _) in enumerate(slots)}
    counts: Counter[tuple[int, int]] = Counter()
    for hall_id, begins, ends, count in held:
        for position in range(begins, ends + 1):
            if position in slot_at:
                counts[hall_at[hall_id], slot_at[position]] += count
    return HallLoad(
        [venue_label(name, names) for _, name, names in rows],
        [start.astimezone(zone) for _, start in slots],
        counts,
    )


def _rows(session: Session, version: ScheduleVersion) -> list[list[int]]:
    """Return hall, first and last slot position, and number of meetings."""
    first, last = aliased(Slot), aliased(Slot)
    at = (
        select(Place.hall_id, first.position, last.position, func.count())
        .select_from(PlannedMeeting)
        .join(Place, Place.id == PlannedMeeting.place_id)
        .join(first, first.id == PlannedMeeting.slot_id)
        .join(last, last.id == PlannedMeeting.last_slot_id)
        .group_by(Place.hall_id, first.position, last.position)
    )
    return [list(row) for row in session.execute(only_scheduled(at, version.id))]
