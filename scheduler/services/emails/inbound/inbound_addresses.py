"""Inbound addresses: those with the token of an invitation or email, and bare ones."""

from __future__ import annotations

import re
from dataclasses import dataclass
from hmac import compare_digest
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from scheduler.config import Settings
from scheduler.domain.entities import MailBox
from scheduler.secret_keys import SecretKeys
from scheduler.services.delivery import sent_records
from scheduler.services.delivery.mail_check import round_trip
from scheduler.services.delivery.mail_check.round_trip import RoundTripEmail
from scheduler.services.identity import tokens
from scheduler.services.replies import attendee_replies
from scheduler.storage.models import Event, Invitation, OutboxEmail

MAX_RECIPIENTS = 20
"""Maximum number of our addresses that one email may be sent to."""

BARE: Final = (
    "meetings", "bounces", "requests", "no-reply", "desk", "alerts", "sign-in", "complaints", "abuse",
    "postmaster",
)  # fmt: skip
"""Addresses without a token: senders of our emails, the feedback loop address, and those of RFC 2142.

Programs that reply to From instead of Reply-To, or that drop the part after the plus, write to these.
"""
POSTMASTER: Final = BARE[-1]

_TOKENED: Final = re.compile(r"(meetings|bounces)\+([a-z2-7]{32})@([a-z0-9.-]+)")
_SITE: Final = re.compile(
    r"(?<![\w.+-])(?:(?:meetings|bounces)(?:\+[a-z2-7]{32})?|requests|desk|alerts|sign-in)"
    r"@(?P<domain>[a-z0-9.-]*[a-z0-9])"
)
"""Addresses that only an installation has."""
_ANY: Final = re.compile(rf"(?<![\w.+-])(?:{'|'.join(BARE)})@[a-z0-9.-]+")


@dataclass(frozen=True, slots=True)
class InboundAddress:
    """The target of one of our addresses: an invitation or any outbox email, or neither if it is bare.

    `name` is the token, or the local part of a bare address.
    """

    box: MailBox
    name: str
    invitation: Invitation | None = None
    about: OutboxEmail | None = None
    round_trip: RoundTripEmail | None = None
    """Set for an email that Chainmeet sent to itself."""


def parse_address(session: Session, recipient: str, settings: Settings) -> InboundAddress | None:
    """Parse one of our addresses. Return None if it is not ours or its token is invalid.

    A report to an address with the reply token is recognised but proves nothing.
    """
    address = recipient.strip().strip("<>").lower()
    local, _, domain = address.rpartition("@")
    if domain != settings.mail_domain.lower():
        return None
    if local in BARE:
        return InboundAddress(MailBox.BARE, local)
    found = _TOKENED.fullmatch(address)
    if found is None:
        return None
    if (sent := round_trip.recognise(found[1], found[2], settings)) is not None:
        return InboundAddress(MailBox.REPORTS, found[2], round_trip=sent)
    return _tokened(session, found[1] == "bounces", found[2], settings)


def recipients_in(headers: str, mail_domain: str) -> list[str]:
    """Return the distinct addresses in a text that may be ours, up to `MAX_RECIPIENTS`.

    Bare ones are returned only if there is none with a token, so that a reply to all counts once.
    """
    text = headers.lower()
    tokened = dict.fromkeys(match[0] for match in _TOKENED.finditer(text))
    if tokened:
        return list(tokened)[:MAX_RECIPIENTS]
    bare = [match[0] for match in _ANY.finditer(text) if match[0].endswith(f"@{mail_domain.lower()}")]
    return bare[:1]


def is_for_another_site(session: Session, headers: str, mail_domain: str) -> bool:
    """Return True if a text names addresses of installations, and none is at a domain that was ever ours."""
    domains = {match["domain"] for match in _SITE.finditer(headers.lower())}
    return bool(domains) and not any(
        domain == mail_domain.lower() or _was_ours(session, domain) for domain in domains
    )


def _was_ours(session: Session, domain: str) -> bool:
    """Return True if the installation has sent emails with this domain, perhaps before it was changed."""
    sent = select(OutboxEmail.id).where(OutboxEmail.message_id.endswith(f"@{domain}>", autoescape=True))
    return session.scalar(sent.limit(1)) is not None


def _tokened(session: Session, is_for_reports: bool, token: str, settings: Settings) -> InboundAddress | None:
    invitation = attendee_replies.find_invitation(session, token)
    if invitation is not None:
        return InboundAddress(MailBox.OLD_REPORTS if is_for_reports else MailBox.ANSWERS, token, invitation)
    about = find_mail(session, token, settings.secret_key, is_for_reports=is_for_reports)
    if about is None:
        return None
    return InboundAddress(
        MailBox.REPORTS if is_for_reports else MailBox.ANSWERS, token, find_invitation(session, about), about
    )


def find_mail(
    session: Session, token: str, secret_key: SecretKeys, *, is_for_reports: bool
) -> OutboxEmail | None:
    """Return the email with this token in its envelope sender or Reply-To, unless its event was deleted."""
    row = session.get(OutboxEmail, tokens.row_id(token))
    if row is None or _is_of_deleted(session, row):
        return None
    make = sent_records.bounce_token if is_for_reports else sent_records.reply_token
    return row if compare_digest(make(row, secret_key), token) else None


def _is_of_deleted(session: Session, mail: OutboxEmail) -> bool:
    event_id = mail.event_id or mail.about_event_id
    return event_id is not None and session.get_one(Event, event_id).deleted_at is not None


def find_invitation(session: Session, about: OutboxEmail) -> Invitation | None:
    """Return the last invitation about an email's meeting, or None if it is about no meeting."""
    if about.uid is None or about.attendee_id is None:
        return None
    return session.scalar(
        select(Invitation)
        .where(Invitation.uid == about.uid, Invitation.attendee_id == about.attendee_id)
        .order_by(Invitation.sequence.desc(), Invitation.dtstamp.desc())
        .limit(1)
    )
