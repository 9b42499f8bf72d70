"""Parse a calendar into the person's busy times within a window."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from urllib.parse import unquote

from scheduler.i18n import gettext_lazy
from scheduler.invites.busy.availability import unavailable_spans
from scheduler.invites.busy.components import Component, ContentLine, parse_calendars
from scheduler.invites.busy.model import Busy, BusyKind, BusyTimes, StepBudget, UnusableCalendar
from scheduler.invites.busy.series import UNREADABLE, SeriesReader
from scheduler.invites.busy.zones import NamedZone, Zones, split_dates
from scheduler.invites.ical.content import find_zone
from scheduler.invites.text import SUMMARY_LIMIT, clean

MAX_OCTETS: Final = 10 * 1024 * 1024
"""A secret calendar URL returns all years: at ten meetings a day, a few years take 3 MiB."""
MAX_BUSY: Final = 2_000
"""Maximum number of busy times within a window. More are of no use to a reader."""
_ESCAPE: Final = re.compile(r"\\(.)")


def read_busy_times(
    octets: bytes,
    first: datetime,
    last: datetime,
    zone: str,
    *,
    own_uids: Collection[str] = (),
    own_addresses: Collection[str] = (),
    budget: StepBudget | None = None,
) -> BusyTimes:
    """Return the busy times of the calendar's owner from `first` to `last` (aware).

    Floating times and dates are interpreted in `zone` (an IANA name). Events with one of `own_uids` are our
    own invitations and never count. Neither do events that one of `own_addresses` (lower case) declined.
    Raises only UnusableCalendar, for any input.
    """
    if len(octets) > MAX_OCTETS:
        raise UnusableCalendar(
            gettext_lazy("The calendar is larger than %(most)s MB.", most=MAX_OCTETS // 1024 // 1024)
        )
    assumed, budget = find_zone(zone), budget or StepBudget()
    found = parse_calendars(octets)
    definitions = [[inner for inner in each.children if inner.name == "VTIMEZONE"] for each in found]
    floating: set[str] = set()
    readers = [
        SeriesReader(zones, NamedZone(assumed), first, last, budget, floating)
        for zones in Zones((), first, last, budget).of_objects(definitions)
    ]
    inside = [
        _Entry(component, reader)
        for each, reader in zip(found, readers, strict=True)
        for component in each.children
    ]
    return _Reading(floating, zone, frozenset(own_uids), frozenset(own_addresses)).all(inside)


@dataclass(frozen=True, slots=True)
class _Entry:
    """A component, with the reader for its times in the zones of its own iCalendar object."""

    component: Component
    reader: SeriesReader


@dataclass(slots=True)
class _Reading:
    floating: set[str]
    zone: str
    own_uids: frozenset[str]
    own_addresses: frozenset[str]
    counts: Counter[str] = field(default_factory=Counter)

    def all(self, entries: list[_Entry]) -> BusyTimes:
        by_name: defaultdict[str, list[_Entry]] = defaultdict(list)
        for entry in entries:
            by_name[entry.component.name].append(entry)
        busy = {
            *self.events(by_name["VEVENT"]),
            *self.free_busy(by_name["VFREEBUSY"]),
            *self.availabilities(by_name["VAVAILABILITY"]),
        }
        if len(busy) > MAX_BUSY:
            raise UnusableCalendar(
                gettext_lazy(
                    "The calendar has more than %(most)s busy times during the event.", most=f"{MAX_BUSY:,}"
                )
            )
        understood = self.counts.total() - self.counts["unreadable"]
        if self.counts["unreadable"] and not understood:
            raise UnusableCalendar(gettext_lazy("The calendar can't be read because its times are invalid."))
        ordered = sorted(busy, key=lambda each: (each.start, each.end, each.kind, each.title))
        return BusyTimes(tuple(ordered), self.counts, tuple(self.notes()))

    def events(self, entries: list[_Entry]) -> Iterator[Busy]:
        replaced = _replaced(entries)
        for entry in _latest(entries):
            event = entry.component
            why = self.left_out(event)
            if why:
                self.counts[why] += 1
                continue
            starts = () if event.first("RECURRENCE-ID") else replaced[event.text("UID")]
            try:
                instances = entry.reader.instances(event, starts)
            except UNREADABLE:
                self.counts["unreadable"] += 1
                continue
            yield from self.counted(entry, instances)

    def counted(self, entry: _Entry, instances: list[tuple[datetime, datetime]]) -> Iterator[Busy]:
        event = entry.component
        line = event.first("DTSTART")
        is_day = line is not None and len(line.value.strip()) == 8
        self.counts["events"] += 1
        self.counts["all_day"] += is_day
        self.counts["recurring"] += bool(event.first("RRULE") or event.first("RDATE"))
        title = clean(_plain(event.text("SUMMARY")), SUMMARY_LIMIT)
        for start, end in instances:
            entry.reader.budget.spend()
            yield _clipped(entry.reader, start, end, BusyKind.ALL_DAY if is_day else BusyKind.EVENT, title)

    def left_out(self, event: Component) -> str:
        """Return the reason why an event does not count as busy, or an empty string if it does."""
        if event.text("UID") in self.own_uids:
            return "own"
        if event.text("STATUS").upper() == "CANCELLED":
            return "cancelled"
        if self.own_addresses and any(map(self.is_declined, event.lines.get("ATTENDEE", ()))):
            return "declined"
        if event.text("TRANSP").upper() == "TRANSPARENT":
            return "free"
        is_free = event.text("X-MICROSOFT-CDO-BUSYSTATUS").upper() == "FREE" and not event.text("TRANSP")
        return "free" if is_free else ""

    def is_declined(self, attendee: ContentLine) -> bool:
        address = unquote(attendee.value.strip().partition(":")[2]).lower()
        return attendee.parameters.get("PARTSTAT", "").upper() == "DECLINED" and address in self.own_addresses

    def free_busy(self, entries: Iterable[_Entry]) -> Iterator[Busy]:
        """Yield the periods of every FBTYPE except FREE. An unknown type is busy (RFC 5545 3.2.9)."""
        for entry in entries:
            for line in entry.component.lines.get("FREEBUSY", ()):
                if line.parameters.get("FBTYPE", "BUSY").upper() == "FREE":
                    continue
                for text in split_dates(line):
                    yield from self.busy_period(entry.reader, text, line)

    def busy_period(self, reader: SeriesReader, text: str, line: ContentLine) -> Iterator[Busy]:
        reader.budget.spend()
        try:
            start, end = reader.period(text, line)
        except UNREADABLE:
            self.counts["unreadable"] += 1
            return
        self.counts["free_busy"] += 1
        if start < end and start < reader.last and end > reader.first:
            yield _clipped(reader, start, end, BusyKind.FREE_BUSY)

    def availabilities(self, entries: list[_Entry]) -> Iterator[Busy]:
        if not entries:
            return
        try:
            spans = unavailable_spans([(each.component, each.reader) for each in entries])
        except UNREADABLE:
            self.counts["unreadable"] += len(entries)
            return
        self.counts["availability"] += len(entries)
        for start, end in spans:
            yield _clipped(entries[0].reader, start, end, BusyKind.UNAVAILABLE)

    def notes(self) -> Iterator[str]:
        kinds = self.floating
        if kinds:
            yield _assumed(kinds, self.zone)
        if self.counts["unreadable"]:
            left_out = self.counts["unreadable"]
            yield gettext_lazy("%(count)s entries could not be read and were skipped.", count=left_out)


def _assumed(kinds: Collection[str], zone: str) -> str:
    if len(kinds) == 2:
        return gettext_lazy("Dates and times without a time zone were read in %(zone)s.", zone=zone)
    if "days" in kinds:
        return gettext_lazy("Dates without a time zone were read in %(zone)s.", zone=zone)
    return gettext_lazy("Times without a time zone were read in %(zone)s.", zone=zone)


def _clipped(reader: SeriesReader, start: datetime, end: datetime, kind: BusyKind, title: str = "") -> Busy:
    return Busy(max(start, reader.first), min(end, reader.last), kind, title)


def _replaced(entries: Iterable[_Entry]) -> defaultdict[str, set[datetime]]:
    """Return the overridden instances of each series by UID, across all iCalendar objects."""
    found: defaultdict[str, set[datetime]] = defaultdict(set)
    for entry in entries:
        start = entry.reader.replaces(entry.component)
        if start is not None:
            found[entry.component.text("UID")].add(start)
    return found


def _latest(entries: Iterable[_Entry]) -> list[_Entry]:
    """Return each event once, in its latest revision. Exports can contain duplicates."""
    latest: dict[object, _Entry] = {}
    for entry in entries:
        event = entry.component
        uid, instance = event.text("UID"), event.text("RECURRENCE-ID")
        key = (uid, instance) if uid else id(event)
        if key not in latest or _sequence(event) >= _sequence(latest[key].component):
            latest[key] = entry
    return list(latest.values())


def _sequence(event: Component) -> int:
    text = event.text("SEQUENCE")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0


def _plain(text: str) -> str:
    """Unescape a TEXT value (RFC 5545 3.3.11)."""
    return _ESCAPE.sub(lambda match: " " if match[1] in "nN" else match[1], text)
