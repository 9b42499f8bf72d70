"""Inbox: each email is stored once and judged once; the rest is up to an organiser."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial

import structlog
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from scheduler.config import Settings
from scheduler.domain.entities import MailBox, MailKind, MailOutcome
from scheduler.i18n import gettext_lazy
from scheduler.invites import inbound
from scheduler.services.emails.inbound import event_matching, intake, judgement, unassigned_emails
from scheduler.services.emails.inbound.intake import InboxFull, parsed_columns, record_verdict, store_email
from scheduler.services.emails.inbound.verdicts import Verdict
from scheduler.services.replies import attendee_replies, receipts
from scheduler.storage.database import Database
from scheduler.storage.models import InboundEmail
from scheduler.untrusted import parsers
from scheduler.untrusted.pool import ChildNotStarted, PoolExhausted

MAX_ATTEMPTS = 3
PATIENCE = timedelta(seconds=90)
"""Another attempt to judge an email starts after this time. No attempt takes this long."""

log = structlog.get_logger()


def receive_email(
    database: Database, settings: Settings, recipient: str, raw: bytes, *, now: datetime
) -> bool:
    """Store an email, then parse and judge it. Return False if the address is not one of ours.

    A stored email is never lost: a step that fails later is retried. Identical octets to the same address are
    stored and judged once, however often they arrive. Raises InboxFull.
    """
    known = receive_for_recipients(database, settings, [recipient], raw, now=now)
    return bool(known)


def receive_for_recipients(
    database: Database, settings: Settings, recipients: Sequence[str], raw: bytes, *, now: datetime
) -> list[str]:
    """Like `receive_email`, for several recipients of one email.

    Return those that are ours. The email is parsed once. Raises InboxFull if none accepted it and at least
    one has reached its limit.
    """
    kept, known, refused = [], [], None
    for recipient in recipients:
        try:
            with database.write() as session:
                is_known, mail_id = store_email(session, settings, recipient, raw, now)
        except InboxFull as error:
            log.warning("mail not taken", reason=str(error), octets=len(raw))
            refused = error
            continue
        known += [recipient] if is_known else []
        kept += [mail_id] if mail_id is not None else []
    if refused is not None and not known:
        raise refused
    _judge_all(database, settings, kept, now=now)
    return known


def judge_email(database: Database, settings: Settings, mail_id: int, *, now: datetime) -> None:
    """Parse and judge a stored email. An email that was judged already is not changed."""
    _judge_all(database, settings, [mail_id], now=now)


def find_unjudged(session: Session, *, now: datetime) -> Sequence[int]:
    """Return the ids of emails left unjudged for a while, because a process died or a step failed."""
    since = func.coalesce(InboundEmail.attempted_at, InboundEmail.received_at)
    waiting = InboundEmail.outcome == MailOutcome.RECEIVED
    return session.scalars(
        select(InboundEmail.id).where(waiting, since <= now - PATIENCE).order_by(InboundEmail.id)
    ).all()


def _judge_all(database: Database, settings: Settings, mail_ids: Sequence[int], *, now: datetime) -> None:
    """Judge emails with identical octets. They are parsed once, with no transaction open."""
    found: inbound.ParsedEmail | None = None
    for mail_id in mail_ids:
        try:
            with database.write() as session:
                raw = _begin(session, mail_id, now)
            if raw is None:
                continue
            found = found or _read(raw)
            database.transact(partial(_judge, settings, mail_id, found, now))
        except (PoolExhausted, ChildNotStarted) as error:
            log.warning("mail not read now", mail=mail_id, reason=str(error))
            with database.write() as session:
                _put_back(session, mail_id)
            return  # the others have not been started
        except Exception:  # one email must not delay the others
            log.exception("mail not judged", mail=mail_id)


def _judge(
    settings: Settings, mail_id: int, found: inbound.ParsedEmail, now: datetime, session: Session
) -> None:
    """Apply an email that was not judged yet."""
    mail = _received(session, mail_id)
    if mail is None:
        return
    for name, value in parsed_columns(found).items():
        setattr(mail, name, value)
    if mail.box is MailBox.BARE:
        event_matching.match_event(session, mail, found, settings)
    session.flush()
    verdict = judgement.judge_reply(session, mail, settings=settings, now=now)
    if verdict.cause is not None and found.takes_reply and mail.uid and mail.attendee_id:
        invitation = attendee_replies.find_latest_invitation(session, mail.uid, mail.attendee_id)
        receipts.queue_receipt(session, invitation, verdict.cause, now=now)
    record_verdict(mail, verdict, now, by=None)
    if verdict.outcome is MailOutcome.WAITING and mail.box is not MailBox.BARE:
        session.flush()
        intake.let_newest_wait(session, mail, now=now)
    if mail.event_id is None:
        unassigned_emails.update_alert(session, now=now)


def _begin(session: Session, mail_id: int, now: datetime) -> bytes | None:
    """Count an attempt and return the octets.

    None if the email is judged already, or waits after the last attempt.
    """
    mail = _received(session, mail_id)
    if mail is None:
        return None
    if mail.attempts >= MAX_ATTEMPTS:
        reason = gettext_lazy(
            "This email could not be processed in %(max_attempts)s attempts. Check the original email.",
            max_attempts=MAX_ATTEMPTS,
        )
        record_verdict(mail, Verdict(MailOutcome.WAITING, reason), now, by=None)
        if mail.event_id is None:
            unassigned_emails.update_alert(session, now=now)
        return None
    mail.attempts, mail.attempted_at = mail.attempts + 1, now
    return mail.raw


def _put_back(session: Session, mail_id: int) -> None:
    """Undo the count of an attempt that could not start."""
    mail = _received(session, mail_id)
    if mail is not None:
        mail.attempts -= 1


def _read(raw: bytes) -> inbound.ParsedEmail:
    try:
        return parsers.read_email(raw)
    except parsers.LimitExceeded as error:  # the same email would fail again
        return inbound.ParsedEmail(kind=MailKind.UNREADABLE, reason=str(error))


def _received(session: Session, mail_id: int) -> InboundEmail | None:
    """Return the email if it is not judged yet, with its row locked against other workers."""
    return session.scalar(
        select(InboundEmail)
        .where(InboundEmail.id == mail_id, InboundEmail.outcome == MailOutcome.RECEIVED)
        .with_for_update(key_share=True)
    )
