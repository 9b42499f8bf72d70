"""Meeting times meant by the cells of a row: day and hours, or slot keys."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from itertools import groupby
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from scheduler.i18n import gettext_lazy
from scheduler.services.spreadsheets.table import Row
from scheduler.services.spreadsheets.time_parsing import parse_dates, parse_moment
from scheduler.storage.models import Event, Slot


@dataclass(frozen=True, slots=True)
class EventTimes:
    """Meeting times of an event, in order, in its time zone."""

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
        """Number of slots in the longest block."""
        blocks = Counter(slot.block for slot in self.slots)
        return max(blocks.values(), default=0)

    def begin(self, slot: Slot) -> datetime:
        return slot.start.astimezone(self.zone)

    def end(self, slot: Slot) -> datetime:
        return slot.end.astimezone(self.zone)

    def of_row(self, row: Row) -> list[Slot]:
        """Return slots that overlap the row's `day`, `start` and `end`, each of which may be empty.

        Without a day, all days; without hours, the whole day. Reports a fault if there is none.
        """
        on = self.day(row)
        (first, start), (last, end) = (self._moment(row, column) for column in ("start", "end"))
        if row.is_wrong:
            return []
        if on is not None:
            for column, day in (("start", first), ("end", last)):
                if day not in (None, on):
                    row.fault(column, gettext_lazy("enter a time on the day of the row"))
            first = last = None
        found = [
            slot
            for slot in self.slots
            if (on is None or self.begin(slot).date() == on)
            and _overlaps((self.begin(slot), self.end(slot)), (first or last, start), (last or first, end))
        ]
        if row.is_wrong:
            return []
        if not found:
            row.fault(
                "start" if "start" in row.values else "day",
                gettext_lazy("the event has no slot at this time"),
            )
        return found

    def day(self, row: Row) -> date | None:
        """Return the row's day, one of the event's; None if empty or faulty."""
        text = row.values.get("day", "")
        found = parse_dates(text, self.days) & set(self.days) if text else set()
        if text and len(found) != 1:
            row.fault("day", self._no_day(text))
        return next(iter(found)) if len(found) == 1 else None

    def starts(self, row: Row, column: str) -> list[str] | None:
        """Return the slot keys in a cell, given by key or as `2026-05-19 09:00`; None for any."""
        wanted = row.several(column)
        if not wanted:
            return None
        by_name = {slot.key: slot.key for slot in self.slots}
        by_name |= {f"{self.begin(slot):%Y-%m-%d %H:%M}": slot.key for slot in self.slots}
        for name in wanted:
            if name not in by_name:
                row.fault(column, gettext_lazy("%(name)s is not a slot of this event", name=repr(name[:40])))
        chosen = {by_name[name] for name in wanted if name in by_name}
        return [slot.key for slot in self.slots if slot.key in chosen] or None

    def spans(self, slot_ids: Iterable[int]) -> list[tuple[str, str, str]]:
        """Return slots as rows of day, start and end. Consecutive slots are one row."""
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

    def _moment(self, row: Row, column: str) -> tuple[date | None, time | None]:
        """Return day and time of a cell: one of them, both as `2027-06-22 14:00`, or none."""
        text = row.values.get(column, "")
        found = parse_moment(text, self.days) if text else (set(), None)
        if found is None:
            row.fault(
                column,
                gettext_lazy("%(text)s is not a time of day; enter it like 09:00", text=repr(text[:40])),
            )
            return None, None
        days = found[0] & set(self.days)
        if found[0] and len(days) != 1:
            row.fault(column, self._no_day(text))
        return (next(iter(days)) if len(days) == 1 else None), found[1]

    def _no_day(self, text: str) -> str:
        return gettext_lazy(
            "%(text)s is not a day of this event; choose from %(named)s",
            text=repr(text[:40]),
            named=", ".join(day.isoformat() for day in self.days),
        )


def _overlaps(
    slot: tuple[datetime, datetime],
    start: tuple[date | None, time | None],
    end: tuple[date | None, time | None],
) -> bool:
    """Return True if a slot overlaps the span between two moments, whose days or hours may be open.

    Hours without days apply to each day; with a range of days, to the first and last.
    """
    begin, finish = slot
    (first, since), (last, until) = start, end
    if first is not None and last is not None and first != last:
        if not first <= begin.date() <= last:
            return False
        since = since if begin.date() == first else None
        until = until if begin.date() == last else None
    elif first is not None and begin.date() != first:
        return False
    is_late = since is None or finish.time() > since or finish.time() == time()
    return is_late and (until in (None, time()) or begin.time() < until)
