"""What is understood of an inbound mail."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Kind(StrEnum):
    """What a mail is, before anybody asks whether it may do what it says."""

    REPLY = "reply"
    COUNTER = "counter"
    REFRESH = "refresh"
    DELEGATION = "delegation"
    BOUNCE = "bounce"
    AUTO_REPLY = "auto_reply"
    OWN = "own"
    """A REQUEST, CANCEL or other message of an organiser: ours that comes back, or somebody's own."""
    TEXT = "text"
    UNREADABLE = "unreadable"


class Unreadable(Exception):
    """A mail, or its calendar, cannot or must not be taken apart; `str()` is a sentence for a person."""


@dataclass(frozen=True, slots=True)
class Participant:
    """One ATTENDEE of an answer: a lower-case address, and PARTSTAT in upper case."""

    email: str
    partstat: str
    comment: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One VEVENT of a REPLY, COUNTER or REFRESH.

    `sequence` and `dtstamp` are None where they cannot be read. `start` and `end` are UTC, or None where
    they are missing or have no zone. `is_instance` tells an answer about one instance of a series.
    """

    uid: str
    sequence: int | None
    dtstamp: datetime | None
    participants: tuple[Participant, ...]
    comment: str = ""
    start: datetime | None = None
    end: datetime | None = None
    is_instance: bool = False


@dataclass(frozen=True, slots=True)
class Bounce:
    """What a mail server says of a mail of ours (RFC 3464 2.3); `status` is empty where it gives none."""

    action: str
    status: str
    recipient: str
    diagnostic: str

    @property
    def is_final(self) -> bool:
        """Whether the address itself does not take mail: a failure with a permanent status (RFC 3463)."""
        return self.action == "failed" and self.status.startswith("5.")


@dataclass(frozen=True, slots=True, kw_only=True)
class InboundMail:
    """A mail as understood; all text is clean and capped. `reason` says why it is unreadable.

    `sender` is the From address, which anybody can write: it is shown, and decides nothing (RFC 6047 2.3).
    """

    kind: Kind
    message_id: str = ""
    sender: str = ""
    subject: str = ""
    text: str = ""
    answers: tuple[Answer, ...] = ()
    bounce: Bounce | None = None
    reason: str = ""
