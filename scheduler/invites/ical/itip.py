"""Messages of iTIP (RFC 5546): what a calendar was told, and what it is told next, by itip_revisions.py."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple

from scheduler.domain.entities import Method, Partstat
from scheduler.invites.ical.content import Content


class EntryKey(NamedTuple):
    """One calendar entry of one person."""

    uid: str
    attendee_id: int


class MessageKind(StrEnum):
    """The kind of a message for its reader."""

    NEW = "new"
    UPDATE = "update"
    DETAILS = "details"
    AGAIN = "again"
    """The present invitation, for an attendee who asked for it or answered an earlier one, `previous`."""
    CANCEL = "cancel"
    PROPOSAL = "proposal"
    """A proposed time was not taken."""


@dataclass(frozen=True, slots=True)
class TargetEntry:
    """The entry that an attendee's calendar should show."""

    uid: str
    attendee_id: int
    content: Content


@dataclass(frozen=True, slots=True)
class SentEntry:
    """The last message sent to an attendee about a UID, and the answer known since."""

    uid: str
    attendee_id: int
    sequence: int
    dtstamp: datetime
    method: Method
    content: Content
    partstat: Partstat = Partstat.NEEDS_ACTION

    def is_coming(self, now: datetime) -> bool:
        """Whether the calendar shows a meeting that is not over."""
        return self.method is not Method.CANCEL and self.content.end > now


@dataclass(frozen=True, slots=True, kw_only=True)
class Cancellation:
    """Why a meeting is off: `code` if a schedule does not hold it, else who withdrew it, with a note.

    `person` and `firm` are both forms of their names joined, empty if nobody is known. `is_own` says that it
    was the reader. `how` is declined (an invitation) or cancelled (on a page), empty in mails of before.
    """

    code: str = ""
    person: str = ""
    firm: str = ""
    note: str = ""
    is_own: bool = False
    how: str = ""


@dataclass(frozen=True, slots=True)
class ItipMessage:
    """One iTIP message to one attendee. `dtstamp` is UTC in whole seconds.

    `previous` is what the calendar was told before, for "was ... now ...". `meeting_is_off` tells a
    cancelled meeting from one that goes on without this attendee (RFC 5546 3.2.5).
    """

    uid: str
    attendee_id: int
    method: Method
    sequence: int
    dtstamp: datetime
    content: Content
    partstat: Partstat
    kind: MessageKind
    previous: Content | None = None
    meeting_is_off: bool = False
    off: Cancellation | None = None

    @property
    def key(self) -> EntryKey:
        return EntryKey(self.uid, self.attendee_id)

    def to_json(self) -> dict[str, Any]:
        """JSON values only. `from_json` gives an equal Message, so that a retry renders the same mail."""
        return {
            "uid": self.uid,
            "attendee_id": self.attendee_id,
            "method": self.method.value,
            "sequence": self.sequence,
            "dtstamp": self.dtstamp.isoformat(),
            "content": self.content.to_json(),
            "partstat": self.partstat.value,
            "kind": self.kind.value,
            "previous": self.previous.to_json() if self.previous else None,
            "meeting_is_off": self.meeting_is_off,
            "off": asdict(self.off) if self.off else None,
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> ItipMessage:
        """The Message that `to_json` wrote."""
        previous = values["previous"]
        return cls(
            uid=values["uid"],
            attendee_id=values["attendee_id"],
            method=Method(values["method"]),
            sequence=values["sequence"],
            dtstamp=datetime.fromisoformat(values["dtstamp"]),
            content=Content.from_json(values["content"]),
            partstat=Partstat(values["partstat"]),
            kind=MessageKind(values["kind"]),
            previous=Content.from_json(previous) if previous else None,
            meeting_is_off=values["meeting_is_off"],
            off=Cancellation(**values["off"]) if values.get("off") else None,
        )
