"""Letters with a single link: to the team, operators and invited people."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from sqlalchemy.orm import Session

from scheduler.domain.entities import OutboxKind
from scheduler.services.outbox import outbox
from scheduler.services.outbox.outbox import NewMail

TO_TEAM: Final = frozenset(("checkpoint", "import", "morning", "operator", "pack", "published", "team"))
"""Letters to people who run an event or the installation."""

SECURITY: Final = "security"
"""The letter to a person about changes of how they sign in."""

OF_NO_EVENT: Final = TO_TEAM | {SECURITY}
"""Letters that are sent in rehearsal too, as they are about no participants."""

TO_STRANGERS: Final = ("register",)
"""Letters to addresses that were entered in a public form."""

AT_RATE_OF_EVENT: Final = (*TO_STRANGERS, "address")
"""Letters sent at the rate of the event they are about. A pause of the event's emails does not hold them."""

LATER_DOMAIN = "@alerts.invalid"
"""Placeholder domain in the Message-ID of a queued email. The sender replaces it by the installation's."""


def sent_id(message_id: str, mail_domain: str) -> str:
    """Return the Message-ID with which a queued email is sent."""
    return message_id.replace(LATER_DOMAIN, f"@{mail_domain}")


def queued_id(message_id: str, mail_domain: str) -> str:
    """Return the Message-ID in the outbox for one that was sent."""
    return message_id.replace(f"@{mail_domain}>", f"{LATER_DOMAIN}>")


@dataclass(frozen=True, slots=True, kw_only=True)
class NewLetter:
    """A letter from the catalogue's section `desk`, rendered as `LinkMail`.

    Its link leads to `path` on the site, or to the page whose token is derived from `seed`.
    """

    letter: str
    to_address: str
    to_name: str = ""
    language: str
    event: str = ""
    values: Mapping[str, str] = field(default_factory=dict)
    counts: Mapping[str, int] = field(default_factory=dict)
    path: str = ""
    seed: str = ""
    event_id: int | None = None
    about_event_id: int | None = None
    attendee_id: int | None = None
    request_id: int | None = None


def queue_letters(session: Session, letters: list[NewLetter], *, now: datetime) -> None:
    """Queue letters. Those without `event_id` are urgent and outside every rate, except `AT_RATE_OF_EVENT`.

    A letter that is not of `OF_NO_EVENT` must name its event by either id, because in rehearsal it must not
    be sent; otherwise raises ValueError. A bounce of a letter with an `attendee_id` counts as a report about
    that address.
    """
    for each in letters:
        if each.letter not in OF_NO_EVENT and each.event_id is None and each.about_event_id is None:
            raise ValueError(f"the letter {each.letter} does not say of which event it is")
    mails = [
        NewMail(
            kind=OutboxKind.DESK,
            to_address=each.to_address,
            to_name=each.to_name,
            event_id=each.event_id,
            about_event_id=each.about_event_id,
            attendee_id=each.attendee_id,
            request_id=each.request_id,
            payload={
                "letter": each.letter,
                "language": each.language,
                "event": each.event,
                "values": dict(each.values),
                "counts": dict(each.counts),
                "path": each.path,
                "seed": each.seed,
            },
            message_id=f"<{uuid.uuid4()}{LATER_DOMAIN}>",
            created_at=now,
            next_attempt_at=now,
        )
        for each in letters
    ]
    outbox.enqueue(session, mails)
