"""Week strips: a person's week as a small chart with the move of one meeting."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_datetime

from api.language import speaking
from api.language.speaking import gettext, pgettext, said
from scheduler.i18n import join_texts
from scheduler.services.directory.references import SlotRef
from scheduler.services.planning.change_review.reviewed_change import PersonWeek, TimeStatus

WIDTH, GAP, HEIGHT = 312.0, 7.0, 37
"""Width of the chart, gap between days, and height, in user units."""


@dataclass(frozen=True, slots=True)
class DayBox:
    """A day of the event: its position in the chart, and its hours."""

    day: date
    x: float
    width: float
    start: datetime
    scale: float
    """Units per second."""

    @property
    def name(self) -> str:
        return format_date(self.day, "EEEEEE", locale=speaking.locale())

    def at(self, moment: datetime) -> float:
        return self.x + (moment - self.start).total_seconds() * self.scale


@dataclass(frozen=True, slots=True)
class WeekStrip:
    """The paths of a chart, and its label. `ends` are crosses of cancelled meetings."""

    label: str
    days: str
    stays: str
    was: str
    comes: str
    arrow: str
    ends: str


def day_boxes(slots: Iterable[SlotRef], timezone: str) -> list[DayBox]:
    """Return the days with slots, with widths proportional to their lengths."""
    zone = ZoneInfo(timezone)
    spans: dict[date, tuple[datetime, datetime]] = {}
    for slot in slots:
        day = slot.start.astimezone(zone).date()
        start, end = spans.get(day, (slot.start, slot.end))
        spans[day] = min(start, slot.start), max(end, slot.end)
    seconds = sum((end - start).total_seconds() for start, end in spans.values())
    scale = (WIDTH - GAP * max(len(spans) - 1, 0) - 1) / (seconds or 1)
    boxes: list[DayBox] = []
    x = 0.5
    for day, (start, end) in sorted(spans.items()):
        width = (end - start).total_seconds() * scale
        boxes.append(DayBox(day, x, width, start, scale))
        x += width + GAP
    return boxes


def strip(week: PersonWeek, boxes: Sequence[DayBox], timezone: str, *, is_of_one: bool = True) -> WeekStrip:
    """Return the chart of a week, and its label for screen readers.

    `is_of_one`: all changes are of one meeting, so an arrow shows its move.
    """
    zone = ZoneInfo(timezone)
    at = {box.day: box for box in boxes}
    paths: dict[TimeStatus, list[str]] = {fate: [] for fate in TimeStatus}
    middle: dict[TimeStatus, float] = {}
    moments: dict[TimeStatus, list[str]] = {}
    pattern = pgettext("pattern of a date (CLDR)", "EEEE HH:mm")
    for time in week.times:
        box = at.get(time.start.astimezone(zone).date())
        if box is None:
            continue
        left, right = box.at(time.start), box.at(time.end)
        width = max(right - left - 0.8, 2.0)
        paths[time.status].append(_bar(left + 0.4, width, is_plain=time.status is TimeStatus.STAYS))
        middle[time.status] = (left + right) / 2
        moment = format_datetime(time.start.astimezone(zone), pattern, locale=speaking.locale())
        moments.setdefault(time.status, []).append(moment)
    moves = is_of_one and TimeStatus.WAS in middle and TimeStatus.COMES in middle
    ends = is_of_one and TimeStatus.WAS in middle and not moves
    return WeekStrip(
        label=_label(week, moments),
        days="".join(f"M{box.x:.1f} 13.5h{box.width:.1f}v15h-{box.width:.1f}z" for box in boxes),
        stays="".join(paths[TimeStatus.STAYS]),
        was="".join(paths[TimeStatus.WAS]),
        comes="".join(paths[TimeStatus.COMES]),
        arrow=_arrow(middle[TimeStatus.WAS], middle[TimeStatus.COMES]) if moves else "",
        ends=_cross(middle[TimeStatus.WAS]) if ends else "",
    )


def _label(week: PersonWeek, times: dict[TimeStatus, list[str]]) -> str:
    who = {"person": week.name, "firm": week.firm}
    at = {fate: said(join_texts(moments)) for fate, moments in times.items()}
    if TimeStatus.WAS in at and TimeStatus.COMES in at:
        times_of = {"was": at[TimeStatus.WAS], "comes": at[TimeStatus.COMES]}
        return gettext("%(person)s, %(firm)s: moves from %(was)s to %(comes)s", **who, **times_of)
    if TimeStatus.COMES in at:
        return gettext("%(person)s, %(firm)s: new meeting on %(comes)s", comes=at[TimeStatus.COMES], **who)
    if TimeStatus.WAS in at:
        return gettext("%(person)s, %(firm)s: no longer meets on %(was)s", was=at[TimeStatus.WAS], **who)
    return gettext("%(person)s, %(firm)s: same time", **who)


def _bar(x: float, width: float, *, is_plain: bool) -> str:
    top, height = (17, 8) if is_plain else (15, 12)
    return f"M{x:.1f} {top}h{width:.1f}v{height}h-{width:.1f}z"


def _arrow(start: float, end: float) -> str:
    return f"M{start:.1f} 29q{(end - start) / 2:.1f} 8 {end - start:.1f} 0"


def _cross(x: float) -> str:
    return f"M{x - 3:.1f} 18l6 6m0-6l-6 6"
