"""What is understood of an inbound mail."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from scheduler.domain.entities import MailKind, Refusal
from scheduler.invites.refusals import classify_report


class UnreadableEmail(Exception):
    """A mail, or its calendar, cannot or must not be taken apart. `str()` is a sentence for a person."""


@dataclass(frozen=True, slots=True)
class Participant:
    """One ATTENDEE of an answer: a lower-case address, and PARTSTAT in upper case.

    `delegated_to` are the addresses of those who go instead (RFC 5545 3.2.5).
    """

    email: str
    partstat: str
    comment: str = ""
    delegated_to: tuple[str, ...] = ()


_MOMENTS = ("dtstamp", "start", "end", "instance")
_FLAGS = ("is_instance", "has_local_stamp", "is_day", "is_zoneless", "has_unknown_zone")


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarReply:
    """One VEVENT of a REPLY, COUNTER or REFRESH.

    `sequence` and `dtstamp` are None where they cannot be read. A DTSTAMP in local time has no zone, so that
    it says little: `has_local_stamp`. `start` and `end` are UTC, or None where they are missing or cannot be
    read; `is_zoneless` tells a start whose zone is not said, `has_unknown_zone` one that nothing explains.
    With `is_day` they are the midnights of whole days, whose zone is the venue's. `is_instance` tells an
    answer about one instance of a series, and `instance` the start of that.
    """

    uid: str
    sequence: int | None
    dtstamp: datetime | None
    participants: tuple[Participant, ...]
    comment: str = ""
    start: datetime | None = None
    end: datetime | None = None
    instance: datetime | None = None
    is_instance: bool = False
    has_local_stamp: bool = False
    is_day: bool = False
    is_zoneless: bool = False
    has_unknown_zone: bool = False

    def to_json(self) -> dict[str, Any]:
        """JSON values only. `from_json` gives an equal Answer."""
        moments = {name: getattr(self, name) for name in _MOMENTS}
        return {
            "uid": self.uid,
            "sequence": self.sequence,
            "participants": [
                [each.email, each.partstat, each.comment, list(each.delegated_to)]
                for each in self.participants
            ],
            "comment": self.comment,
            **{name: getattr(self, name) for name in _FLAGS},
            **{name: moment.isoformat() if moment else None for name, moment in moments.items()},
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> CalendarReply:
        """The Answer that `to_json` wrote."""
        moments = {n: datetime.fromisoformat(values[n]) if values.get(n) else None for n in _MOMENTS}
        people = tuple(
            Participant(email, partstat, comment, tuple(*to))
            for email, partstat, comment, *to in values["participants"]
        )
        return cls(**{**values, **moments, "participants": people})


@dataclass(frozen=True, slots=True)
class Bounce:
    """A delivery report of a mail server about a mail of ours (RFC 3464 2.3). `status` may be empty.

    `message_id` is that of the mail that it returns, whole or only its headers. It is empty if it returns
    none. A mail that only looks as if a server had written it is not a report (`is_report`).
    """

    action: str
    status: str
    recipient: str
    diagnostic: str
    message_id: str = ""
    is_report: bool = False

    @property
    def refusal(self) -> Refusal:
        """The action that the failure needs."""
        return classify_report(self.status, self.diagnostic)


@dataclass(frozen=True, slots=True)
class Complaint:
    """A provider's report that a reader took a mail of ours for spam (RFC 5965).

    `feedback` is its Feedback-Type. `message_id` is that of the mail that it returns, `envelope` the sender
    of our envelope. Each of these may be empty, and `recipient` too.
    """

    feedback: str
    recipient: str
    message_id: str = ""
    envelope: str = ""
    domain: str = ""
    """Of the recipient, once it is known who complained."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedEmail:
    """A mail as understood. All text is clean and capped. `reason` says why it is unreadable.

    `references` are the Message-IDs that it answers, the last one first. `forwarded_to` are the people whom
    a forwarding notice names. `note` is what a person wrote beside a calendar's answer: its comment, else the
    words in the mail's text.

    `sender` is the From address, which anybody can write: it is shown, and decides nothing (RFC 6047 2.3).
    Nothing is sent back for a mail of a list or a responder, which does not take one (`takes_reply`).
    """

    kind: MailKind
    message_id: str = ""
    sender: str = ""
    subject: str = ""
    text: str = ""
    note: str = ""
    answers: tuple[CalendarReply, ...] = ()
    references: tuple[str, ...] = ()
    bounce: Bounce | None = None
    complaint: Complaint | None = None
    forwarded_to: tuple[str, ...] = ()
    reason: str = ""
    takes_reply: bool = True
