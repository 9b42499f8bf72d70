"""Day strips of the venue page: days as rows of cells, and a table's slots as shapes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import time
from math import gcd
from zoneinfo import ZoneInfo

from api.language.speaking import gettext, ngettext, pgettext
from scheduler.services.venue.days import SlotSpan, VenueDay, VenueDays
from scheduler.services.venue.venue import VenuePlace

HOUR = 60


@dataclass(frozen=True, slots=True)
class DayCell:
    """A segment of a day: its kind (open, break, special, none), its text, and its width in columns."""

    kind: str
    text: str
    columns: int


@dataclass(frozen=True, slots=True)
class DayStrip:
    """The segments of a day, which together span all columns of the table."""

    day: VenueDay
    cells: tuple[DayCell, ...]


@dataclass(frozen=True, slots=True)
class DayStrips:
    """The days as rows of a table: hours with their width in columns, and a row per day."""

    hours: tuple[tuple[str, int], ...]
    rows: tuple[DayStrip, ...]

    @property
    def columns(self) -> int:
        return sum(width for _, width in self.hours)


def day_strips(days: VenueDays, timezone: str) -> DayStrips:
    """Return the table of days. A column is the greatest common divisor of all times, in minutes."""
    zone = ZoneInfo(timezone)
    pieces = [(day, list(_pieces(day, zone))) for day in days.days]
    edges = [minute for _, found in pieces for start, end, _, _ in found for minute in (start, end)]
    if not edges:
        return DayStrips((), ())
    first, last = min(edges) // HOUR * HOUR, -(-max(edges) // HOUR) * HOUR
    unit = gcd(HOUR, *edges)
    hours = tuple((f"{hour // HOUR:02}", HOUR // unit) for hour in range(first, last, HOUR))
    return DayStrips(
        hours, tuple(DayStrip(day, tuple(_cells(found, first, last, unit))) for day, found in pieces)
    )


def _pieces(day: VenueDay, zone: ZoneInfo) -> Iterator[tuple[int, int, str, str]]:
    """Yield start and end in minutes of the day, kind, and text."""
    for slot in day.slots:
        start, end = slot.start.astimezone(zone), slot.end.astimezone(zone)
        yield (
            _minute(start.time()),
            _minute(end.time()) or 24 * HOUR,
            "open",
            gettext("%(time)s open", time=f"{start:%H:%M}"),
        )
    for pause in day.plan.pauses:
        kind = pause.kind.value
        yield _minute(pause.start), _minute(pause.end), kind, pause.name or gettext("Break")


def _cells(
    pieces: Sequence[tuple[int, int, str, str]], first: int, last: int, unit: int
) -> Iterator[DayCell]:
    at = first
    for start, end, kind, text in sorted(pieces):
        if start > at:
            yield DayCell("none", "", (start - at) // unit)
        if end > at:
            yield DayCell(kind, text, (end - max(start, at)) // unit)
            at = end
    if at < last:
        yield DayCell("none", pgettext("of a time", "closed"), (last - at) // unit)


def _minute(at: time) -> int:
    return at.hour * HOUR + at.minute


@dataclass(frozen=True, slots=True)
class PlaceDay:
    """The slots of a table on a day, as SVG paths (150 by 18 units) by state, and as text."""

    used: str
    free: str
    shut: str
    words: str


def place_days(place: VenuePlace, days: VenueDays) -> list[PlaceDay]:
    """Return the slots of a table or booth by day."""
    return [_place_day(place, day.slots) for day in days.days if day.slots]


WIDTH, GAP = 150.0, 2.0


def _place_day(place: VenuePlace, slots: Sequence[SlotSpan]) -> PlaceDay:
    step = WIDTH / len(slots)
    paths = {"used": "", "free": "", "shut": ""}
    counts = dict.fromkeys(paths, 0)
    for number, slot in enumerate(slots):
        state = "used" if slot.key in place.used else "shut" if slot.key in place.closed else "free"
        counts[state] += 1
        paths[state] += f"M{number * step:.1f} 3h{step - GAP:.1f}v12h-{step - GAP:.1f}z"
    used, shut = counts["used"], counts["shut"]
    words = ngettext("%(used)s of %(num)s slot used", "%(used)s of %(num)s slots used", len(slots), used=used)
    if shut:
        words = gettext("%(words)s, %(count)s closed", words=words, count=shut)
    return PlaceDay(paths["used"], paths["free"], paths["shut"], words)
