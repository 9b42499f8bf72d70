"""Expansion of events and availabilities to UTC instances: DTSTART, rules, RDATE, EXDATE (RFC 5545 3.8.5)."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

from scheduler.invites.busy import recurrence
from scheduler.invites.busy.components import Component, ContentLine
from scheduler.invites.busy.model import StepBudget
from scheduler.invites.busy.zones import UTC_ZONE, Zone, Zones, parse_local, split_dates

_DURATION: Final = re.compile(
    r"([+-]?)P(?:(\d{1,6})W)?(?:(\d{1,6})D)?(?:T(?:(\d{1,9})H)?(?:(\d{1,9})M)?(?:(\d{1,9})S)?)?"
)
UNREADABLE: Final = (ValueError, OverflowError)
"""Exceptions raised for a component with invalid times."""
_UNITS: Final = ("weeks", "days", "hours", "minutes", "seconds")
_LONGEST: Final = timedelta(days=4000)
"""Longer events are cut to this length, which makes no difference within a window."""


@dataclass(frozen=True, slots=True)
class Moment:
    """A time as written: naive local time and zone. A date is its midnight."""

    local: datetime
    zone: Zone
    is_date: bool

    @property
    def utc(self) -> datetime:
        return self.zone.to_utc(self.local)


@dataclass(slots=True)
class SeriesReader:
    """Reader for the times of one calendar within one window (UTC). Floating times use the zone `assumed`."""

    zones: Zones
    assumed: Zone
    first: datetime
    last: datetime
    budget: StepBudget
    floating: set[str] = field(default_factory=set)
    """Kinds of floating values found: "times", "days"."""

    def moment(self, text: str, line: ContentLine) -> Moment:
        """Parse one value of a line.

        Raises ValueError if it is not a time, UnusableCalendar if its zone is unknown.
        """
        text = text.strip().upper()
        if text.endswith("Z"):
            return Moment(parse_local(text[:-1]), UTC_ZONE, is_date=False)
        if len(text) != 8 and line.parameters.get("TZID"):
            return Moment(parse_local(text), self.zones.find(line.parameters["TZID"]), is_date=False)
        moment = Moment(parse_local(text), self.assumed, is_date=len(text) == 8)
        self.floating.add("days" if moment.is_date else "times")
        return moment

    def period(self, text: str, line: ContentLine) -> tuple[datetime, datetime]:
        """Parse a period, start/end or start/duration (RFC 5545 3.3.9), to UTC."""
        start_text, slash, end_text = text.partition("/")
        start = self.moment(start_text, line).utc
        if not slash:
            raise ValueError(text[:40])
        is_length = end_text.strip().upper().startswith(("P", "+P", "-P"))
        return start, start + parse_duration(end_text) if is_length else self.moment(end_text, line).utc

    def instances(
        self, component: Component, without: Collection[datetime] = ()
    ) -> list[tuple[datetime, datetime]]:
        """Return the instances of a component within the window.

        `without` are the starts overridden by other components. Expanding a series spends steps of the
        budget. Raises ValueError if its times cannot be parsed.
        """
        line = component.first("DTSTART")
        if line is None:
            raise ValueError("no DTSTART")
        start = self.moment(line.value, line)
        length = self._length(component, start)
        left_out = {
            *self._moments(component, "EXDATE"),
            *self._by_rules(component, "EXRULE", start, length),
        }
        days_out = self._days_left_out(component, start)
        starts = {start.utc, *self._by_rules(component, "RRULE", start, length)}
        found = {
            (each, self._end(each, length, start))
            for each in starts | set(self._moments(component, "RDATE"))
            if each not in left_out
            and each not in without
            and start.zone.to_local(each).date() not in days_out
        }
        periods = self._periods(component)
        found |= {each for each in periods if each[0] not in left_out and each[0] not in without}
        return sorted((a, b) for a, b in found if a < b and a < self.last and b > self.first)

    def replaced(self, components: Iterable[Component]) -> defaultdict[str, set[datetime]]:
        """Return the overridden instances of series, by UID."""
        found: defaultdict[str, set[datetime]] = defaultdict(set)
        for component in components:
            start = self.replaces(component)
            if start is not None:
                found[component.text("UID")].add(start)
        return found

    def replaces(self, component: Component) -> datetime | None:
        """Return the start of the instance that a component overrides, or None."""
        line = component.first("RECURRENCE-ID")
        if line is not None:
            with suppress(*UNREADABLE):  # an invalid RECURRENCE-ID overrides nothing
                return self.moment(line.value, line).utc
        return None

    def _length(self, component: Component, start: Moment) -> timedelta:
        end = component.first("DTEND")
        if end is not None:
            until = self.moment(end.value, end)
            length = until.local - start.local if start.is_date else until.utc - start.utc
        elif component.first("DURATION") is not None:
            length = parse_duration(component.text("DURATION"))
        else:
            length = timedelta(days=start.is_date)
        if length < timedelta(0):
            raise ValueError("it ends before it starts")
        return min(length, _LONGEST)

    def _end(self, start: datetime, length: timedelta, first: Moment) -> datetime:
        """Return an instance's end. Days are nominal, other lengths exact."""
        if first.is_date:
            return first.zone.to_utc(first.zone.to_local(start) + length)
        return start + length

    def _by_rules(
        self, component: Component, name: str, start: Moment, length: timedelta
    ) -> Iterator[datetime]:
        first = start.zone.to_local(self.first - length - timedelta(days=1))
        last = start.zone.to_local(self.last + timedelta(days=1))
        for line in component.lines.get(name, ()):
            rule = recurrence.parse_rule(line.value)
            until = self._until(rule.until, start) if rule.until else None
            for each in recurrence.occurrences(rule, start.local, first, last, until, self.budget):
                yield start.zone.to_utc(each)

    def _until(self, text: str, start: Moment) -> datetime:
        """Return UNTIL in the local time of the series. A date includes the whole day."""
        if len(text) == 8:
            return parse_local(text) + timedelta(days=1, seconds=-1)
        if text.endswith("Z"):
            return start.zone.to_local(parse_local(text[:-1]).replace(tzinfo=UTC))
        return parse_local(text)

    def _moments(self, component: Component, name: str) -> Iterator[datetime]:
        for line in component.lines.get(name, ()):
            for text in split_dates(line):
                self.budget.spend()
                if "/" not in text:
                    yield self.moment(text, line).utc

    def _periods(self, component: Component) -> Iterator[tuple[datetime, datetime]]:
        for line in component.lines.get("RDATE", ()):
            for text in split_dates(line):
                if "/" in text:
                    yield self.period(text, line)

    def _days_left_out(self, component: Component, start: Moment) -> set[object]:
        """Return excluded dates. Some clients write EXDATE as a date for a series with times."""
        if start.is_date:
            return set()
        lines = component.lines.get("EXDATE", ())
        return {parse_local(text).date() for line in lines for text in split_dates(line) if len(text) == 8}


def parse_duration(text: str) -> timedelta:
    """Parse a DURATION (RFC 5545 3.3.6). Raises ValueError if it is invalid."""
    text = text.strip().upper()
    match = _DURATION.fullmatch(text)
    if match is None or not text.isascii() or text.endswith(("P", "T")):
        raise ValueError(text[:40])
    numbers = {unit: int(number or 0) for unit, number in zip(_UNITS, match.groups()[1:], strict=True)}
    length = timedelta(**numbers)
    return -length if match[1] == "-" else length
