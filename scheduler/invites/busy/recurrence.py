"""Recurrence rules (RFC 5545 3.3.10), expanded within a window and a step budget.

dateutil is not used: it starts at the first instance, and a rule that never matches (30 February) keeps it
busy up to the year 9999. This code starts at the window and counts each step, at most 500,000 per calendar. A
recurrence bomb is therefore rejected at the same point on any machine, even if it yields nothing. Hourly,
minutely and secondly rules are rejected. The tests compare the results with dateutil.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import product
from typing import Final

from scheduler.i18n import gettext_lazy
from scheduler.invites.busy.model import StepBudget, UnusableCalendar

_WEEKDAYS: Final = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_BY_DAY: Final = re.compile(r"([+-]?\d{1,2})?(MO|TU|WE|TH|FR|SA|SU)")
_RANGES: Final = {
    "BYMONTH": 12,
    "BYWEEKNO": 53,
    "BYYEARDAY": 366,
    "BYMONTHDAY": 31,
    "BYHOUR": 23,
    "BYMINUTE": 59,
    "BYSECOND": 60,
    "BYSETPOS": 366,
}
_FREQUENCIES: Final = ("DAILY", "WEEKLY", "MONTHLY", "YEARLY")
_TOO_OFTEN: Final = ("SECONDLY", "MINUTELY", "HOURLY")
_PARTS: Final = {*_RANGES, "FREQ", "INTERVAL", "COUNT", "UNTIL", "BYDAY", "WKST"}
_FAR: Final = 10**6
MAX_RULE: Final = 8 * 1024
"""In characters. A rule that lists every possible value is shorter."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecurrenceRule:
    """A recurrence rule with a frequency of a day or longer. `until` is the text of UNTIL.

    Weekdays are numbered from Monday, 0.
    """

    frequency: str
    interval: int = 1
    count: int | None = None
    until: str = ""
    week_start: int = 0
    by_day: frozenset[tuple[int, int]] = frozenset()
    """(ordinal, weekday) pairs. Ordinal 0 means every such weekday."""
    by: dict[str, frozenset[int]]
    """Values of the other BY parts present, by name."""


def parse_rule(text: str) -> RecurrenceRule:
    """Parse the value of an RRULE.

    Raises ValueError if it is invalid, UnusableCalendar if it repeats too often.
    """
    if len(text) > MAX_RULE:
        raise ValueError(text[:80])
    parts = dict(part.partition("=")[::2] for part in text.strip().strip(";").upper().split(";"))
    frequency = parts.get("FREQ", "")
    if frequency in _TOO_OFTEN:
        raise UnusableCalendar(
            gettext_lazy(
                "The calendar has an event that repeats every hour or more often. Remove it and try again."
            )
        )
    if frequency not in _FREQUENCIES or not parts.keys() <= _PARTS:
        raise ValueError(text[:80])
    return RecurrenceRule(
        frequency=frequency,
        interval=_whole(parts.get("INTERVAL", "1"), 1, _FAR),
        count=_whole(parts["COUNT"], 1, None) if "COUNT" in parts else None,
        until=parts.get("UNTIL", ""),
        week_start=_WEEKDAYS.index(parts.get("WKST", "MO")),
        by_day=frozenset(_weekday(each) for each in _listed(parts, "BYDAY")),
        by={
            name: frozenset(_whole(each, -most, most) for each in _listed(parts, name))
            for name, most in _RANGES.items()
            if name in parts
        },
    )


def occurrences(
    rule: RecurrenceRule,
    start: datetime,
    first: datetime,
    last: datetime,
    until: datetime | None,
    budget: StepBudget,
) -> Iterator[datetime]:
    """Yield the instances from `first` to `last`, both inclusive, in time order. Times are naive and local.

    Expansion starts at the window, or at `start` if the rule has a COUNT. Every day examined, every candidate
    time, and every BYSETPOS position or time of day costs a step of the budget.
    """
    last = min(last, until) if until else last
    left = rule.count
    position = 0 if left is not None else max(0, _position(rule, start, first) - 1)
    days_of, keep = _PERIODS[rule.frequency], _Filter(rule, start)
    times, positions = _times(rule, start, budget), len(rule.by.get("BYSETPOS", ()))
    while True:
        days = days_of(rule, start, position)
        if days is None or datetime.combine(days[0], time.min) > last:
            return
        budget.spend(len(days) + positions)
        kept = [day for day in days if keep(day)]
        budget.spend(len(kept) * len(times))
        for moment in _chosen(rule, [datetime.combine(day, at) for day in kept for at in times]):
            if moment < start:
                continue
            if moment > last or left == 0:
                return
            left = None if left is None else left - 1
            if moment >= first:
                yield moment
        position += 1


@dataclass(slots=True)
class _Filter:
    """True if a day matches the rule. Parts missing from the rule default to those of the first day."""

    rule: RecurrenceRule
    start: datetime

    def __call__(self, day: date) -> bool:
        by = self.rule.by
        if "BYMONTH" in by and day.month not in by["BYMONTH"]:
            return False
        if "BYMONTHDAY" in by and not _counted(day.day, _month_days(day), by["BYMONTHDAY"]):
            return False
        if "BYYEARDAY" in by and not _counted(_year_day(day), _year_days(day), by["BYYEARDAY"]):
            return False
        if "BYWEEKNO" in by and not _counted(*_week(day, self.rule.week_start), by["BYWEEKNO"]):
            return False
        return self.weekday_fits(day) and self.open_parts_fit(day)

    def weekday_fits(self, day: date) -> bool:
        listed, weekday = self.rule.by_day, day.weekday()
        return not listed or any((ordinal, weekday) in listed for ordinal in self.ordinals(day))

    def ordinals(self, day: date) -> tuple[int, int, int]:
        """Return 0 and the weekday's ordinals from both ends of the month (or year: YEARLY, no BYMONTH)."""
        of_year = self.rule.frequency == "YEARLY" and "BYMONTH" not in self.rule.by
        number, of = (_year_day(day), _year_days(day)) if of_year else (day.day, _month_days(day))
        return 0, (number - 1) // 7 + 1, -((of - number) // 7 + 1)

    def open_parts_fit(self, day: date) -> bool:
        rule, start = self.rule, self.start
        if rule.by_day or rule.by.keys() & {"BYMONTHDAY", "BYYEARDAY"}:
            return True
        if "BYWEEKNO" in rule.by or rule.frequency == "WEEKLY":
            return day.weekday() == start.weekday()
        if rule.frequency == "MONTHLY":
            return day.day == start.day
        if rule.frequency == "YEARLY":
            return day.day == start.day and ("BYMONTH" in rule.by or day.month == start.month)
        return True


def _position(rule: RecurrenceRule, start: datetime, at: datetime) -> int:
    """Return the number of the period that contains `at`, or of the last one before it."""
    distance = {
        "DAILY": (at.date() - start.date()).days,
        "WEEKLY": (at.date() - start.date()).days // 7,
        "MONTHLY": (at.year - start.year) * 12 + at.month - start.month,
        "YEARLY": at.year - start.year,
    }[rule.frequency]
    return distance // rule.interval


def _day(rule: RecurrenceRule, start: datetime, position: int) -> list[date] | None:
    try:
        return [start.date() + timedelta(days=position * rule.interval)]
    except OverflowError:
        return None


def _week_days(rule: RecurrenceRule, start: datetime, position: int) -> list[date] | None:
    try:
        monday = start.date() - timedelta(days=(start.weekday() - rule.week_start) % 7)
        monday += timedelta(weeks=position * rule.interval)
        return [monday + timedelta(days=i) for i in range(7)]
    except OverflowError:
        return None


def _month(rule: RecurrenceRule, start: datetime, position: int) -> list[date] | None:
    year, month = divmod(start.year * 12 + start.month - 1 + position * rule.interval, 12)
    if year > 9999:
        return None
    first = date(year, month + 1, 1)
    return [first.replace(day=number) for number in range(1, _month_days(first) + 1)]


def _year(rule: RecurrenceRule, start: datetime, position: int) -> list[date] | None:
    """Return the days of the months that can match. Some calendars are full of birthdays."""
    year = start.year + position * rule.interval
    if year > 9998:
        return None
    is_open = bool(rule.by_day or rule.by.keys() & {"BYMONTHDAY", "BYYEARDAY", "BYWEEKNO"})
    months = rule.by.get("BYMONTH", range(1, 13) if is_open else (start.month,))
    firsts = [date(year, month, 1) for month in sorted(set(months)) if month > 0]
    days = [first + timedelta(days=i) for first in firsts for i in range(_month_days(first))]
    return days or [date(year, 1, 1)]


_PERIODS: Final = {"DAILY": _day, "WEEKLY": _week_days, "MONTHLY": _month, "YEARLY": _year}


def _times(rule: RecurrenceRule, start: datetime, budget: StepBudget) -> list[time]:
    """Return the times of day, sorted. A leap second counts as the second before it."""
    hours = sorted(set(rule.by.get("BYHOUR", (start.hour,))))
    minutes = sorted(set(rule.by.get("BYMINUTE", (start.minute,))))
    seconds = sorted({min(second, 59) for second in rule.by.get("BYSECOND", (start.second,))})
    budget.spend(len(hours) * len(minutes) * len(seconds))
    return [time(*each) for each in product(hours, minutes, seconds) if min(each) >= 0]


def _chosen(rule: RecurrenceRule, moments: list[datetime]) -> list[datetime]:
    positions = rule.by.get("BYSETPOS")
    if positions is None:
        return moments
    numbers = {at - 1 if at > 0 else len(moments) + at for at in positions if at}
    return [moments[number] for number in sorted(numbers) if 0 <= number < len(moments)]


def _counted(number: int, of: int, listed: frozenset[int]) -> bool:
    """Return True if a number from 1 is listed, directly or counted from the end."""
    return number in listed or number - of - 1 in listed


def _month_days(day: date) -> int:
    return calendar.monthrange(day.year, day.month)[1]


def _year_days(day: date) -> int:
    return 366 if calendar.isleap(day.year) else 365


def _year_day(day: date) -> int:
    return day.timetuple().tm_yday


def _week(day: date, week_start: int) -> tuple[int, int]:
    """Return the ISO week number of `day` and the number of weeks in its ISO year. `week_start` is WKST."""
    fourth = day + timedelta(days=3 - (day.weekday() - week_start) % 7)
    last = date(fourth.year, 12, 31)
    last -= timedelta(days=(last.weekday() - week_start - 3) % 7)
    return (_year_day(fourth) - 1) // 7 + 1, (_year_day(last) - 1) // 7 + 1


def _listed(parts: dict[str, str], name: str) -> list[str]:
    return parts[name].split(",") if name in parts else []


def _weekday(text: str) -> tuple[int, int]:
    match = _BY_DAY.fullmatch(text.strip())
    if match is None:
        raise ValueError(text[:20])
    return int(match[1] or 0), _WEEKDAYS.index(match[2])


def _whole(text: str, least: int, most: int | None) -> int:
    if not re.fullmatch(r"[+-]?[0-9]{1,12}", text.strip()):
        raise ValueError(text[:20])
    value = int(text)
    if value < least or (most is not None and value > most):
        raise ValueError(text[:20])
    return value
