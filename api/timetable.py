"""An event's meeting times by day, for forms and lists."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from scheduler.storage.models import Event, Slot


@dataclass(frozen=True, slots=True)
class Day:
    """A day of the event's zone; `key` is its ISO date."""

    key: str
    slots: tuple[Slot, ...]


@dataclass(frozen=True, slots=True)
class Timetable:
    """`longest` is the most slots in a row; `minutes` are those of a slot, None if slots differ."""

    days: tuple[Day, ...]
    longest: int
    minutes: int | None

    def only(self, keys: Collection[str]) -> tuple[Day, ...]:
        """The days that have some of these slots, with those alone."""
        wanted = set(keys)
        days = (Day(day.key, tuple(slot for slot in day.slots if slot.key in wanted)) for day in self.days)
        return tuple(day for day in days if day.slots)

    def is_whole(self, day: Day) -> bool:
        """Whether a day from `only` has every slot that it has in the event."""
        return any(day == other for other in self.days)

    def duration(self, length: int) -> str:
        """How long a meeting of `length` slots is, in words."""
        slots = "1 slot" if length == 1 else f"{length} slots"
        return f"{length * self.minutes} minutes" if self.minutes else slots


def timetable(db: Session, event_id: int) -> Timetable:
    event = db.get_one(Event, event_id)
    slots = db.scalars(select(Slot).where(Slot.event_id == event_id).order_by(Slot.position)).all()
    zone = ZoneInfo(event.timezone)

    def day_of(slot: Slot) -> date:
        return slot.start.astimezone(zone).date()

    days = tuple(Day(day.isoformat(), tuple(group)) for day, group in groupby(slots, day_of))
    blocks = [len(list(group)) for _, group in groupby(slots, lambda slot: slot.block)]
    return Timetable(days, max(blocks, default=1), _minutes(slots))


def _minutes(slots: Sequence[Slot]) -> int | None:
    lengths = {(slot.end - slot.start).total_seconds() / 60 for slot in slots}
    return int(lengths.pop()) if len(lengths) == 1 else None
