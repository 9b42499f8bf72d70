"""Incoming email as organisers see it, with the email that it replies to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from scheduler.domain.entities import MailKind, MailOutcome, OutboxKind, RequestState
from scheduler.services.outbox import payloads
from scheduler.storage.in_list import in_chunks
from scheduler.storage.models import InboundEmail, MeetingRequest, OutboxEmail


@dataclass(frozen=True, slots=True)
class EmailPerson:
    """The attendee whose invitation an email came to, or who has its From address."""

    key: str
    name: str
    latin_name: str
    email: str


@dataclass(frozen=True, slots=True)
class DigestRequest:
    """A request in a digest: the other firm, and the request's current state."""

    key: str
    firm: str
    state: RequestState


@dataclass(frozen=True, slots=True)
class AnsweredEmail:
    """Our email that an email replies to. `requests` are those a digest listed."""

    kind: OutboxKind
    name: str
    address: str
    sent_at: datetime | None
    requests: Sequence[DigestRequest]


@dataclass(frozen=True, slots=True)
class IncomingEmail:
    """An incoming email for organisers. `stored_size` of its `size` octets are stored.

    `is_answerable`: it is about an invitation and can be applied as a reply. `note` is a person's comment in
    a calendar's reply.
    """

    id: int
    kind: MailKind
    attendee: EmailPerson | None
    about: AnsweredEmail | None
    is_answerable: bool
    sender: str
    subject: str
    text: str
    note: str
    outcome: MailOutcome
    reason: str
    received_at: datetime
    size: int
    stored_size: int


_SAME = (
    "id", "kind", "sender", "subject", "text", "note", "outcome", "reason", "received_at", "size",
    "stored_size",
)  # fmt: skip


def show_email(session: Session, mail: InboundEmail) -> IncomingEmail:
    """Return an email with its attendee and the email that it replies to."""
    who = mail.attendee
    about = session.get(OutboxEmail, mail.outbox_email_id) if mail.outbox_email_id is not None else None
    return IncomingEmail(
        attendee=EmailPerson(who.key, who.name, who.latin_name, who.email) if who is not None else None,
        about=_about(session, about) if about is not None else None,
        is_answerable=mail.uid is not None and mail.attendee_id is not None,
        **{name: getattr(mail, name) for name in _SAME},
    )


def _about(session: Session, about: OutboxEmail) -> AnsweredEmail:
    return AnsweredEmail(
        about.kind, about.to_name, about.to_address, about.sent_at, _requests(session, about)
    )


def _requests(session: Session, about: OutboxEmail) -> Sequence[DigestRequest]:
    """Return the requests of a digest that need a response, in its order."""
    if about.kind is not OutboxKind.DIGEST:
        return ()
    items = payloads.digest_requests(about.payload)
    rows = session.execute(
        select(MeetingRequest.id, MeetingRequest.key, MeetingRequest.state).where(
            in_chunks(MeetingRequest.id, [request for request, _ in items])
        )
    )
    known = {row.id: (row.key, row.state) for row in rows}
    found = [(firm, known[request]) for request, firm in items if request in known]
    return [DigestRequest(key, firm, state) for firm, (key, state) in found]
