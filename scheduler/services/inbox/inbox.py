"""The inbox of an event: mails that came in, each kept once, judged once, and left to a person if need be."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial

import structlog
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from scheduler.config import Settings
from scheduler.domain.entities import AnswerSource, MailBox, MailKind, MailOutcome, Partstat
from scheduler.domain.errors import NotFound, WrongState
from scheduler.invites import inbound
from scheduler.services.access.actors import Actor
from scheduler.services.access.rights import Right
from scheduler.services.answers import answers, resend
from scheduler.services.answers.answers import Given
from scheduler.services.inbox import aliases, bouncing, judgement
from scheduler.services.inbox.keeping import KEPT, REASON_LIMIT, TooMuch, take, understood
from scheduler.services.inbox.verdicts import Verdict
from scheduler.services.paging import Order, Page, fetch_page
from scheduler.storage.database import Database
from scheduler.storage.models import Attendee, InboundMail
from scheduler.untrusted import reading
from scheduler.untrusted.pool import AllBusy, NotStarted

MAX_ATTEMPTS = 3
PATIENCE = timedelta(seconds=90)
"""After so long without a judgement another attempt is made: no attempt takes as long."""

_NEWEST = Order("inbox", (InboundMail.id,), (int,), descending=True)

log = structlog.get_logger()


def receive(database: Database, settings: Settings, recipient: str, raw: bytes, *, now: datetime) -> bool:
    """Keep a mail, then read and judge it; False if the address is none of ours.

    A mail that was kept is never lost: what goes wrong afterwards is tried again. The same octets to the
    same address are kept and judged once, however often they are handed in. Raises TooMuch.
    """
    known = receive_for(database, settings, [recipient], raw, now=now)
    return bool(known)


def receive_for(
    database: Database, settings: Settings, recipients: Sequence[str], raw: bytes, *, now: datetime
) -> list[str]:
    """As `receive`, for several recipients of one mail, which is read once; gives those that are ours.

    Raises TooMuch if none of them took it and one has had too much.
    """
    kept, known, refused = [], [], None
    for recipient in recipients:
        try:
            with database.write() as session:
                is_known, mail_id = take(session, settings, recipient, raw, now)
        except TooMuch as error:
            log.warning("mail not taken", reason=str(error), octets=len(raw))
            refused = error
            continue
        known += [recipient] if is_known else []
        kept += [mail_id] if mail_id is not None else []
    if refused is not None and not known:
        raise refused
    _judge_all(database, settings, kept, now=now)
    return known


def judge(database: Database, settings: Settings, mail_id: int, *, now: datetime) -> None:
    """Read and judge a mail that was received; one that was judged already stays as it is."""
    _judge_all(database, settings, [mail_id], now=now)


def left_over(session: Session, *, now: datetime) -> Sequence[int]:
    """Mails that nobody has judged for a while: a process died with them, or something was in the way."""
    since = func.coalesce(InboundMail.attempted_at, InboundMail.received_at)
    waiting = InboundMail.outcome == MailOutcome.RECEIVED
    return session.scalars(
        select(InboundMail.id).where(waiting, since <= now - PATIENCE).order_by(InboundMail.id)
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
    actor.require(Right.READ_INBOX)
    query = select(InboundMail).where(InboundMail.event_id == actor.event_id)
    if outcome is not None:
        query = query.where(InboundMail.outcome == outcome)
    page = fetch_page(session, query, _NEWEST, cursor=cursor, limit=limit)
    return Page(tuple(row[0] for row in page.items), page.next_cursor, page.total)


def counts(session: Session, actor: Actor) -> dict[MailOutcome, int]:
    """How many of the event's mails have each outcome."""
    actor.require(Right.READ_INBOX)
    rows = session.execute(
        select(InboundMail.outcome, func.count())
        .where(InboundMail.event_id == actor.event_id)
        .group_by(InboundMail.outcome)
    )
    found = {outcome: count for outcome, count in rows}  # noqa: C416 -- dict(rows) loses the types
    return {outcome: found.get(outcome, 0) for outcome in MailOutcome}


def get(session: Session, actor: Actor, mail_id: int) -> InboundMail:
    """A mail of the event; raises NotFound, or NotAllowed for who is no organiser."""
    actor.require(Right.READ_INBOX)
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
        resend.proposal_declined(session, invitation, mail_domain=mail_domain, now=now)
    _close(mail, Verdict(MailOutcome.IGNORED, "An organiser set it aside."), now, by=actor)
    return mail


def same_person(
    session: Session, actor: Actor, mail_id: int, *, settings: Settings, now: datetime
) -> InboundMail:
    """Say that a waiting answer is its attendee's own, under another address of theirs, and take it so.

    Later ones under that address count, and those of this person that wait for it are judged anew.
    Raises WrongState, and InvalidInput where `aliases.claimed` offers nothing.
    """
    mail = _waiting(session, actor, mail_id, "taken as the same person's")
    address = aliases.add(session, actor, mail, now=now)
    waiting = select(InboundMail).where(
        InboundMail.attendee_id == mail.attendee_id,
        InboundMail.box == MailBox.ANSWERS,
        InboundMail.kind.in_(aliases.ANSWERS),
        InboundMail.outcome == MailOutcome.WAITING,
    )
    in_order = waiting.order_by(InboundMail.received_at, InboundMail.id).with_for_update(key_share=True)
    for each in session.scalars(in_order).all():
        if address in aliases.writers(each):
            verdict = judgement.judge(
                session, each, mail_domain=settings.mail_domain, rates=settings.rates, now=now
            )
            _close(each, verdict, now, by=actor)
    return mail


def mark_dead(session: Session, actor: Actor, mail_id: int, *, now: datetime) -> InboundMail:
    """Believe a waiting report: mails to the attendee are held from now on. Raises WrongState."""
    mail = _waiting(session, actor, mail_id, "believed")
    if mail.kind is not MailKind.BOUNCE:
        raise WrongState("mail", mail_id, mail.kind.value, "believed as a report")
    attendee = session.get_one(Attendee, mail.attendee_id)
    bouncing.mark(session, attendee, mail, now=now)
    reason = f"An organiser believes it: the address {attendee.email} does not take mail."
    _close(mail, Verdict(MailOutcome.APPLIED, reason), now, by=actor)
    return mail


def _judge_all(database: Database, settings: Settings, mail_ids: Sequence[int], *, now: datetime) -> None:
    """Judge mails of the same octets: they are read once, and no transaction is open meanwhile."""
    found: inbound.InboundMail | None = None
    for mail_id in mail_ids:
        try:
            with database.write() as session:
                raw = _begin(session, mail_id, now)
            if raw is None:
                continue
            found = found or _read(raw)
            database.transact(partial(_judge, settings, mail_id, found, now))
        except (AllBusy, NotStarted) as error:
            log.warning("mail not read now", mail=mail_id, reason=str(error))
            with database.write() as session:
                _put_back(session, mail_id)
            return  # nor are the others, which are not begun
        except Exception:  # one mail must not keep the others back
            log.exception("mail not judged", mail=mail_id)


def _judge(
    settings: Settings, mail_id: int, found: inbound.InboundMail, now: datetime, session: Session
) -> None:
    """Do what a mail says that nobody has judged."""
    mail = _received(session, mail_id)
    if mail is None:
        return
    for name, value in understood(found).items():
        setattr(mail, name, value)
    session.flush()
    verdict = judgement.judge(session, mail, mail_domain=settings.mail_domain, rates=settings.rates, now=now)
    _close(mail, verdict, now, by=None)


def _begin(session: Session, mail_id: int, now: datetime) -> bytes | None:
    """Count an attempt and give the octets; None if the mail is judged, or waits for a person from now on."""
    mail = _received(session, mail_id)
    if mail is None:
        return None
    if mail.attempts >= MAX_ATTEMPTS:
        reason = f"It could not be read and judged, {MAX_ATTEMPTS} times; see the mail itself."
        _close(mail, Verdict(MailOutcome.WAITING, reason), now, by=None)
        return None
    mail.attempts, mail.attempted_at = mail.attempts + 1, now
    return mail.raw


def _put_back(session: Session, mail_id: int) -> None:
    """An attempt in which nothing could read the mail does not count."""
    mail = _received(session, mail_id)
    if mail is not None:
        mail.attempts -= 1


def _read(raw: bytes) -> inbound.InboundMail:
    try:
        return reading.mail(raw)
    except reading.Exceeded as error:  # the same mail would do the same again
        return inbound.InboundMail(kind=MailKind.UNREADABLE, reason=str(error))


def _received(session: Session, mail_id: int) -> InboundMail | None:
    """The mail if nobody has judged it; its row is locked, so that two judges take turns."""
    return session.scalar(
        select(InboundMail)
        .where(InboundMail.id == mail_id, InboundMail.outcome == MailOutcome.RECEIVED)
        .with_for_update(key_share=True)
    )


def _waiting(session: Session, actor: Actor, mail_id: int, step: str) -> InboundMail:
    actor.require(Right.HANDLE_INBOX)
    mail = get(session, actor, mail_id)
    session.refresh(mail, with_for_update={"key_share": True})
    if mail.outcome is not MailOutcome.WAITING:
        raise WrongState("mail", mail_id, mail.outcome.value, step)
    return mail


def _close(mail: InboundMail, verdict: Verdict, now: datetime, *, by: Actor | None) -> None:
    mail.outcome, mail.reason = verdict.outcome, verdict.reason[:REASON_LIMIT]
    if mail.kept > KEPT:
        mail.raw, mail.kept = mail.raw[:KEPT], KEPT
    mail.handled_at, mail.handled_by = now, by.account_id if by else None
