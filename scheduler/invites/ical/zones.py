"""VTIMEZONE for a span of time: one observance around a meeting, one more a change of offset in a feed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from icalendar import Timezone, TimezoneDaylight, TimezoneStandard

from scheduler.invites.ical.content import zone_of

_BEGINNING: Final = datetime(1970, 1, 1)  # noqa: DTZ001 - an observance starts in local time (RFC 5545 3.6.5)
_DAY: Final = timedelta(days=1)


def vtimezone(name: str, first: datetime, last: datetime) -> bytes:
    """The VTIMEZONE of an IANA zone, right from `first` to `last` (aware)."""
    zone = zone_of(name)
    changes = tuple(_changes(zone, first.astimezone(UTC), last.astimezone(UTC)))
    return _render(name, (_beginning(first.astimezone(zone), alone=not changes), *changes))


def same_offset(name: str, first: datetime, last: datetime) -> bool:
    """Whether a zone's offset is the same at both moments, so that one observance serves both."""
    zone = zone_of(name)
    return _offset(first.astimezone(zone)) == _offset(last.astimezone(zone))


Observance = tuple[datetime, timedelta, timedelta, bool, str]
"""Onset in local time before the change, offset before, offset after, daylight saving, abbreviation."""


def _beginning(first: datetime, *, alone: bool) -> Observance:
    # One observance alone is a zone that never changes, which every client knows as STANDARD.
    daylight = bool(first.dst()) and not alone
    return _BEGINNING, _offset(first), _offset(first), daylight, first.tzname() or ""


def _changes(zone: ZoneInfo, moment: datetime, end: datetime) -> Iterator[Observance]:
    while moment < end:
        following = min(moment + _DAY, end)
        before, after = moment.astimezone(zone), following.astimezone(zone)
        if _offset(before) != _offset(after):
            onset = _first_other(zone, moment, following) + _offset(before)
            daylight = bool(after.dst())
            yield onset.replace(tzinfo=None), _offset(before), _offset(after), daylight, after.tzname() or ""
        moment = following


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


@lru_cache(maxsize=1024)
def _render(name: str, observances: tuple[Observance, ...]) -> bytes:
    component = Timezone()
    component.add("TZID", name)
    for onset, before, after, daylight, abbreviation in observances:
        part = TimezoneDaylight() if daylight else TimezoneStandard()
        part.add("DTSTART", onset)
        part.add("TZOFFSETFROM", before)
        part.add("TZOFFSETTO", after)
        part.add("TZNAME", abbreviation)
        component.add_component(part)
    rendered: bytes = component.to_ical()
    return rendered
