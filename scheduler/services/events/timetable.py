"""An event's slots by day, for forms and lists."""

from __future__ import annotations

from collections.abc import Collection, Sequence, Set
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from scheduler.i18n import gettext_lazy, ngettext_lazy
from scheduler.services.directory.references import SlotRef, load_slots
from scheduler.services.identity.actors import Actor
from scheduler.services.identity.rights import Right
from scheduler.storage.cache.cache_keys import new_digest
from scheduler.storage.cache.memoization import memoize
from scheduler.storage.models import Event


@dataclass(frozen=True, slots=True)
class Day:
    """A day in the event's time zone. `key` is its ISO date."""

    key: str
    slots: tuple[SlotRef, ...]


@dataclass(frozen=True, slots=True)
class Timetable:
    """Slots by day. `minutes[n - 1]` are the possible durations of a meeting of n slots, with changeovers."""

    days: tuple[Day, ...]
    minutes: tuple[tuple[int, ...], ...]

    @property
    def longest(self) -> int:
        """Maximum number of consecutive slots."""
        return max(len(self.minutes), 1)

    def only(self, keys: Collection[str]) -> tuple[Day, ...]:
        """Return the days that have any of these slots, with those slots only."""
        wanted = set(keys)
        days = (Day(day.key, tuple(slot for slot in day.slots if slot.key in wanted)) for day in self.days)
        return tuple(day for day in days if day.slots)

    def count_by_day(self, keys: Set[str]) -> tuple[int, ...]:
        """Return how many slots of each day are among `keys`."""
        return tuple(sum(slot.key in keys for slot in day.slots) for day in self.days)

    def is_whole(self, day: Day) -> bool:
        """Return True if a day from `only` has all its slots of the event."""
        return any(day == other for other in self.days)

    def duration(self, length: int) -> str:
        """Return the duration of a meeting of `length` slots as text."""
        if not 1 <= length <= len(self.minutes):
            return ngettext_lazy("%(num)s slot", "%(num)s slots", length)
        shortest, longest = self.minutes[length - 1][0], self.minutes[length - 1][-1]
        if shortest == longest:
            return ngettext_lazy("%(num)s minute", "%(num)s minutes", shortest)
        return gettext_lazy("%(shortest)s to %(longest)s minutes", shortest=shortest, longest=longest)


def get_timetable(session: Session, actor: Actor) -> Timetable:
    """Return the slots of the actor's event by day."""
    actor.require(Right.READ_EVENT)
    event = session.get_one(Event, actor.event_id)
    slots = load_slots(session, event.id)
    mark = new_digest(slots.fingerprint, event.timezone)
    return memoize("timetable", mark, lambda: _of_slots(list(slots.by_id.values()), event.timezone))


def _of_slots(slots: Sequence[SlotRef], timezone: str) -> Timetable:
    zone = ZoneInfo(timezone)

    def day_of(slot: SlotRef) -> date:
        return slot.start.astimezone(zone).date()

    days = tuple(Day(day.isoformat(), tuple(group)) for day, group in groupby(slots, day_of))
    return Timetable(days, _minutes(slots))


def _minutes(slots: Sequence[SlotRef]) -> tuple[tuple[int, ...], ...]:
    """Return the minutes from the first start to the last end, by number of slots, as calendars show them."""
    blocks = [list(group) for _, group in groupby(slots, lambda slot: slot.block)]
    longest = max((len(block) for block in blocks), default=0)
    return tuple(
        tuple(
            sorted(
                {
                    round((block[i + length].end - block[i].start).total_seconds() / 60)
                    for block in blocks
                    for i in range(len(block) - length)
                }
            )
        )
        for length in range(longest)
    )
