"""VTIMEZONE definitions, identical in all emails and feeds of an event and valid for the years around it.

Clients cache a definition by TZID and use the first one they receive. A definition valid only on the day of
its meeting would shift the meetings of other emails across a clock change.
"""

from __future__ import annotations

import calendar
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import pairwise
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from icalendar import Timezone, TimezoneDaylight, TimezoneStandard, vRecur

from scheduler.invites.ical.content import find_zone

_BEGINNING: Final = 1970
"""First year of the definitions, as in most software."""
_AHEAD: Final = 20
"""Years after an event that the clocks must follow one rule for an RRULE to be written."""
_STEP: Final = timedelta(days=7)
"""No zone changes its offset twice within this span."""


def vtimezone(name: str, first: datetime, last: datetime) -> bytes:
    """Return the VTIMEZONE of an IANA zone, valid from the year before `first` to the year after `last`.

    Both are aware. It is identical for all times within these years. If the zone follows one rule throughout,
    it is identical for all years, as STANDARD and DAYLIGHT with rules, as other software writes it.
    """
    zone = find_zone(name)
    return _defined(name, first.astimezone(zone).year, last.astimezone(zone).year)


def same_offset(name: str, first: datetime, last: datetime) -> bool:
    """Return True if a zone has the same offset at both moments, so that one observance covers both."""
    zone = find_zone(name)
    return _offset(first.astimezone(zone)) == _offset(last.astimezone(zone))


class _Observance(NamedTuple):
    """An observance. `onset` is in local time before the change, and repeats yearly if there is a rule."""

    onset: datetime
    before: timedelta
    after: timedelta
    is_daylight: bool
    abbreviation: str
    rule: tuple[int, int, int] | None = None
    """Month, weekday (Monday is 0), and ordinal within the month: 1 is the first, -1 the last."""


@lru_cache(maxsize=1024)
def _defined(name: str, first: int, last: int) -> bytes:
    zone = find_zone(name)
    start, end = (datetime(year, 1, 1, tzinfo=UTC) for year in (first - 1, last + 2))
    near = tuple(_changes(zone, start, end))
    if not near:
        return _render(name, (_beginning(zone, start, is_alone=True),))
    yearly = _yearly(tuple(_changes(zone, start, datetime(last + _AHEAD, 1, 1, tzinfo=UTC))))
    return _render(name, yearly or (_beginning(zone, start, is_alone=False), *near))


def _beginning(zone: ZoneInfo, start: datetime, *, is_alone: bool) -> _Observance:
    local, onset = start.astimezone(zone), datetime(_BEGINNING, 1, 1)  # noqa: DTZ001 - local time (RFC 5545 3.6.5)
    # A single observance is a zone that never changes, which clients expect as STANDARD.
    is_daylight = bool(local.dst()) and not is_alone
    return _Observance(onset, _offset(local), _offset(local), is_daylight, local.tzname() or "")


def _changes(zone: ZoneInfo, moment: datetime, end: datetime) -> Iterator[_Observance]:
    while moment < end:
        following = min(moment + _STEP, end)
        before, after = moment.astimezone(zone), following.astimezone(zone)
        if _offset(before) != _offset(after):
            onset = (_first_other(zone, moment, following) + _offset(before)).replace(tzinfo=None)
            yield _Observance(onset, _offset(before), _offset(after), bool(after.dst()), after.tzname() or "")
        moment = following


def _yearly(changes: Sequence[_Observance]) -> tuple[_Observance, ...]:
    """Return the two yearly observances that describe all changes, or nothing if they follow no rule.

    DAYLIGHT is the one with the greater offset, even where the law defines winter time as the exception.
    """
    found = []
    for start in (0, 1):
        these = changes[start::2]
        rule = _rule_of([each.onset for each in these])
        kinds = {(each.before, each.after, each.abbreviation, each.onset.time()) for each in these}
        years = [each.onset.year for each in these]
        if rule is None or len(kinds) != 1 or any(later != year + 1 for year, later in pairwise(years)):
            return ()
        one = these[0]
        onset = datetime.combine(_day_of(_BEGINNING, *rule), one.onset.time())
        found.append(one._replace(onset=onset, is_daylight=one.after > one.before, rule=rule))
    return tuple(sorted(found, key=lambda each: each.onset))


def _rule_of(onsets: Sequence[datetime]) -> tuple[int, int, int] | None:
    """Return the (month, weekday, ordinal) that all onsets share, or None."""
    days = {(onset.month, onset.weekday()) for onset in onsets}
    if len(days) != 1:
        return None
    ((month, weekday),) = days
    for which in (-1, 1, 2, 3, 4):
        if all(_day_of(onset.year, month, weekday, which).day == onset.day for onset in onsets):
            return month, weekday, which
    return None


def _day_of(year: int, month: int, weekday: int, which: int) -> datetime:
    first, length = calendar.monthrange(year, month)
    days = range(1 + (weekday - first) % 7, length + 1, 7)
    return datetime(year, month, days[which - 1 if which > 0 else which])  # noqa: DTZ001 - local time


def _first_other(zone: ZoneInfo, low: datetime, high: datetime) -> datetime:
    offset = _offset(low.astimezone(zone))
    while high - low > timedelta(seconds=1):
        middle = (low + (high - low) / 2).replace(microsecond=0)
        if _offset(middle.astimezone(zone)) == offset:
            low = middle
        else:
            high = middle
    return high


def _offset(moment: datetime) -> timedelta:
    return moment.utcoffset() or timedelta(0)


def _render(name: str, observances: Sequence[_Observance]) -> bytes:
    component = Timezone()
    component.add("TZID", name)
    for each in observances:
        part = TimezoneDaylight() if each.is_daylight else TimezoneStandard()
        part.add("DTSTART", each.onset)
        if each.rule:
            month, weekday, which = each.rule
            day = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")[weekday]
            part.add("RRULE", vRecur(FREQ="YEARLY", BYMONTH=month, BYDAY=f"{which}{day}"))
        part.add("TZOFFSETFROM", each.before)
        part.add("TZOFFSETTO", each.after)
        part.add("TZNAME", each.abbreviation)
        component.add_component(part)
    rendered: bytes = component.to_ical()
    return rendered
