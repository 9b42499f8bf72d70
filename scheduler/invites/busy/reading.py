"""From the octets of a calendar to when its person is busy within a window."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from urllib.parse import unquote

from scheduler.invites.busy.availability import unavailable
from scheduler.invites.busy.components import Component, ContentLine, calendars
from scheduler.invites.busy.model import Busy, BusyKind, BusyTimes, StepBudget, UnusableCalendar
from scheduler.invites.busy.series import UNREADABLE, SeriesReader
from scheduler.invites.busy.zones import NamedZone, Zones, dates
from scheduler.invites.ical.content import zone_of
from scheduler.invites.text import SUMMARY_LIMIT, clean
from scheduler.saying import say

MAX_OCTETS: Final = 2 * 1024 * 1024
MAX_BUSY: Final = 2_000
"""The most busy times within a window. More of them mean nothing to a person."""
_ESCAPE: Final = re.compile(r"\\(.)")


def read(
    octets: bytes,
    first: datetime,
    last: datetime,
    zone: str,
    *,
    own_uids: Collection[str] = (),
    own_addresses: Collection[str] = (),
    budget: StepBudget | None = None,
) -> BusyTimes:
    """The busy times of the calendar's person from `first` to `last` (aware).

    Days and times without a zone are read in `zone` (an IANA name). Events with one of `own_uids` are our own
    invitations and never count. Events that one of `own_addresses` (lower case) declined do not count either.
    Raises only UnusableCalendar, for any octets.
    """
    if len(octets) > MAX_OCTETS:
        raise UnusableCalendar(
            say("The calendar is larger than %(most)s MiB.", most=MAX_OCTETS // 1024 // 1024)
        )
    assumed, budget = zone_of(zone), budget or StepBudget()
    found = calendars(octets)
    inside = [component for each in found for component in each.children]
    zones = Zones((each for each in inside if each.name == "VTIMEZONE"), first, last, budget)
    reader = SeriesReader(zones, NamedZone(assumed), first, last, budget)
    return _Reading(reader, zone, frozenset(own_uids), frozenset(own_addresses)).all(inside)


@dataclass(slots=True)
class _Reading:
    reader: SeriesReader
    zone: str
    own_uids: frozenset[str]
    own_addresses: frozenset[str]
    counts: Counter[str] = field(default_factory=Counter)

    def all(self, components: list[Component]) -> BusyTimes:
        by_name: defaultdict[str, list[Component]] = defaultdict(list)
        for component in components:
            by_name[component.name].append(component)
        busy = {
            *self.events(by_name["VEVENT"]),
            *self.free_busy(by_name["VFREEBUSY"]),
            *self.availabilities(by_name["VAVAILABILITY"]),
        }
        if len(busy) > MAX_BUSY:
            raise UnusableCalendar(
                say("The calendar has more than %(most)s busy times during the event.", most=f"{MAX_BUSY:,}")
            )
        understood = self.counts.total() - self.counts["unreadable"]
        if self.counts["unreadable"] and not understood:
            raise UnusableCalendar(say("Nothing in the calendar can be read: its times are broken."))
        ordered = sorted(busy, key=lambda each: (each.start, each.end, each.kind, each.title))
        return BusyTimes(tuple(ordered), self.counts, tuple(self.notes()))

    def events(self, events: list[Component]) -> Iterator[Busy]:
        replaced = self.reader.replaced(events)
        for event in _latest(events):
            why = self.left_out(event)
            if why:
                self.counts[why] += 1
                continue
            starts = () if event.first("RECURRENCE-ID") else replaced[event.text("UID")]
            try:
                instances = self.reader.instances(event, starts)
            except UNREADABLE:
                self.counts["unreadable"] += 1
                continue
            yield from self.counted(event, instances)

    def counted(self, event: Component, instances: list[tuple[datetime, datetime]]) -> Iterator[Busy]:
        line = event.first("DTSTART")
        is_day = line is not None and len(line.value.strip()) == 8
        self.counts["events"] += 1
        self.counts["all_day"] += is_day
        self.counts["recurring"] += bool(event.first("RRULE") or event.first("RDATE"))
        title = clean(_plain(event.text("SUMMARY")), SUMMARY_LIMIT)
        for start, end in instances:
            self.reader.budget.spend()
            yield self.clipped(start, end, BusyKind.ALL_DAY if is_day else BusyKind.EVENT, title)

    def clipped(self, start: datetime, end: datetime, kind: BusyKind, title: str = "") -> Busy:
        return Busy(max(start, self.reader.first), min(end, self.reader.last), kind, title)

    def left_out(self, event: Component) -> str:
        """The reason why an event takes no time, or an empty text if it takes some."""
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

    def free_busy(self, components: Iterable[Component]) -> Iterator[Busy]:
        """Periods of every FBTYPE but FREE. An unknown one is busy (RFC 5545 3.2.9)."""
        for component in components:
            for line in component.lines.get("FREEBUSY", ()):
                if line.parameters.get("FBTYPE", "BUSY").upper() == "FREE":
                    continue
                for text in dates(line):
                    yield from self.busy_period(text, line)

    def busy_period(self, text: str, line: ContentLine) -> Iterator[Busy]:
        self.reader.budget.spend()
        try:
            start, end = self.reader.period(text, line)
        except UNREADABLE:
            self.counts["unreadable"] += 1
            return
        self.counts["free_busy"] += 1
        if start < end and start < self.reader.last and end > self.reader.first:
            yield self.clipped(start, end, BusyKind.FREE_BUSY)

    def availabilities(self, components: list[Component]) -> Iterator[Busy]:
        if not components:
            return
        try:
            spans = unavailable(components, self.reader)
        except UNREADABLE:
            self.counts["unreadable"] += len(components)
            return
        self.counts["availability"] += len(components)
        for start, end in spans:
            yield self.clipped(start, end, BusyKind.UNAVAILABLE)

    def notes(self) -> Iterator[str]:
        kinds = self.reader.floating
        if kinds:
            yield _assumed(kinds, self.zone)
        if self.counts["unreadable"]:
            left_out = self.counts["unreadable"]
            yield say("%(count)s entries could not be read and were left out.", count=left_out)


def _assumed(kinds: Collection[str], zone: str) -> str:
    if len(kinds) == 2:
        return say("Days and times without a zone were read in %(zone)s.", zone=zone)
    if "days" in kinds:
        return say("Days without a zone were read in %(zone)s.", zone=zone)
    return say("Times without a zone were read in %(zone)s.", zone=zone)


def _latest(events: Iterable[Component]) -> list[Component]:
    """Each event once, in its latest revision: exports repeat them."""
    latest: dict[object, Component] = {}
    for event in events:
        uid, instance = event.text("UID"), event.text("RECURRENCE-ID")
        key = (uid, instance) if uid else id(event)
        if key not in latest or _sequence(event) >= _sequence(latest[key]):
            latest[key] = event
    return list(latest.values())


def _sequence(event: Component) -> int:
    text = event.text("SEQUENCE")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0


def _plain(text: str) -> str:
    """A TEXT value without its escapes (RFC 5545 3.3.11)."""
    return _ESCAPE.sub(lambda match: " " if match[1] in "nN" else match[1], text)
