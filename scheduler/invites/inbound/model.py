"""Parsed inbound email."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from scheduler.domain.entities import MailKind, Refusal
from scheduler.invites.refusals import classify_report


class UnreadableEmail(Exception):
    """An email or its calendar is malformed or exceeds a limit. `str()` is a readable sentence."""


@dataclass(frozen=True, slots=True)
class Participant:
    """One ATTENDEE of a reply: a lower-case address, and PARTSTAT in upper case.

    `delegated_to` are the addresses of the delegates (RFC 5545 3.2.5).
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

    `sequence` and `dtstamp` are None if malformed. `has_local_stamp` marks a DTSTAMP in local time, which is
    unreliable as it has no zone. `start` and `end` are UTC, or None if missing or malformed. `is_zoneless`
    marks a start without a zone, `has_unknown_zone` one whose zone cannot be resolved. With `is_day` they are
    midnights of whole days, to be read in the venue's zone. `is_instance` marks a reply about one instance of
    a series, and `instance` is the start of that instance.
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
        """Return JSON values. `from_json` restores an equal reply."""
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
        """Return the reply that `to_json` wrote."""
        moments = {n: datetime.fromisoformat(values[n]) if values.get(n) else None for n in _MOMENTS}
        people = tuple(
            Participant(email, partstat, comment, tuple(*to))
            for email, partstat, comment, *to in values["participants"]
        )
        return cls(**{**values, **moments, "participants": people})


@dataclass(frozen=True, slots=True)
class Bounce:
    """A delivery report about one of our emails (RFC 3464 2.3). `status` may be empty.

    `message_id` is that of the returned email, enclosed whole or as headers, or empty if none is enclosed.
    `is_report` is False for an email that only looks like one from a mail server.
    """

    action: str
    status: str
    recipient: str
    diagnostic: str
    message_id: str = ""
    is_report: bool = False

    @property
    def refusal(self) -> Refusal:
        """The action required by the failure."""
        return classify_report(self.status, self.diagnostic)


@dataclass(frozen=True, slots=True)
class Complaint:
    """A provider's report that a recipient marked our email as spam (RFC 5965).

    `feedback` is its Feedback-Type. `message_id` is that of the returned email, `envelope` our envelope
    sender. These and `recipient` may be empty.
    """

    feedback: str
    recipient: str
    message_id: str = ""
    envelope: str = ""
    domain: str = ""
    """The recipient's domain, set once the complainant is identified."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedEmail:
    """A parsed email. All text is cleaned and truncated. `reason` says why it is unreadable.

    `references` are the Message-IDs that it replies to, nearest first. `forwarded_to` are the people named by
    a forward notice. `note` is what a person added to a calendar reply: its comment, else the text of the
    email. `sender` is the From address, which is unauthenticated: it is displayed, never trusted (RFC 6047
    2.3). `takes_reply` is False for mailing lists and automatic responders, to which nothing is sent back.
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
