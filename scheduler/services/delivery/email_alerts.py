"""Alerts for a stuck outbox and an unreadable mailbox, raised once and ended on recovery."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session

from scheduler.domain.entities import AlertKind, OutboxState
from scheduler.services.operations import alerts, job_intervals
from scheduler.services.outbox import outbox
from scheduler.storage.models import OutboxMail

STANDING = timedelta(minutes=15)
"""Mails that were tried once at most in this time, while none went out, stand."""
UNREAD = timedelta(minutes=10)
"""After this time without a reading of the mailbox there is an alert. A server may be away for a moment."""
MAILBOX = "mailbox"


def update_outbox_alert(session: Session, *, now: datetime) -> bool:
    """Raise an alert if the outbox is stuck, and end it when it is not. Returns whether it is stuck."""
    since = now - STANDING
    waits = select(OutboxMail.error).where(
        OutboxMail.state == OutboxState.QUEUED,
        OutboxMail.attempts <= 1,
        OutboxMail.created_at <= since,
        _goes(),
    )
    waiting = session.execute(waits.order_by(OutboxMail.id).limit(1)).first()
    went_out = select(OutboxMail.id).where(
        OutboxMail.state == OutboxState.SENT, OutboxMail.sent_at > since, OutboxMail.rehearsed_as.is_(None)
    )
    if waiting is None or session.scalar(went_out.limit(1)) is not None:
        alerts.end_alert(session, AlertKind.MAILS_WAIT, event_id=None, now=now)
        return False
    minutes = int(STANDING.total_seconds() // 60)
    why = waiting[0] or "No worker has tried. Is a mail worker running?"
    reason = f"No mail has gone out for {minutes} minutes, though some wait. {why}"
    alerts.raise_alert(
        session, AlertKind.MAILS_WAIT, event_id=None, about="", reason=reason, path="/", now=now
    )
    return True


def _goes() -> ColumnElement[bool]:
    """Mails that wait for nobody's word: not paused or stopped by an organiser."""
    return OutboxMail.stopped_at.is_(None) & or_(OutboxMail.event_id.is_(None), ~outbox.paused_condition())


def record_mailbox_read(session: Session, *, now: datetime) -> None:
    """The mailbox was read to its end."""
    job_intervals.record_run(session, MAILBOX, now=now)
    alerts.end_alert(session, AlertKind.MAILBOX, event_id=None, now=now)


def record_mailbox_failure(session: Session, reason: str, *, now: datetime) -> None:
    """The mailbox could not be read: told at once if it never was, else when that lasts."""
    last = job_intervals.last_run_at(session, MAILBOX)
    if last is None or now - last >= UNREAD:
        alerts.raise_alert(
            session, AlertKind.MAILBOX, event_id=None, about="", reason=reason, path="/", now=now
        )


def record_abandoned_emails(session: Session, count: int, *, now: datetime) -> None:
    """Raise an alert that so many mails of the mailbox need a person. Zero ends the alert."""
    if count == 0:
        alerts.end_alert(session, AlertKind.MAIL_LEFT, event_id=None, now=now)
        return
    which = "One mail" if count == 1 else f"{count} mails"
    reason = f"{which} could not be taken in, in three attempts: unread and flagged in the mailbox. "
    reason += "Look at it there with a mail program; the others are taken in."
    alerts.raise_alert(
        session, AlertKind.MAIL_LEFT, event_id=None, about="", reason=reason, path="/", now=now
    )


def find_oldest_due(session: Session, *, now: datetime) -> datetime | None:
    """The due time of the mail that has waited longest, or None if no mail is due."""
    due = (OutboxMail.next_attempt_at <= now) & _goes()
    return session.scalar(
        select(func.min(OutboxMail.next_attempt_at)).where(OutboxMail.state == OutboxState.QUEUED, due)
    )
