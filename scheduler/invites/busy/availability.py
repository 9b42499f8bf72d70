"""VAVAILABILITY (RFC 7953 3.1, 4): all time within its range is busy unless AVAILABLE."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from scheduler.invites.busy.components import Component
from scheduler.invites.busy.series import SeriesReader, parse_duration

Span = tuple[datetime, datetime]


def unavailable_spans(availabilities: Iterable[tuple[Component, SeriesReader]]) -> list[Span]:
    """Return the times within the readers' window at which the person is unavailable (RFC 7953).

    Where several components overlap, the highest priority wins (1 is the highest, 0 the lowest). Every
    BUSYTYPE, including an unknown one, means busy. Raises ValueError if a time cannot be parsed.
    """
    busy: list[Span] = []
    for component, reader in sorted(availabilities, key=lambda each: _rank(each[0]), reverse=True):
        span = _range(component, reader)
        if span is not None:
            free = _free(component, reader)
            reader.budget.spend(len(busy) + len(free) + 1)
            busy = union_spans([*subtract_spans(busy, [span]), *subtract_spans([span], free)])
    return busy


def union_spans(spans: Iterable[Span]) -> list[Span]:
    """Return the union of spans, merged and in time order."""
    joined: list[Span] = []
    for start, end in sorted(spans):
        if joined and start <= joined[-1][1]:
            joined[-1] = joined[-1][0], max(end, joined[-1][1])
        else:
            joined.append((start, end))
    return joined


def subtract_spans(spans: Iterable[Span], without: Iterable[Span]) -> list[Span]:
    """Return the parts of `spans` outside all of `without`, merged and in time order."""
    left, holes = [], union_spans(without)
    number = 0
    for start, end in union_spans(spans):
        while number < len(holes) and holes[number][0] < end:
            hole_start, hole_end = holes[number]
            if hole_end > start:
                if hole_start > start:
                    left.append((start, hole_start))
                start = hole_end
            if hole_end > end:
                break  # the hole may reach into the next span
            number += 1
        if start < end:
            left.append((start, end))
    return left


def _rank(component: Component) -> int:
    priority = component.text("PRIORITY")
    number = int(priority) if priority.isascii() and priority.isdigit() and len(priority) < 3 else 0
    return number or 10


def _range(component: Component, reader: SeriesReader) -> Span | None:
    """Return the component's range, clipped to the window. A missing side is unbounded."""
    start_line, end_line = component.first("DTSTART"), component.first("DTEND")
    start = reader.moment(start_line.value, start_line).utc if start_line else reader.first
    end = reader.last
    if end_line is not None:
        end = reader.moment(end_line.value, end_line).utc
    elif start_line is not None and component.first("DURATION") is not None:
        end = start + parse_duration(component.text("DURATION"))
    start, end = max(start, reader.first), min(end, reader.last)
    return (start, end) if start < end else None


def _free(component: Component, reader: SeriesReader) -> list[Span]:
    available = [each for each in component.children if each.name == "AVAILABLE"]
    replaced = reader.replaced(available)
    spans: list[Span] = []
    for each in available:
        spans += reader.instances(each, () if each.first("RECURRENCE-ID") else replaced[each.text("UID")])
    return spans
