"""Intake of inbound emails: quotas, and the octets that are stored."""

from __future__ import annotations

import hashlib
import re
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from scheduler.config import Settings
from scheduler.domain.entities import MailBox, MailKind, MailOutcome
from scheduler.domain.errors import ChainmeetError
from scheduler.i18n import gettext_lazy
from scheduler.invites import inbound
from scheduler.invites.inbound.limits import MAX_MAIL
from scheduler.services.delivery.mail_check import round_trip
from scheduler.services.emails.inbound import event_matching, inbound_addresses
from scheduler.services.emails.inbound.inbound_addresses import InboundAddress
from scheduler.services.emails.inbound.verdicts import Verdict
from scheduler.services.identity.tokens import hash_token
from scheduler.storage.models import Attendee, InboundEmail, Invitation, OutboxEmail

KEPT = 1024 * 1024
"""Octets of an email that are kept for organisers after it is judged."""
DAY = timedelta(days=1)

MOST_WAITING = 20
"""Maximum number of a day's emails to one address that wait at once.

Each address stands for one invitation.
"""
MAX_A_DAY = 200
"""Maximum number of emails to one address within a day. Further ones are deferred, not lost."""
MAX_ANSWERS = 50
"""Additional emails per day that look like the attendee's reply. Other people's emails do not use these."""
MAX_OCTETS = 5 * 1024 * 1024
"""Maximum octets stored per address. Those of the oldest emails are deleted for the newest."""
MAX_A_DAY_BARE, MAX_OCTETS_BARE = 500, 50 * 1024 * 1024
"""The same for an address without a token, which everyone shares."""

REASON_LIMIT = 400
NOT_READ = gettext_lazy("This email hasn't been read in yet.")

_ANSWER = re.compile(rb"method=\"?(?:reply|counter)\b")
_ANSWERS = (MailKind.REPLY, MailKind.COUNTER)
_READ = MAX_MAIL + 1
"""Octets of an email that are examined: one more than the permitted maximum."""


class InboxFull(ChainmeetError):
    """One of our addresses has reached its limit; the email should be sent again later.

    `str()` is a sentence.
    """

    code = "too-much-mail"


def store_email(
    session: Session, settings: Settings, recipient: str, raw: bytes, now: datetime
) -> tuple[bool, int | None]:
    """Store an email. Return whether the recipient is ours, and the new row's id, or None for a duplicate.

    Raises InboxFull. Emails to one person are serialised, so that the quota also holds for concurrent ones.
    """
    ours = inbound_addresses.parse_address(session, recipient, settings)
    if ours is None:
        return False, None
    if ours.round_trip is not None:
        round_trip.record_arrival(session, ours.round_trip, now=now)
        return True, None
    digest, hashed = hashlib.sha256(raw).hexdigest(), hash_token(ours.name)
    _lock_address(session, ours)
    known = InboundEmail.token_hash == hashed, InboundEmail.digest == digest
    if session.scalar(select(InboundEmail.id).where(*known)) is not None:
        return True, None
    answerer = _answerer(session, ours, raw)
    _check_quota(session, hashed, len(raw), now, is_bare=ours.box is MailBox.BARE, answerer=answerer)
    mail = InboundEmail(
        **_whose(ours.invitation),
        box=ours.box,
        token_hash=hashed,
        digest=digest,
        **parsed_columns(inbound.ParsedEmail(kind=MailKind.UNREADABLE, reason=NOT_READ)),
        outcome=MailOutcome.RECEIVED,
        received_at=now,
        size=len(raw),
        raw=raw[:_READ],
        stored_size=len(raw[:_READ]),
    )
    if ours.about is not None:
        event_matching.assign_to_mail(session, mail, ours.about)
    try:
        with session.begin_nested():
            session.add(mail)
    except IntegrityError:
        return True, None
    return True, mail.id


def _lock_address(session: Session, ours: InboundAddress) -> None:
    """Lock the row that the address stands for. A bare address has none, so senders to it never wait."""
    for found in (ours.invitation, ours.about):
        if found is not None and found.attendee_id is not None:
            whose = select(Attendee.id).where(Attendee.id == found.attendee_id)
            session.execute(whose.with_for_update(key_share=True))
            return
    if ours.about is not None:
        about = select(OutboxEmail.id).where(OutboxEmail.id == ours.about.id)
        session.execute(about.with_for_update(key_share=True))


def _whose(invitation: Invitation | None) -> dict[str, Any]:
    if invitation is None:
        return {}
    return {name: getattr(invitation, name) for name in ("event_id", "request_id", "attendee_id", "uid")}


def _answerer(session: Session, ours: InboundAddress, raw: bytes) -> str:
    """Return the attendee's address if an unparsed email looks like their reply, else an empty text.

    The check searches the raw octets: the address in the header, and the method of a calendar reply in any
    part (RFC 6047, 2.4). Forging both gains only this quota.
    """
    found = session.get(Attendee, ours.invitation.attendee_id) if ours.invitation is not None else None
    if found is None:
        return ""
    text = raw[:_READ].lower()
    header = re.split(rb"\r?\n\r?\n", text, maxsplit=1)[0]
    is_theirs = found.email.lower().encode() in header
    return found.email if is_theirs and _ANSWER.search(text) else ""


def _check_quota(
    session: Session, token_hash: str, size: int, now: datetime, *, is_bare: bool, answerer: str
) -> None:
    most, octets = (MAX_A_DAY_BARE, MAX_OCTETS_BARE) if is_bare else (MAX_A_DAY, MAX_OCTETS)
    mails = InboundEmail.token_hash == token_hash
    today = select(func.count()).where(mails, InboundEmail.received_at > now - DAY)
    own = today.where(func.lower(InboundEmail.sender) == answerer.lower(), InboundEmail.kind.in_(_ANSWERS))
    has_place = bool(answerer) and session.scalars(own).one() < MAX_ANSWERS
    if session.scalars(today).one() >= most and not has_place:
        raise InboxFull(f"The address had {most} emails within a day.")
    _make_room(session, token_hash, min(size, KEPT), octets)


def _make_room(session: Session, token_hash: str, size: int, most: int) -> None:
    """Delete the octets of the oldest judged emails: settled ones first, then waiting ones.

    The parsed columns stay.
    """
    rows = session.execute(
        select(InboundEmail.id, InboundEmail.stored_size, InboundEmail.outcome)
        .where(InboundEmail.token_hash == token_hash, InboundEmail.stored_size > 0)
        .order_by(InboundEmail.outcome == MailOutcome.WAITING, InboundEmail.id)
    ).all()
    over = sum(row.stored_size for row in rows) + size - most
    for row in rows:
        if over <= 0:
            return
        if row.outcome is not MailOutcome.RECEIVED:
            session.execute(
                update(InboundEmail).where(InboundEmail.id == row.id).values(raw=b"", stored_size=0)
            )
            over -= row.stored_size


def let_newest_wait(session: Session, mail: InboundEmail, *, now: datetime) -> None:
    """Let the newest email wait. If too many of the day wait, the older ones are ignored."""
    waiting = (
        InboundEmail.token_hash == mail.token_hash,
        InboundEmail.outcome == MailOutcome.WAITING,
        InboundEmail.received_at > now - DAY,
        InboundEmail.id != mail.id,
    )
    ids = session.scalars(select(InboundEmail.id).where(*waiting).order_by(InboundEmail.id)).all()
    reason = gettext_lazy(
        "Many emails came to this address on this day. A newer one waits for a decision instead of this one."
    )
    session.execute(
        update(InboundEmail)
        .where(InboundEmail.id.in_(ids[MOST_WAITING:]))
        .values(outcome=MailOutcome.IGNORED, reason=reason, handled_at=now)
        .execution_options(synchronize_session=False)
    )


def parsed_columns(found: inbound.ParsedEmail) -> dict[str, Any]:
    """Return the columns for a parsed email."""
    return {
        "kind": found.kind,
        "message_id": found.message_id,
        "sender": found.sender,
        "subject": found.subject,
        "text": found.text,
        "note": found.note,
        "answers": [answer.to_json() for answer in found.answers],
        "bounce": _notice(found),
        "reason": found.reason[:REASON_LIMIT],
    }


def _notice(found: inbound.ParsedEmail) -> dict[str, Any]:
    if found.forwarded_to:
        return {"forwarded_to": list(found.forwarded_to)}
    notice = found.bounce or found.complaint
    return {} if notice is None else asdict(notice)


def record_verdict(mail: InboundEmail, verdict: Verdict, now: datetime, *, by: int | None) -> None:
    """Record the verdict on an email, with the account that decided it, or None if it was automatic."""
    mail.outcome, mail.reason = verdict.outcome, verdict.reason[:REASON_LIMIT]
    if mail.stored_size > KEPT:
        mail.raw, mail.stored_size = mail.raw[:KEPT], KEPT
    mail.handled_at, mail.handled_by = now, by
