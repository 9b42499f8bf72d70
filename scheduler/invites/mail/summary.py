"""What a publishing changed for one person: the changes by kind, and the whole agenda after them."""

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
    """The kinds of changes to a meeting, in the order in which a summary counts them."""

    MOVED = "moved"
    """It has another time."""
    CHANGED = "changed"
    """Another place, interpreter or partner."""
    NEW = "new"
    CANCELLED = "cancelled"
    DETAILS = "details"


@dataclass(frozen=True, slots=True)
class SummaryChange:
    """One meeting of the person. `previous` is what the calendar showed before, None for a new one."""

    uid: str
    kind: SummaryKind
    content: Content
    previous: Content | None = None


class UnscheduledRequest(NamedTuple):
    """An accepted request that the schedule does not hold: the other firm, both forms joined, and the
    reason's code.
    """

    partner: str
    reason: str


@dataclass(frozen=True, slots=True)
class Summary:
    """The changes of one person, and by UID all that the calendar shows after them.

    `version` is the number of the schedule that was published at `stamp` (aware).
    """

    version: int
    stamp: datetime
    agenda: Mapping[str, Content]
    changes: Sequence[SummaryChange]
    unheld: Sequence[UnscheduledRequest] = ()

    def counts(self) -> dict[SummaryKind, int]:
        """The number of meetings of each kind. Kinds without meetings are left out."""
        found = Counter(change.kind for change in self.changes)
        return {kind: found[kind] for kind in SummaryKind if found[kind]}

    def to_json(self) -> dict[str, Any]:
        """JSON values only, what all meetings share written once. `from_json` gives an equal Summary."""
        common = self.changes[0].content.to_json()
        return {
            "version": self.version,
            "stamp": self.stamp.isoformat(),
            "common": common,
            "agenda": {uid: _other(content, common) for uid, content in self.agenda.items()},
            "changes": [self._change_to_json(change, common) for change in self.changes],
            "unheld": [list(each) for each in self.unheld],
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Summary:
        """The Summary that `to_json` wrote."""
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
        unheld = tuple(UnscheduledRequest(*each) for each in values.get("unheld", ()))
        return cls(values["version"], datetime.fromisoformat(values["stamp"]), agenda, changes, unheld)

    def _change_to_json(self, change: SummaryChange, common: Mapping[str, Any]) -> dict[str, Any]:
        values: dict[str, Any] = {"uid": change.uid, "kind": change.kind.value}
        if change.uid not in self.agenda:
            values["content"] = _other(change.content, common)
        if change.previous is not None:
            values["previous"] = _other(change.previous, common)
        return values


def summary_change(message: itip.ItipMessage) -> SummaryChange:
    """The change that a message tells its attendee."""
    return SummaryChange(message.uid, _kind(message), message.content, message.previous)


def agenda_changes(old: Mapping[str, Content], new: Mapping[str, Content]) -> list[SummaryChange]:
    """The changes from what was shown to what is, both by UID."""
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
    """The changes of an unsent summary that calendars have been told, by UID."""
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
    """The fields in which a content differs from what is common."""
    return {name: value for name, value in content.to_json().items() if value != common[name]}
