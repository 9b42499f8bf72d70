"""Summary of a publication for one person: the changes by kind, and the resulting agenda."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple

from scheduler.domain.entities import Method
from scheduler.invites.ical import itip
from scheduler.invites.ical.content import ATTENDANCE, DETAILS, Content, changed_fields


class SummaryKind(StrEnum):
    """Kind of change to a meeting, in the order in which a summary counts them."""

    MOVED = "moved"
    """Different time."""
    CHANGED = "changed"
    """Different place, interpreter or partner."""
    NEW = "new"
    CANCELLED = "cancelled"
    DETAILS = "details"


@dataclass(frozen=True, slots=True)
class SummaryChange:
    """One meeting of the person. `previous` is the earlier calendar content, None for a new meeting."""

    uid: str
    kind: SummaryKind
    content: Content
    previous: Content | None = None


class UnscheduledRequest(NamedTuple):
    """An accepted but unscheduled request: the other firm, in both scripts joined, and the reason code."""

    partner: str
    reason: str


@dataclass(frozen=True, slots=True)
class Summary:
    """One person's changes, and the resulting agenda by UID.

    `version` is the schedule version published at `stamp` (aware).
    """

    version: int
    stamp: datetime
    agenda: Mapping[str, Content]
    changes: Sequence[SummaryChange]
    unscheduled: Sequence[UnscheduledRequest] = ()

    def counts(self) -> dict[SummaryKind, int]:
        """Return the number of meetings by kind, omitting zeros."""
        found = Counter(change.kind for change in self.changes)
        return {kind: found[kind] for kind in SummaryKind if found[kind]}

    def to_json(self) -> dict[str, Any]:
        """Return JSON values, with common fields stored once. `from_json` restores an equal Summary."""
        common = self.changes[0].content.to_json()
        return {
            "version": self.version,
            "stamp": self.stamp.isoformat(),
            "common": common,
            "agenda": {uid: _other(content, common) for uid, content in self.agenda.items()},
            "changes": [self._change_to_json(change, common) for change in self.changes],
            "unheld": [list(each) for each in self.unscheduled],
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Summary:
        """Return the Summary that `to_json` wrote."""
        common = values["common"]
        agenda = {uid: Content.from_json(common | other) for uid, other in values["agenda"].items()}
        changes = [
            SummaryChange(
                uid=change["uid"],
                kind=SummaryKind(change["kind"]),
                content=Content.from_json(common | change["content"])
                if "content" in change
                else agenda[change["uid"]],
                previous=Content.from_json(common | change["previous"]) if "previous" in change else None,
            )
            for change in values["changes"]
        ]
        unscheduled = tuple(UnscheduledRequest(*each) for each in values.get("unheld", ()))
        return cls(values["version"], datetime.fromisoformat(values["stamp"]), agenda, changes, unscheduled)

    def _change_to_json(self, change: SummaryChange, common: Mapping[str, Any]) -> dict[str, Any]:
        values: dict[str, Any] = {"uid": change.uid, "kind": change.kind.value}
        if change.uid not in self.agenda:
            values["content"] = _other(change.content, common)
        if change.previous is not None:
            values["previous"] = _other(change.previous, common)
        return values


def summary_change(message: itip.ItipMessage) -> SummaryChange:
    """Return the change that a message announces to its attendee."""
    return SummaryChange(message.uid, _kind(message), message.content, message.previous)


def agenda_changes(old: Mapping[str, Content], new: Mapping[str, Content]) -> list[SummaryChange]:
    """Return the changes between two agendas, both by UID."""
    found = []
    for uid, content in new.items():
        before = old.get(uid)
        if before is None:
            found.append(SummaryChange(uid, SummaryKind.NEW, content))
        elif changed_fields(before, content, ATTENDANCE + DETAILS):
            found.append(SummaryChange(uid, _difference(before, content), content, before))
    gone = (SummaryChange(uid, SummaryKind.CANCELLED, each) for uid, each in old.items() if uid not in new)
    return [*found, *gone]


def unsent_changes(
    changes: Iterable[SummaryChange], told: Mapping[str, itip.SentEntry]
) -> list[SummaryChange]:
    """Return the changes of an unsent summary that calendars already have, given the last messages sent."""
    return [change for change in changes if change.uid in told and _is_told(change, told[change.uid])]


def _kind(message: itip.ItipMessage) -> SummaryKind:
    if message.kind is itip.MessageKind.UPDATE and message.previous is not None:
        return (
            SummaryKind.MOVED
            if changed_fields(message.previous, message.content, ("start", "end"))
            else SummaryKind.CHANGED
        )
    return (
        SummaryKind.CANCELLED if message.kind is itip.MessageKind.CANCEL else SummaryKind(message.kind.value)
    )


def _difference(before: Content, content: Content) -> SummaryKind:
    if changed_fields(before, content, ("start", "end")):
        return SummaryKind.MOVED
    return SummaryKind.CHANGED if changed_fields(before, content, ATTENDANCE) else SummaryKind.DETAILS


def _is_told(change: SummaryChange, told: itip.SentEntry) -> bool:
    if change.kind is SummaryKind.CANCELLED or told.method is Method.CANCEL:
        return change.kind is SummaryKind.CANCELLED and told.method is Method.CANCEL
    return not changed_fields(change.content, told.content, ATTENDANCE + DETAILS)


def _other(content: Content, common: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields in which a content differs from the common ones."""
    return {name: value for name, value in content.to_json().items() if value != common[name]}
