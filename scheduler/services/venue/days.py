"""Venue days: opening hours and breaks derived from slots, and slots derived from hours and breaks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import groupby, pairwise
from zoneinfo import ZoneInfo

from scheduler.domain.entities import PauseKind
from scheduler.services.venue.change_types import ChangeDays, DayInput, PauseInput

Span = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True)
class SlotSpan:
    """An existing slot."""

    key: str
    start: datetime
    end: datetime
    block: str


@dataclass(frozen=True, slots=True)
class VenuePause:
    """An existing break or special slot, in UTC."""

    kind: PauseKind
    name: str
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class VenueDay:
    """A day derived from its slots and pauses: its local hours, with pauses and slots in time order."""

    plan: DayInput
    slots: tuple[SlotSpan, ...]

    @property
    def on(self) -> date:
        return self.plan.on


@dataclass(frozen=True, slots=True)
class VenueDays:
    """All days, and the slot length, from the start of a slot to that of the next."""

    days: tuple[VenueDay, ...]
    slot_minutes: int
    changeover_minutes: int

    @property
    def plan(self) -> ChangeDays:
        return ChangeDays([day.plan for day in self.days], self.slot_minutes, self.changeover_minutes)


def build_days(slots: Sequence[SlotSpan], pauses: Sequence[VenuePause], zone: ZoneInfo) -> VenueDays:
    """Derive the days from slots, in time order, and pauses."""
    step, changeover = _lengths(slots)
    by_day: dict[date, list[SlotSpan]] = {}
    for slot in slots:
        by_day.setdefault(slot.start.astimezone(zone).date(), []).append(slot)
    named: dict[date, list[VenuePause]] = {}
    for pause in sorted(pauses, key=lambda each: each.start):
        named.setdefault(pause.start.astimezone(zone).date(), []).append(pause)
    days = tuple(
        VenueDay(
            _plan(on, by_day.get(on, []), named.get(on, []), (step, changeover), zone),
            tuple(by_day.get(on, [])),
        )
        for on in sorted(by_day.keys() | named.keys())
    )
    return VenueDays(days, _minutes(step), _minutes(changeover))


def build_slots(
    day: DayInput, step: timedelta, changeover: timedelta, zone: ZoneInfo
) -> Iterator[tuple[Span, int]]:
    """Yield the slots of a day in UTC, each with its block number, from 1."""
    at = _at(day.on, day.opens, zone)
    block = 0
    for pause in (*sorted(day.pauses, key=lambda each: each.start), None):
        until = _at(day.on, pause.start if pause else day.closes, zone)
        if at + step <= until:
            block += 1
        while at + step <= until:
            yield (at, at + step - changeover), block
            at += step
        if pause:
            at = max(at, _at(day.on, pause.end, zone))


def _plan(
    on: date,
    slots: Sequence[SlotSpan],
    named: Sequence[VenuePause],
    lengths: tuple[timedelta, timedelta],
    zone: ZoneInfo,
) -> DayInput:
    step, changeover = lengths
    taken: list[tuple[datetime, datetime, bool]] = [(s.start, s.end + changeover, False) for s in slots]
    taken += [(p.start, p.end, True) for p in named]
    taken.sort()
    gaps: list[Span] = []
    until = taken[0][1]
    for start, end, is_pause in taken[1:]:
        if start > until and not (is_pause and start - until < step):
            gaps.append((until, start))
        until = max(until, end)
    pauses = [(p.start, p.end, p.kind, p.name) for p in named]
    pauses += [(start, end, PauseKind.BREAK, "") for start, end in gaps]
    return DayInput(
        on,
        _local(taken[0][0], zone),
        _local(until, zone),
        tuple(
            PauseInput(kind, name, _local(start, zone), _local(end, zone))
            for start, end, kind, name in sorted(pauses)
        ),
    )


def _lengths(slots: Sequence[SlotSpan]) -> tuple[timedelta, timedelta]:
    """Return the most frequent slot length within blocks, and the changeover that it includes."""
    steps = Counter(
        (two.start - one.start, two.start - one.end)
        for _, block in groupby(slots, lambda slot: slot.block)
        for one, two in pairwise(block)
    )
    if steps:
        return steps.most_common(1)[0][0]
    return (slots[0].end - slots[0].start if slots else timedelta(minutes=30)), timedelta(0)


def find_overlapping(span: Span, others: Iterable[Span]) -> list[int]:
    """Return indices of the spans that overlap a span. Adjacent spans do not overlap."""
    return [i for i, (start, end) in enumerate(others) if start < span[1] and end > span[0]]


def _at(on: date, moment: time, zone: ZoneInfo) -> datetime:
    return datetime.combine(on, moment, zone).astimezone(UTC)


def _local(moment: datetime, zone: ZoneInfo) -> time:
    return moment.astimezone(zone).time()


def _minutes(span: timedelta) -> int:
    return round(span.total_seconds() / 60)
