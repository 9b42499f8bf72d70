"""Email queue of an event: pause, resume, stop, and requeue stopped emails."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

import structlog
from sqlalchemy import CursorResult, Update, select, update
from sqlalchemy.orm import Session

from scheduler.domain.entities import JobKind, JobState, VersionState
from scheduler.domain.errors import PublishingInProgress
from scheduler.services.audit_log import recording
from scheduler.services.audit_log.acts import Act
from scheduler.services.audit_log.subjects import AuditSubject, pgettext_lazy
from scheduler.services.identity.actors import Actor
from scheduler.services.identity.rights import Right
from scheduler.services.outbox import outbox
from scheduler.services.outbox.outbox import OutboxCounts
from scheduler.storage.models import Event, OutboxEmail, ScheduleVersion, VersionJob

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class EmailQueue:
    """The event's number of emails by state, and the time since when they are paused."""

    counts: OutboxCounts
    paused_at: datetime | None


def count_emails(session: Session, actor: Actor) -> OutboxCounts:
    """Count the event's emails by state."""
    actor.require(Right.READ_EMAIL_QUEUE)
    return outbox.count_mails(session, actor.event_id)


def show_queue(session: Session, actor: Actor) -> EmailQueue:
    """Return the counts with the current pause."""
    paused = select(Event.mails_paused_at).where(Event.id == actor.event_id)
    return EmailQueue(count_emails(session, actor), session.scalar(paused))


def pause_emails(session: Session, actor: Actor, *, now: datetime) -> bool:
    """Pause the event's emails. Return True if they were not paused already.

    An email that is being sent is not interrupted.
    """
    actor.require(Right.CONTROL_EMAIL_QUEUE)
    rows = update(Event).where(Event.id == actor.event_id, Event.mails_paused_at.is_(None))
    return (
        _done(
            session, rows.values(mails_paused_at=now), pgettext_lazy("audit log", "emails paused"), actor, now
        )
        > 0
    )


def resume_emails(session: Session, actor: Actor, *, now: datetime) -> bool:
    """End the pause. Return True if the emails were paused. Trigger a delivery after the commit."""
    actor.require(Right.CONTROL_EMAIL_QUEUE)
    rows = update(Event).where(Event.id == actor.event_id, Event.mails_paused_at.is_not(None))
    return (
        _done(
            session,
            rows.values(mails_paused_at=None),
            pgettext_lazy("audit log", "emails resumed"),
            actor,
            now,
        )
        > 0
    )


def stop_emails(session: Session, actor: Actor, *, now: datetime) -> int:
    """Stop the emails that no sender has claimed yet, and end a pause. Return their number.

    Their recipients are not notified. The next publication sends them the net change, unless the stopped
    emails are requeued before. Emails that were offered to a server are not affected. Raises
    PublishingInProgress while a publication is writing emails.
    """
    actor.require(Right.CONTROL_EMAIL_QUEUE)
    _refuse_while_written(session, actor.event_id)
    rows = update(OutboxEmail).where(
        OutboxEmail.event_id == actor.event_id,
        OutboxEmail.kind.in_(outbox.OF_PUBLISHINGS),
        outbox.untouched_condition(),
        OutboxEmail.stopped_at.is_(None),
    )
    count = _done(
        session, rows.values(stopped_at=now), pgettext_lazy("audit log", "emails stopped"), actor, now
    )
    resume_emails(session, actor, now=now)
    return count


def requeue_stopped_emails(session: Session, actor: Actor, *, now: datetime) -> int:
    """Requeue the stopped emails. Return their number. Trigger a delivery after the commit."""
    actor.require(Right.CONTROL_EMAIL_QUEUE)
    rows = update(OutboxEmail).where(OutboxEmail.event_id == actor.event_id, outbox.stopped_condition())
    return _done(
        session,
        rows.values(stopped_at=None),
        pgettext_lazy("audit log", "stopped emails queued again"),
        actor,
        now,
    )


def _refuse_while_written(session: Session, event_id: int) -> None:
    """Raise PublishingInProgress while a publication is writing emails.

    The event's row is locked to serialise the two: either the publication sees the stop, or its emails are
    stopped.
    """
    session.execute(select(Event.id).where(Event.id == event_id).with_for_update(key_share=True))
    number = session.scalar(
        select(ScheduleVersion.number)
        .join(VersionJob, VersionJob.version_id == ScheduleVersion.id)
        .where(
            VersionJob.event_id == event_id,
            VersionJob.kind == JobKind.PUBLISH,
            VersionJob.state.in_((JobState.QUEUED, JobState.RUNNING)),
            ScheduleVersion.state == VersionState.PUBLISHED,
        )
    )
    if number is not None:
        raise PublishingInProgress(number)


def _done(session: Session, statement: Update, what: AuditSubject, actor: Actor, now: datetime) -> int:
    result = session.execute(statement, execution_options={"synchronize_session": False})
    count = cast("CursorResult[Any]", result).rowcount
    if count:
        log.info(what, of=actor.event_key, rows=count, by=actor.account_id)
        recording.record_act(session, actor, Act.EMAILS, what, after={"rows": count}, now=now)
    return count
