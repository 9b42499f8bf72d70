"""How a mail that comes in is kept, before anything reads it: for whom, how much, and for how long."""

from __future__ import annotations

import hashlib
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from scheduler.config import Settings
from scheduler.domain.entities import MailKind, MailOutcome
from scheduler.domain.errors import ChainmeetError
from scheduler.invites import inbound
from scheduler.invites.inbound.limits import MAX_MAIL
from scheduler.saying import say
from scheduler.services.access.tokens import hash_token
from scheduler.services.inbox import boxes
from scheduler.services.inbox.verdicts import Verdict
from scheduler.storage.models import Attendee, InboundMail

KEPT = 1024 * 1024
"""Octets of a mail that are kept for the organiser once it is judged."""
FORGET = timedelta(days=30)
"""The octets of a mail that was applied or ignored are removed this time after it was judged."""

MAX_A_DAY = 20
"""The most mails to one address within a day. Each address stands for one invitation."""
MAX_OCTETS = 5 * 1024 * 1024
"""Octets that are kept of all mails to one address."""

REASON_LIMIT = 400
NOT_READ = say("It was not read yet.")

_READ = MAX_MAIL + 1
"""Octets of a mail that are looked at: one more than any may have."""


class TooMuch(ChainmeetError):
    """An address of ours has reached its limit of mails. `str()` is a sentence."""

    code = "too-much-mail"


def take(
    session: Session, settings: Settings, recipient: str, raw: bytes, now: datetime
) -> tuple[bool, int | None]:
    """Whether the recipient is ours, and the id of the new row: none if the mail is known already.

    Raises TooMuch. Mails to one person take turns, so that the quota holds for those of one moment too.
    """
    ours = boxes.addressed(session, recipient, settings.mail_domain)
    if ours is None:
        return False, None
    invitation, digest, hashed = ours.invitation, hashlib.sha256(raw).hexdigest(), hash_token(ours.token)
    whose = select(Attendee.id).where(Attendee.id == invitation.attendee_id)
    session.execute(whose.with_for_update(key_share=True))
    known = InboundMail.token_hash == hashed, InboundMail.digest == digest
    if session.scalar(select(InboundMail.id).where(*known)) is not None:
        return True, None
    _check_quota(session, hashed, len(raw), now)
    mail = InboundMail(
        event_id=invitation.event_id,
        request_id=invitation.request_id,
        attendee_id=invitation.attendee_id,
        uid=invitation.uid,
        box=ours.box,
        token_hash=hashed,
        digest=digest,
        **understood(inbound.InboundMail(kind=MailKind.UNREADABLE, reason=NOT_READ)),
        outcome=MailOutcome.RECEIVED,
        received_at=now,
        size=len(raw),
        raw=raw[:_READ],
        kept=len(raw[:_READ]),
    )
    try:
        with session.begin_nested():
            session.add(mail)
    except IntegrityError:
        return True, None
    return True, mail.id


def _check_quota(session: Session, token_hash: str, size: int, now: datetime) -> None:
    mails = InboundMail.token_hash == token_hash
    today = select(func.count()).where(mails, InboundMail.received_at > now - timedelta(days=1))
    if session.scalars(today).one() >= MAX_A_DAY:
        raise TooMuch(f"The address had {MAX_A_DAY} mails within a day.")
    kept = session.scalars(select(func.coalesce(func.sum(InboundMail.kept), 0)).where(mails)).one()
    if kept + min(size, KEPT) > MAX_OCTETS:
        raise TooMuch(f"The address had {MAX_OCTETS // 1024 // 1024} MiB of mails.")


def forget_octets(session: Session, *, now: datetime) -> int:
    """Remove the octets of mails that were settled long ago, and give the number of mails."""
    settled = InboundMail.outcome.in_((MailOutcome.APPLIED, MailOutcome.IGNORED))
    old = update(InboundMail).where(settled, InboundMail.handled_at < now - FORGET, InboundMail.kept > 0)
    return len(session.scalars(old.values(raw=b"", kept=0).returning(InboundMail.id)).all())


def understood(found: inbound.InboundMail) -> dict[str, Any]:
    """The columns for what a mail was understood to be."""
    return {
        "kind": found.kind,
        "message_id": found.message_id,
        "sender": found.sender,
        "subject": found.subject,
        "text": found.text,
        "answers": [answer.to_json() for answer in found.answers],
        "bounce": asdict(found.bounce) if found.bounce else {},
        "reason": found.reason[:REASON_LIMIT],
    }


def close(mail: InboundMail, verdict: Verdict, now: datetime, *, by: int | None) -> None:
    """Record the verdict on a mail, and the account that decided it, or None if no person did."""
    mail.outcome, mail.reason = verdict.outcome, verdict.reason[:REASON_LIMIT]
    if mail.kept > KEPT:
        mail.raw, mail.kept = mail.raw[:KEPT], KEPT
    mail.handled_at, mail.handled_by = now, by
