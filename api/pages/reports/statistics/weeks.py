"""Week chart of a person, firm or place: a column per day, a row per time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime, time
from typing import Final

from sqlalchemy.orm import Session

from api.language.catalogs import SOURCE
from api.language.speaking import gettext, ngettext, pgettext, reader, said
from api.pages import formatting
from api.pages.reports.statistics import charts
from api.pages.reports.statistics.drawing import Drawing
from api.pages.reports.statistics.gallery import DrawnTable, Figure
from scheduler.domain import names
from scheduler.i18n import join_texts, place_label, venue_label
from scheduler.services.exports.meeting_list import ListedMeeting
from scheduler.services.identity.actors import Actor
from scheduler.services.reports.statistics.weeks import WeekOwner, WeekRows, get_week
from scheduler.sheets.writers import Cell

ROW: Final = 26.0
LEFT, TOP = 60.0, 34.0
LETTER: Final = 6.4
"""Typical maximum width of a letter."""


def off_word(of: WeekOwner) -> str:
    """Return the label of a blocked time."""
    return (
        pgettext("of a place", "Closed") if of is WeekOwner.PLACE else pgettext("of a person", "Unavailable")
    )


def week(session: Session, actor: Actor, number: int, of: WeekOwner, key: str) -> Figure:
    """Return the week of a person, firm or place in a version. Raises NotFound."""
    found = get_week(session, actor, number, of, key, language=reader() or SOURCE)
    days = sorted({each.date() for each in found.starts})
    sentence = _sentence(found, of)
    title = gettext("Week of %(name)s", name=found.name)
    rows = _rows(found, of)
    header = (
        gettext("Day"),
        gettext("From"),
        gettext("Until"),
        gettext("Meeting"),
        gettext("Location"),
        gettext("Attendees"),
    )
    table = DrawnTable(header, rows)
    times = sorted({each.time() for each in found.starts})
    picture = Drawing("week", charts.WIDTH, TOP + ROW * len(times) + 8, title, sentence)
    if days:
        _draw(picture, found, days, times, of)
    if of is WeekOwner.FIRM:
        legend = [("h1", gettext("One meeting")), ("h2", gettext("Several at once"))]
    else:
        legend = [("h1", gettext("Meeting")), ("h0", off_word(of))]
    shown = picture if found.meetings or found.away else None
    return Figure(
        "week", title, sentence, shown, table, table, legend if shown else (), whose=(of.value, key)
    )


def _sentence(found: WeekRows, of: WeekOwner) -> str:
    if not found.meetings:
        return gettext("%(name)s has no meetings in this version.", name=found.name)
    by_day: dict[date, int] = defaultdict(int)
    for each in found.meetings:
        by_day[each.start.date()] += 1
    most = max(by_day, key=lambda day: (by_day[day], -day.toordinal()))
    count, days = len(found.meetings), len({start.date() for start in found.starts})
    said = ngettext(
        "%(num)s meeting on %(some)s of %(days)s days. Most on %(day)s: %(most)s.",
        "%(num)s meetings on %(some)s of %(days)s days. Most on %(day)s: %(most)s.",
        count,
        some=len(by_day),
        days=days,
        day=formatting.day_and_month(most),
        most=by_day[most],
    )
    if not found.away:
        return said
    off, all_times = len(found.away), len(found.starts)
    away = (
        gettext("Closed in %(off)s of %(all)s slots.", off=off, all=all_times)
        if of is WeekOwner.PLACE
        else gettext("Unavailable in %(off)s of %(all)s slots.", off=off, all=all_times)
    )
    return f"{said} {away}"


def _what(each: ListedMeeting, own: str | None) -> list[str]:
    """Return the name of the partner, or of both firms."""
    return [side.name for side in each.sides if side.key != own]


def _rows(found: WeekRows, of: WeekOwner) -> list[Sequence[Cell]]:
    """Return the meetings and blocked times in time order."""
    rows: list[tuple[datetime, list[Cell]]] = [
        (
            each.start,
            [
                *each.when,
                " × ".join(_what(each, found.own)),
                said(join_texts((place_label(each.place_name), venue_label(each.hall, each.hall_names)))),
                "; ".join(person for side in each.sides for person in side.people_names),
            ],
        )
        for each in found.meetings
    ]
    rows += [
        (start, [start.date().isoformat(), f"{start:%H:%M}", "", off_word(of), "", ""])
        for start in found.away
    ]
    return [row for _, row in sorted(rows, key=lambda each: each[0])]


def _draw(
    picture: Drawing, found: WeekRows, days: Sequence[date], times: Sequence[time], of: WeekOwner
) -> None:
    wide = (picture.width - LEFT) / len(days)
    for at, day in enumerate(days):
        picture.text(LEFT + wide * at + 4, 16, formatting.day_and_month(day), "ink", size=12.5)
    for at, moment in enumerate(times):
        y = TOP + ROW * at
        picture.path("axis", f"M{LEFT:.0f} {y:.1f}H{picture.width:.0f}")
        picture.text(LEFT - 8, y + 17, f"{moment:%H:%M}", anchor="end", size=11.5)
    there = {start: (days.index(start.date()), times.index(start.time())) for start in found.starts}
    letters = int((wide - 16) / LETTER)
    for start in sorted(found.away):
        _block(picture, there[start], wide, "h0", 1)
        _say(picture, there[start], wide, off_word(of), "soft")
    for start, found_then in _at_once(found).items():
        if start not in there:  # the venue no longer has that time
            continue
        begin = [each for each in found_then if each.start == start]
        if not begin:
            continue
        most = max(sum(each.start <= s < each.end for s in there) for each in begin)
        _block(picture, there[start], wide, "h1" if len(found_then) == 1 else "h2", most)
        said = "; ".join(" × ".join(map(names.short_form, _what(each, found.own))) for each in begin)
        said = f"{len(begin)}: {said}" if len(begin) > 1 else said
        _say(picture, there[start], wide, charts.cut(said, letters), "ink")


def _at_once(found: WeekRows) -> dict[datetime, list[ListedMeeting]]:
    """Return the meetings in progress at the start of each slot."""
    return {
        start: now
        for start in found.starts
        if (now := [each for each in found.meetings if each.start <= start < each.end])
    }


def _block(picture: Drawing, at: tuple[int, int], wide: float, look: str, slots: int) -> None:
    x, y = LEFT + wide * at[0] + 2, TOP + ROW * at[1] + 1.5
    across, down = wide - 4, ROW * slots - 3
    picture.path(look, f"M{x:.1f} {y:.1f}h{across:.1f}v{down:.1f}h-{across:.1f}z")


def _say(picture: Drawing, at: tuple[int, int], wide: float, words: str, look: str) -> None:
    picture.text(LEFT + wide * at[0] + 8, TOP + ROW * at[1] + 17, words, look, size=11.5)
