"""Diff of two plans, as one change per request."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Any

from scheduler.domain.plan import Meeting


class ChangeKind(StrEnum):
    """Kind of change to a meeting. If several kinds apply, the first one is used."""

    ADDED = "added"
    MOVED = "moved"  # different start slot
    RELOCATED = "relocated"  # same start, different place
    REASSIGNED = "reassigned"  # same start and place, different people
    CANCELLED = "cancelled"
    UNCHANGED = "unchanged"


# Kinds that make an entry already in people's calendars wrong.
TOUCHING = frozenset((ChangeKind.MOVED, ChangeKind.RELOCATED, ChangeKind.REASSIGNED, ChangeKind.CANCELLED))

_ORDER = {kind: i for i, kind in enumerate(ChangeKind)}


@dataclass(frozen=True, slots=True)
class Change:
    """One request in two plans."""

    request: str
    kind: ChangeKind
    before: Meeting | None
    """None if it was added."""
    after: Meeting | None
    """None if it was cancelled."""
    details: tuple[str, ...] = ()
    """What differs: slot, place, attendees, interpreter. Empty if it was added or cancelled."""

    def people(self) -> tuple[str, ...]:
        """Return the attendees of before and after, in order, without duplicates."""
        meetings = [meeting for meeting in (self.before, self.after) if meeting is not None]
        return tuple(dict.fromkeys(id for meeting in meetings for id in meeting.attendees))

    def to_json(self) -> dict[str, Any]:
        return {
            "request": self.request,
            "kind": str(self.kind),
            "before": None if self.before is None else self.before.to_json(),
            "after": None if self.after is None else self.after.to_json(),
            "details": list(self.details),
        }


@dataclass(frozen=True)
class ChangeSet:
    """Diff of two plans: one change per request in either, ordered by kind and then request id."""

    changes: tuple[Change, ...]

    def __bool__(self) -> bool:
        """Return True if the plans differ."""
        return self.counts[ChangeKind.UNCHANGED] < len(self.changes)

    @cached_property
    def counts(self) -> Mapping[ChangeKind, int]:
        """Number of changes of each kind, zeros included."""
        counts = dict.fromkeys(ChangeKind, 0)
        for change in self.changes:
            counts[change.kind] += 1
        return counts

    @property
    def touched(self) -> int:
        """Number of meetings in the old plan that were moved, relocated, reassigned or cancelled."""
        return sum(self.counts[kind] for kind in TOUCHING)

    def of(self, kind: ChangeKind) -> tuple[Change, ...]:
        return tuple(change for change in self.changes if change.kind is kind)

    def people_notified(self) -> tuple[str, ...]:
        """Return the sorted ids of attendees with a changed meeting, before or after the change."""
        differing = (change for change in self.changes if change.kind is not ChangeKind.UNCHANGED)
        return tuple(sorted({id for change in differing for id in change.people()}))

    def to_json(self) -> dict[str, Any]:
        """Serialise to JSON. Unchanged meetings are counted, not listed."""
        return {
            "counts": {str(kind): n for kind, n in self.counts.items()},
            "touched": self.touched,
            "people_notified": list(self.people_notified()),
            "changes": [c.to_json() for c in self.changes if c.kind is not ChangeKind.UNCHANGED],
        }


def compare_plans(old: Sequence[Meeting], new: Sequence[Meeting]) -> ChangeSet:
    """Return the change set from `old` to `new`. The order of meetings and attendees is ignored."""
    before, after = _by_request(old), _by_request(new)
    changes = [_change(id, before.get(id), after.get(id)) for id in before.keys() | after.keys()]
    return ChangeSet(tuple(sorted(changes, key=lambda change: (_ORDER[change.kind], change.request))))


def meeting_differences(before: Meeting, after: Meeting) -> tuple[str, ...]:
    """Return which of slot, place, attendees and interpreter differ between two meetings of one request."""
    found = {
        "slot": before.slot != after.slot,
        "place": before.place != after.place,
        "attendees": set(before.attendees) != set(after.attendees),
        "interpreter": before.interpreter != after.interpreter,
    }
    return tuple(what for what, differs in found.items() if differs)


def _by_request(meetings: Iterable[Meeting]) -> dict[str, Meeting]:
    return {meeting.request: meeting for meeting in meetings}


def _change(request: str, before: Meeting | None, after: Meeting | None) -> Change:
    if before is None:
        return Change(request, ChangeKind.ADDED, before, after)
    if after is None:
        return Change(request, ChangeKind.CANCELLED, before, after)
    details = meeting_differences(before, after)
    return Change(request, _kind(details), before, after, details)


def _kind(details: Sequence[str]) -> ChangeKind:
    if "slot" in details:
        return ChangeKind.MOVED
    if "place" in details:
        return ChangeKind.RELOCATED
    return ChangeKind.REASSIGNED if details else ChangeKind.UNCHANGED
