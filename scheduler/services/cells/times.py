"""Which meeting times the cells of a row mean: a day and hours as people write them, or keys of slots."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import groupby
from typing import Final
from zoneinfo import ZoneInfo

from babel import Locale
from sqlalchemy import select
from sqlalchemy.orm import Session

from scheduler.saying import say
from scheduler.services.cells.table import Row
from scheduler.storage.models import Event, Slot

_CLOCK: Final = re.compile(r"(\d{1,2})(?:[:.h点时：](\d{2})?(?::\d{2})?)?\s*(am|pm)?", re.IGNORECASE)
_NUMBER: Final = re.compile(r"0?[.,]\d+|\d{5}(?:[.,]\d+)?")
_SERIALS: Final = date(1899, 12, 30)
"""From which Excel counts days."""
_FIRST_SERIAL, _LAST_SERIAL = 36_526, 73_050
"""Of the years 2000 to 2099."""
_MONTHS_IN: Final = ("en", "hu", "de")


@dataclass(frozen=True, slots=True)
class EventTimes:
    """The meeting times of an event, in time order, in its own zone."""

    slots: Sequence[Slot]
    zone: ZoneInfo

    @classmethod
    def load(cls, session: Session, event_id: int) -> EventTimes:
        slots = session.scalars(select(Slot).where(Slot.of(event_id)).order_by(Slot.position)).all()
        return cls(slots, ZoneInfo(session.get_one(Event, event_id).timezone))

    @property
    def days(self) -> list[date]:
        return sorted({self.begin(slot).date() for slot in self.slots})

    @property
    def longest(self) -> int:
        """The most slots of a block."""
        blocks = Counter(slot.block for slot in self.slots)
        return max(blocks.values(), default=0)

    def begin(self, slot: Slot) -> datetime:
        return slot.start.astimezone(self.zone)

    def end(self, slot: Slot) -> datetime:
        return slot.end.astimezone(self.zone)

    def of_row(self, row: Row) -> list[Slot]:
        """The slots that overlap the times of a row: `day`, `start` and `end`, each of which may be empty.

        A row without a day means all days, and one without hours all of the day. Without any slot it gets a
        fault.
        """
        on = self.day(row)
        start, end = (self._clock(row, column) for column in ("start", "end"))
        if row.is_wrong:
            return []
        found = [
            slot
            for slot in self.slots
            if (on is None or self.begin(slot).date() == on)
            and (start is None or self.end(slot).time() > start or self.end(slot).time() == time())
            and (end in (None, time()) or self.begin(slot).time() < end)
        ]
        if not found:
            row.fault(
                "start" if "start" in row.values else "day", say("no meeting time of the event is then")
            )
        return found

    def day(self, row: Row) -> date | None:
        """The day of a row, one of the event's; None if it is empty, or has a fault."""
        text = row.values.get("day", "")
        odd = made_by_excel(text)
        found = {day for day in self.days if day in readings(text, self.days)} if text and not odd else set()
        if text and len(found) != 1:
            named = ", ".join(day.isoformat() for day in self.days)
            row.fault(
                "day",
                odd
                or say(
                    "%(text)s is not a day of this event; they are %(named)s",
                    text=repr(text[:40]),
                    named=named,
                ),
            )
        return next(iter(found)) if len(found) == 1 else None

    def starts(self, row: Row, column: str) -> list[str] | None:
        """The keys of slots that a cell lists, by their key or as `2026-05-19 09:00`; None for any."""
        by_name = {slot.key: slot.key for slot in self.slots}
        by_name |= {f"{self.begin(slot):%Y-%m-%d %H:%M}": slot.key for slot in self.slots}
        wanted = row.several(column)
        for name in wanted:
            if name not in by_name:
                row.fault(column, say("%(name)s is not a meeting time of this event", name=repr(name[:40])))
        chosen = {by_name[name] for name in wanted if name in by_name}
        return [slot.key for slot in self.slots if slot.key in chosen] or None

    def spans(self, slot_ids: Iterable[int]) -> list[tuple[str, str, str]]:
        """Slots as rows: the day, and from when to when. Those that follow each other are one row."""
        wanted = set(slot_ids)
        numbered = [(at, slot) for at, slot in enumerate(self.slots) if slot.id in wanted]
        found = []
        for _, group in groupby(
            enumerate(numbered), lambda item: (item[1][0] - item[0], self.begin(item[1][1]).date())
        ):
            chosen = [slot for _, (_, slot) in group]
            begin, end = self.begin(chosen[0]), self.end(chosen[-1])
            found.append((begin.date().isoformat(), f"{begin:%H:%M}", f"{end:%H:%M}"))
        return found

    def _clock(self, row: Row, column: str) -> time | None:
        text = row.values.get(column, "")
        found = clock(text) if text else None
        if text and found is None:
            usual = say("%(text)s is not a time of day: write it as 09:00", text=repr(text[:40]))
            row.fault(column, made_by_excel(text) or usual)
        return found


def made_by_excel(text: str) -> str | None:
    """What to say of a number that a spreadsheet program shows as a time or a date; None for other texts."""
    if not _NUMBER.fullmatch(text.strip()):
        return None
    value = float(text.replace(",", "."))
    if 0 < value < 1:
        minutes = round(value * 24 * 60) % (24 * 60)
        meant = f"{minutes // 60:02}:{minutes % 60:02}"
    elif _FIRST_SERIAL <= value <= _LAST_SERIAL:
        meant = (_SERIALS + timedelta(days=int(value))).isoformat()
    else:
        return None
    return say(
        "%(text)s is a number that Excel made of %(meant)s: format the column as text, and write it so",
        text=repr(text[:40]),
        meant=meant,
    )


def clock(text: str) -> time | None:
    """A time of day as people write it, or None if it is none."""
    match = _CLOCK.fullmatch(text.strip())
    if match is None:
        return None
    hour, minute = int(match[1]), int(match[2] or 0)
    if match[3]:
        hour = hour % 12 + (12 if match[3].lower() == "pm" else 0)
    return time(hour, minute) if hour < 24 and minute < 60 else None


def readings(text: str, days: Sequence[date] = ()) -> set[date]:
    """The days that a text may mean: with a year in any order, or a month and a day of one of `days`."""
    numbers = [int(number) for number in re.findall(r"\d{1,4}", text.partition("T")[0])[:3]]
    month = _month(text)
    if month is not None:
        numbers.insert(1, month)
    found: set[date] = set()
    if len(numbers) >= 3:
        first, second, third = numbers[:3]
        orders = ((first, second, third), (third, second, first), (third, first, second))
        found |= {day for order in orders if (day := _date(*order)) is not None}
    elif len(numbers) == 2:
        pair = set(numbers)
        found |= {day for day in days if (day.month, day.day) == tuple(numbers)}
        found |= {day for day in days if {day.month, day.day} == pair and not found}
    elif len(numbers) == 1:
        found |= {day for day in days if day.day == numbers[0]}
    return found


def _date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day) if year > 1900 else None
    except ValueError:
        return None


def _month(text: str) -> int | None:
    words = set(re.findall(r"[^\W\d_]{3,}", text.casefold()))
    for language in _MONTHS_IN:
        for width in ("wide", "abbreviated"):
            for number, name in Locale(language).months["format"][width].items():
                if name.casefold().rstrip(".") in words:
                    return int(number)
    return None
