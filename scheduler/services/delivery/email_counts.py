"""Counts of outgoing emails of the whole installation, for monitoring."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from scheduler.domain.entities import OutboxState
from scheduler.services.delivery import email_alerts
from scheduler.services.outbox import outbox
from scheduler.storage.models import EmailRoute, Event, OutboxEmail

STOPPED = "stopped"
SENT_WINDOW = timedelta(minutes=5)
"""As the name of the metric says, and the dashboard divides by it."""


@dataclass(frozen=True, slots=True)
class EmailCounts:
    """Numbers of emails, and ages in seconds."""

    emails: Mapping[str, int]
    """By state, without sent ones: those are as many as ever were. `stopped` is not part of queued, and
    `failed` has only those that a person must handle."""
    sent: int
    """In the last `SENT_WINDOW`, without rehearsed ones."""
    oldest_due: float
    """Of an email that is due and neither paused nor stopped, or 0."""
    paused_routes: int
    """Providers, or the mail server, that are paused after refusals."""


def count_emails(session: Session, *, now: datetime) -> EmailCounts:
    """Return the current counts."""
    going = OutboxState.QUEUED, OutboxState.SENDING
    states = select(OutboxEmail.state, func.count()).where(OutboxEmail.state.in_(going))
    emails = {state.value: 0 for state in going}
    emails |= {state.value: n for state, n in session.execute(states.group_by(OutboxEmail.state))}
    emails[OutboxState.FAILED.value] = _count(session, outbox.failed_condition())
    emails[STOPPED] = _count(session, outbox.stopped_condition())
    emails[OutboxState.QUEUED.value] -= emails[STOPPED]
    due = email_alerts.find_oldest_due(session, now=now)
    paused = select(func.count()).select_from(EmailRoute).where(EmailRoute.paused_until > now)
    return EmailCounts(
        emails=emails,
        sent=_count(session, outbox.sent_condition(now - SENT_WINDOW)),
        oldest_due=0.0 if due is None else max(0.0, (now - due).total_seconds()),
        paused_routes=session.scalar(paused) or 0,
    )


def _count(session: Session, which: ColumnElement[bool]) -> int:
    return session.scalar(select(func.count()).select_from(OutboxEmail).where(which)) or 0


def count_emails_of_paused_events(session: Session) -> dict[str, int]:
    """Return the number of queued emails of each event whose emails organisers paused, by the event's key."""
    waits = OutboxEmail.state == OutboxState.QUEUED, OutboxEmail.stopped_at.is_(None)
    query = select(Event.key, func.count()).join(OutboxEmail, OutboxEmail.event_id == Event.id)
    query = query.where(outbox.paused_condition(), *waits).group_by(Event.key).order_by(Event.key)
    return dict(session.execute(query).all())


def list_paused_routes(session: Session, *, now: datetime) -> Sequence[EmailRoute]:
    """Return the routes that are paused after refusals, the mail server first."""
    query = select(EmailRoute).where(EmailRoute.paused_until > now).order_by(EmailRoute.name)
    return session.scalars(query).all()
