"""iTIP messages (RFC 5546) and the last one sent per calendar entry. See itip_revisions.py for the next."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple

from scheduler.domain.entities import Method, Partstat
from scheduler.invites.ical.content import Content


class EntryKey(NamedTuple):
    """Key of one calendar entry of one person."""

    uid: str
    attendee_id: int


class MessageKind(StrEnum):
    """Kind of a message from the recipient's point of view."""

    NEW = "new"
    UPDATE = "update"
    DETAILS = "details"
    AGAIN = "again"
    """The current invitation again, on request or after a reply to an earlier one (`previous`)."""
    CANCEL = "cancel"
    PROPOSAL = "proposal"
    """A counter-proposal was declined."""


@dataclass(frozen=True, slots=True)
class TargetEntry:
    """Target state of an entry in an attendee's calendar."""

    uid: str
    attendee_id: int
    content: Content


@dataclass(frozen=True, slots=True)
class SentEntry:
    """The last message sent to an attendee about a UID, and the latest participation status."""

    uid: str
    attendee_id: int
    sequence: int
    dtstamp: datetime
    method: Method
    content: Content
    partstat: Partstat = Partstat.NEEDS_ACTION

    def is_coming(self, now: datetime) -> bool:
        """Return True if the calendar shows a meeting that has not ended."""
        return self.method is not Method.CANCEL and self.content.end > now


@dataclass(frozen=True, slots=True, kw_only=True)
class Cancellation:
    """Why a meeting is cancelled: `code` if it is unscheduled, else who withdrew, with a note.

    `person` and `firm` are names in both scripts, joined, or empty if unknown. `is_own` is True if the reader
    withdrew. `how` is declined (an invitation) or cancelled (on a page), and empty in older emails.
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

    `previous` is the content sent before, for "was ... now ...". `meeting_is_off` distinguishes a cancelled
    meeting from one that takes place without this attendee (RFC 5546 3.2.5).
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
        """Return JSON values. `from_json` restores an equal message, so a retry renders the same email."""
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
        """Return the message that `to_json` wrote."""
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
