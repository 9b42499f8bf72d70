"""Alerts for a stuck outbox and an unreadable mailbox, raised once and ended on recovery."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session

from scheduler.domain.entities import AlertKind, OutboxState
from scheduler.i18n import gettext_lazy, ngettext_lazy
from scheduler.services.operations import alerts, job_intervals, site_pause
from scheduler.services.outbox import outbox
from scheduler.storage.models import OutboxEmail

STANDING = timedelta(minutes=15)
"""The outbox is stuck if an email waited this long with at most one attempt, and none was sent."""
UNREAD = timedelta(minutes=10)
"""An alert is raised after this time without a successful read, so that short outages are ignored."""
MAILBOX = "mailbox"


def update_outbox_alert(session: Session, *, now: datetime) -> bool:
    """Raise an alert if the outbox is stuck, else end it. Return True if it is stuck."""
    since = now - STANDING
    waits = select(OutboxEmail.error).where(
        OutboxEmail.state == OutboxState.QUEUED,
        OutboxEmail.attempts <= 1,
        OutboxEmail.created_at <= since,
        _goes(),
    )
    waiting = session.execute(waits.order_by(OutboxEmail.id).limit(1)).first()
    went_out = select(OutboxEmail.id).where(outbox.sent_condition(since))
    if (
        waiting is None
        or site_pause.was_paused_since(session, since)
        or session.scalar(went_out.limit(1)) is not None
    ):
        alerts.end_alert(session, AlertKind.MAILS_WAIT, event_id=None, now=now)
        return False
    why = waiting[0] or gettext_lazy("No email worker has tried. Check that one is running.")
    reason = gettext_lazy(
        "No email has been sent for %(minutes)s minutes, although some are waiting. %(why)s",
        minutes=int(STANDING.total_seconds() // 60),
        why=why,
    )
    alerts.raise_alert(
        session, AlertKind.MAILS_WAIT, event_id=None, about="", reason=reason, path="/", now=now
    )
    return True


def _goes() -> ColumnElement[bool]:
    """Condition: the email is neither paused nor stopped by an organiser, and the site is not paused."""
    of_event = or_(OutboxEmail.event_id.is_(None), ~outbox.paused_condition())
    return OutboxEmail.stopped_at.is_(None) & of_event & ~site_pause.paused_condition()


def record_mailbox_read(session: Session, *, now: datetime) -> None:
    """Record that the mailbox was read completely, which ends the alert."""
    job_intervals.record_run(session, MAILBOX, now=now)
    alerts.end_alert(session, AlertKind.MAILBOX, event_id=None, now=now)


def record_mailbox_failure(session: Session, reason: str, *, now: datetime) -> None:
    """Record a failed read of the mailbox.

    An alert is raised at once if it was never read, else if the failure lasts.
    """
    last = job_intervals.last_run_at(session, MAILBOX)
    if last is None or now - last >= UNREAD:
        alerts.raise_alert(
            session, AlertKind.MAILBOX, event_id=None, about="", reason=reason, path="/", now=now
        )


def record_abandoned_emails(session: Session, count: int, *, now: datetime) -> None:
    """Raise an alert about emails in the mailbox that need manual handling. A count of 0 ends the alert."""
    if count == 0:
        alerts.end_alert(session, AlertKind.MAIL_LEFT, event_id=None, now=now)
        return
    reason = ngettext_lazy(
        "%(num)s email could not be read in after three attempts. It is unread and flagged in "
        "the mailbox: check it there with an email program. Other emails are still read in.",
        "%(num)s emails could not be read in after three attempts. They are unread and flagged in "
        "the mailbox: check them there with an email program. Other emails are still read in.",
        count,
    )
    alerts.raise_alert(
        session, AlertKind.MAIL_LEFT, event_id=None, about="", reason=reason, path="/", now=now
    )


def find_oldest_due(session: Session, *, now: datetime) -> datetime | None:
    """Return the earliest due time of a waiting email, or None if no email is due."""
    due = (OutboxEmail.next_attempt_at <= now) & _goes()
    return session.scalar(
        select(func.min(OutboxEmail.next_attempt_at)).where(OutboxEmail.state == OutboxState.QUEUED, due)
    )
