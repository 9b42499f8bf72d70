"""Resolution of a TZID: by IANA or Windows name, otherwise by the calendar's VTIMEZONE."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import ChainMap
from collections.abc import Iterable, MutableMapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol
from zoneinfo import ZoneInfo

from icalendar.timezone.windows_to_olson import WINDOWS_TO_OLSON

from scheduler.domain.errors import InvalidInput
from scheduler.i18n import gettext_lazy
from scheduler.invites.busy import recurrence
from scheduler.invites.busy.components import Component, ContentLine
from scheduler.invites.busy.model import StepBudget, UnusableCalendar
from scheduler.invites.ical.content import find_zone
from scheduler.invites.text import clean

_OFFSET: Final = re.compile(r"([+-])(\d\d)(\d\d)(\d\d)?")
_LOCAL: Final = re.compile(r"\d{8}T\d{6}")
MAX_OFFSETS: Final = 50
"""Distinct offsets of a zone. Each one is tried for each time."""
_MARGIN: Final = timedelta(days=800)
"""A zone rule must have an onset within this span before the window. Once a year suffices; twice is usual."""


class Zone(Protocol):
    """Conversion between naive local time and UTC."""

    def to_utc(self, local: datetime) -> datetime: ...
    def to_local(self, moment: datetime) -> datetime: ...


@dataclass(frozen=True, slots=True)
class NamedZone:
    """An IANA zone. An ambiguous local time is the first one (RFC 5545 3.3.5)."""

    zone: ZoneInfo

    def to_utc(self, local: datetime) -> datetime:
        return local.replace(tzinfo=self.zone).astimezone(UTC)

    def to_local(self, moment: datetime) -> datetime:
        return moment.astimezone(self.zone).replace(tzinfo=None)


@dataclass(frozen=True, slots=True)
class DefinedZone:
    """A zone defined only by the calendar: offsets by local onset, and `before` ahead of the first onset."""

    onsets: tuple[datetime, ...]
    offsets: tuple[timedelta, ...]
    before: timedelta
    different: tuple[timedelta, ...]
    """Distinct offsets."""

    def to_utc(self, local: datetime) -> datetime:
        number = bisect_right(self.onsets, local)
        return (local - (self.offsets[number - 1] if number else self.before)).replace(tzinfo=UTC)

    def to_local(self, moment: datetime) -> datetime:
        plain = moment.astimezone(UTC).replace(tzinfo=None)
        locals_ = (plain + offset for offset in self.different)
        return next((local for local in locals_ if self.to_utc(local) == moment), plain + self.before)


UTC_ZONE: Final = NamedZone(ZoneInfo("UTC"))


Signature = tuple[str, tuple[tuple[str, tuple[str, ...]], ...], tuple["Signature", ...]]
"""Content of a VTIMEZONE, to recognise equal definitions in different objects."""


class Zones:
    """The zones of one iCalendar object, valid within a window. `definitions` are its VTIMEZONEs.

    A TZID is unique only within one object (RFC 5545 3.8.3.1). Each entry of a CalDAV server is an object.
    """

    def __init__(
        self, definitions: Iterable[Component], first: datetime, last: datetime, budget: StepBudget
    ) -> None:
        self.definitions: MutableMapping[str, Component]
        self.definitions = {each.text("TZID"): each for each in definitions}
        self.first, self.last, self.budget = first, last, budget
        self.named: dict[str, Zone | None] = {}
        self.defined: dict[Signature, Zone] = {}
        """Zones by definition, computed once and shared by all objects."""

    def of_objects(self, objects: Sequence[Iterable[Component]]) -> list[Zones]:
        """Return the zones of several objects with these definitions.

        An object that lacks the definition of a zone uses that of the other objects, if they all agree.
        """
        every = [Zones(definitions, self.first, self.last, self.budget) for definitions in objects]
        said: dict[str, dict[Signature, Component]] = {}
        for each in every:
            each.named, each.defined = self.named, self.defined
            for tzid, definition in each.definitions.items():
                said.setdefault(tzid, {})[_signature(definition)] = definition
        agreed = {tzid: next(iter(found.values())) for tzid, found in said.items() if len(found) == 1}
        for each in every:
            each.definitions = ChainMap(each.definitions, agreed)
        return every

    def find(self, tzid: str) -> Zone:
        """Return the zone of a TZID parameter. Raises UnusableCalendar if it cannot be resolved."""
        name = tzid.strip()
        if name not in self.named:
            self.named[name] = self._named(name)
        return self.named[name] or self._defined(name)

    def defined_first(self, tzid: str) -> Zone:
        """Return the zone of a TZID, preferring the calendar's own definition. Raises UnusableCalendar."""
        if tzid.strip() in self.definitions:
            with suppress(UnusableCalendar):
                return self._defined(tzid.strip())
        return self.find(tzid)

    def _named(self, tzid: str) -> Zone | None:
        """Resolve by name first, as clients do: VTIMEZONEs in calendars are often wrong."""
        parts = [part for part in tzid.split("/") if part]
        tails = ["/".join(parts[-size:]) for size in (3, 2, 1) if size < len(parts)]
        for name in (tzid, WINDOWS_TO_OLSON.get(tzid, ""), *tails):
            try:
                return NamedZone(find_zone(name))
            except InvalidInput:
                continue
        return None

    def _defined(self, tzid: str) -> Zone:
        try:
            definition = self.definitions[tzid]
            signature = _signature(definition)
            if signature not in self.defined:
                self.defined[signature] = self._work_out(definition)
            return self.defined[signature]
        except (KeyError, ValueError, OverflowError):
            raise UnusableCalendar(
                gettext_lazy(
                    "The calendar uses the time zone %(zone)s without defining it.",
                    zone=repr(clean(tzid, 80)),
                )
            ) from None

    def _work_out(self, definition: Component) -> Zone:
        changes: list[tuple[datetime, timedelta]] = []
        for observance in definition.children:
            offset = _offset(observance.text("TZOFFSETTO"))
            changes += [(onset, offset) for onset in self._onsets(observance)]
        changes.sort()
        if not changes:
            raise ValueError("no observance")
        earliest = min(definition.children, key=lambda each: each.text("DTSTART"))
        before = _offset(earliest.text("TZOFFSETFROM"))
        offsets = tuple(offset for _, offset in changes)
        different = tuple(dict.fromkeys((before, *offsets)))
        if len(different) > MAX_OFFSETS:
            raise ValueError("more offsets than a zone of this world has had")
        return DefinedZone(tuple(onset for onset, _ in changes), offsets, before, different)

    def _onsets(self, observance: Component) -> list[datetime]:
        start = parse_local(observance.text("DTSTART"))
        onsets = [
            start,
            *(parse_local(each) for line in observance.lines["RDATE"] for each in split_dates(line)),
        ]
        for line in observance.lines["RRULE"]:
            rule = recurrence.parse_rule(line.value)
            until = parse_local(rule.until.removesuffix("Z")[:15]) if rule.until else None
            if until is not None and rule.until.endswith("Z"):
                until += _offset(observance.text("TZOFFSETFROM"))  # onsets are local (RFC 5545 3.3.10)
            begin, end = _naive(self.first) - _MARGIN, _naive(self.last) + timedelta(days=2)
            onsets += recurrence.occurrences(rule, start, begin, end, until, self.budget)
            if until is not None and until < begin:
                # the last onset of an expired rule applies until another observance starts
                onsets += list(
                    recurrence.occurrences(rule, start, until - _MARGIN, until, until, self.budget)
                )
        return onsets


def parse_local(text: str) -> datetime:
    """Parse a naive time, such as 20261207T090000, or a date to its midnight.

    Raises ValueError for anything else.
    """
    text = text.strip()
    if len(text) == 8:
        text += "T000000"
    if not _LOCAL.fullmatch(text) or not text.isascii():
        raise ValueError(text[:40])
    second = min(int(text[13:15]), 59)  # a leap second counts as the one before it
    return datetime(int(text[:4]), int(text[4:6]), int(text[6:8]), int(text[9:11]), int(text[11:13]), second)  # noqa: DTZ001 - local on purpose


def split_dates(line: ContentLine) -> list[str]:
    """Return the values of a multi-valued line."""
    return [each.strip() for each in line.value.split(",") if each.strip()]


def _signature(definition: Component) -> Signature:
    lines = sorted(definition.lines.items())
    values = tuple((name, tuple(line.value for line in each)) for name, each in lines)
    return definition.name, values, tuple(map(_signature, definition.children))


def _naive(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(tzinfo=None)


def _offset(text: str) -> timedelta:
    match = _OFFSET.fullmatch(text)
    if match is None or not text.isascii():
        raise ValueError(text[:20])
    length = timedelta(hours=int(match[2]), minutes=int(match[3]), seconds=int(match[4] or 0))
    if length >= timedelta(days=1):
        raise ValueError(text[:20])
    return -length if match[1] == "-" else length
