"""The inbox of an event: mails that came in, each kept once, judged once, and left to a person if need be."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime

import structlog
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from scheduler.config import Settings
from scheduler.domain.entities import AnswerSource, MailKind, MailOutcome, Partstat
from scheduler.domain.errors import NotFound, WrongState
from scheduler.invites import inbound
from scheduler.services import answering, answers, resending
from scheduler.services.actors import Actor
from scheduler.services.answering import Verdict
from scheduler.services.answers import Given
from scheduler.services.paging import Order, Page, fetch_page
from scheduler.services.tokens import hash_token
from scheduler.storage.database import Database
from scheduler.storage.models import InboundMail, Invitation

KEPT = 1024 * 1024
"""Octets of a mail that are kept for the organiser."""

REASON_LIMIT = 400

MAX_RECIPIENTS = 20
"""Addresses that one mail may be an answer to."""

_RECIPIENT = re.compile(r"(?:meetings|bounces)\+([a-z2-7]{32})@([a-z0-9.-]+)")
_NEWEST = Order("inbox", (InboundMail.id,), (int,), descending=True)

log = structlog.get_logger()


def token_of(recipient: str, mail_domain: str) -> str | None:
    """The token in an address of ours that answers or bounces come to, or None."""
    found = _RECIPIENT.fullmatch(recipient.strip().strip("<>").lower())
    return found[1] if found and found[2] == mail_domain.lower() else None


def recipients_in(headers: str) -> list[str]:
    """The addresses in a text that may be ours, each once, up to MAX_RECIPIENTS."""
    found = dict.fromkeys(match[0] for match in _RECIPIENT.finditer(headers.lower()))
    return list(found)[:MAX_RECIPIENTS]


def knows(session: Session, recipient: str, mail_domain: str) -> bool:
    """Whether mail to the address is for one of our invitations."""
    token = token_of(recipient, mail_domain)
    return token is not None and answers.invitation_for(session, token) is not None


def receive(database: Database, settings: Settings, recipient: str, raw: bytes, *, now: datetime) -> bool:
    """Keep a mail and judge it; False if the address is none of ours. A mail that was kept is never lost.

    The same octets to the same address are judged once, however often they are handed in.
    """
    token = token_of(recipient, settings.mail_domain)
    if token is None:
        return False
    with database.read() as session:
        invitation = answers.invitation_for(session, token)
    if invitation is None:
        return False
    found = inbound.read(raw)  # takes a second or two for the worst mails: before any lock is taken
    with database.write() as session:
        mail_id = _keep(session, invitation, token, raw, found, now)
    if mail_id is not None:
        judge(database, settings, mail_id, now=now)
    return True


def judge(database: Database, settings: Settings, mail_id: int, *, now: datetime) -> None:
    """Judge a mail that was received; one that was judged already stays as it is."""
    try:
        with database.write() as session:
            mail = _received(session, mail_id)
            if mail is not None:
                verdict = answering.judge(session, mail, mail_domain=settings.mail_domain, now=now)
                _close(mail, verdict, now, by=None)
    except Exception as error:  # one mail must not keep the others back
        log.exception("mail not judged", mail=mail_id)
        with database.write() as session:
            mail = _received(session, mail_id)
            if mail is not None:
                reason = f"It could not be judged ({type(error).__name__})."
                _close(mail, Verdict(MailOutcome.WAITING, reason), now, by=None)


def left_over(session: Session) -> Sequence[int]:
    """Mails that nobody has judged: they come in just now, or a process died with them."""
    return session.scalars(
        select(InboundMail.id).where(InboundMail.outcome == MailOutcome.RECEIVED).order_by(InboundMail.id)
    ).all()


def listing(
    session: Session,
    actor: Actor,
    *,
    outcome: MailOutcome | None = None,
    cursor: str | None = None,
    limit: int = 50,
) -> Page[InboundMail]:
    """The event's mails, the newest first. Raises NotAllowed for who is no organiser."""
    actor.require_organiser()
    query = select(InboundMail).where(InboundMail.event_id == actor.event_id)
    if outcome is not None:
        query = query.where(InboundMail.outcome == outcome)
    page = fetch_page(session, query, _NEWEST, cursor=cursor, limit=limit)
    return Page(tuple(row[0] for row in page.items), page.next_cursor, page.total)


def counts(session: Session, actor: Actor) -> dict[MailOutcome, int]:
    """How many of the event's mails have each outcome."""
    actor.require_organiser()
    rows = session.execute(
        select(InboundMail.outcome, func.count())
        .where(InboundMail.event_id == actor.event_id)
        .group_by(InboundMail.outcome)
    )
    found = {outcome: count for outcome, count in rows}  # noqa: C416 -- dict(rows) loses the types
    return {outcome: found.get(outcome, 0) for outcome in MailOutcome}


def get(session: Session, actor: Actor, mail_id: int) -> InboundMail:
    """A mail of the event; raises NotFound, or NotAllowed for who is no organiser."""
    actor.require_organiser()
    mail = session.get(InboundMail, mail_id)
    if mail is None or mail.event_id != actor.event_id:
        raise NotFound("mail", mail_id)
    return mail


def apply(session: Session, actor: Actor, mail_id: int, partstat: Partstat, *, now: datetime) -> InboundMail:
    """Take a waiting mail as its attendee's answer to the meeting as it was last told; raises WrongState."""
    mail = _waiting(session, actor, mail_id, "applied")
    invitation = answers.latest(session, mail.uid, mail.attendee_id)
    given = Given(
        partstat=partstat,
        sequence=invitation.sequence,
        source=AnswerSource.ORGANISER,
        dtstamp=now,
        comment=mail.text[:1000],
    )
    done = answers.give(session, invitation, given, now=now)
    _close(mail, Verdict(MailOutcome.APPLIED, f"An organiser took it as an answer. {done}"), now, by=actor)
    return mail


def set_aside(
    session: Session, actor: Actor, mail_id: int, *, mail_domain: str, now: datetime
) -> InboundMail:
    """Leave a waiting mail without effect; the maker of a counter-proposal is told. Raises WrongState."""
    mail = _waiting(session, actor, mail_id, "set aside")
    if mail.kind is MailKind.COUNTER:
        invitation = answers.latest(session, mail.uid, mail.attendee_id)
        resending.proposal_declined(session, invitation, mail_domain=mail_domain, now=now)
    _close(mail, Verdict(MailOutcome.IGNORED, "An organiser set it aside."), now, by=actor)
    return mail


def _keep(
    session: Session,
    invitation: Invitation,
    token: str,
    raw: bytes,
    found: inbound.InboundMail,
    now: datetime,
) -> int | None:
    """The id of the new row, or None if the mail is known already."""
    mail = InboundMail(
        event_id=invitation.event_id,
        request_id=invitation.request_id,
        attendee_id=invitation.attendee_id,
        uid=invitation.uid,
        token_hash=hash_token(token),
        digest=hashlib.sha256(raw).hexdigest(),
        kind=found.kind,
        message_id=found.message_id,
        sender=found.sender,
        subject=found.subject,
        text=found.text,
        answers=[answer.to_json() for answer in found.answers],
        bounce=asdict(found.bounce) if found.bounce else {},
        outcome=MailOutcome.RECEIVED,
        reason=found.reason[:REASON_LIMIT],
        received_at=now,
        size=len(raw),
        raw=raw[:KEPT],
    )
    try:
        with session.begin_nested():
            session.add(mail)
    except IntegrityError:
        return None
    return mail.id


def _received(session: Session, mail_id: int) -> InboundMail | None:
    """The mail if nobody has judged it; its row is locked, so that two judges take turns."""
    return session.scalar(
        select(InboundMail)
        .where(InboundMail.id == mail_id, InboundMail.outcome == MailOutcome.RECEIVED)
        .with_for_update(key_share=True)
    )


def _waiting(session: Session, actor: Actor, mail_id: int, step: str) -> InboundMail:
    mail = get(session, actor, mail_id)
    session.refresh(mail, with_for_update={"key_share": True})
    if mail.outcome is not MailOutcome.WAITING:
        raise WrongState("mail", mail_id, mail.outcome.value, step)
    return mail


def _close(mail: InboundMail, verdict: Verdict, now: datetime, *, by: Actor | None) -> None:
    mail.outcome, mail.reason = verdict.outcome, verdict.reason[:REASON_LIMIT]
    mail.handled_at, mail.handled_by = now, by.account_id if by else None
