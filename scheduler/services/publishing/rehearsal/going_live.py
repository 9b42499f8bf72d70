"""Going live: deletes the rehearsal's records, because no one was notified, and starts sending emails."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, distinct, func, select, update
from sqlalchemy.orm import Session

from scheduler.domain.entities import JobKind, RequestState
from scheduler.domain.errors import PublishingInProgress, WrongState
from scheduler.i18n import gettext_lazy
from scheduler.services.audit_log import recording
from scheduler.services.audit_log.acts import Act
from scheduler.services.audit_log.subjects import pgettext_lazy
from scheduler.services.identity.actors import Actor
from scheduler.services.identity.rights import Right
from scheduler.services.outbox import outbox
from scheduler.services.publishing import summaries, version_jobs
from scheduler.services.publishing.rehearsal import rehearsed_emails
from scheduler.services.schedule import calendar_rows, versions
from scheduler.storage.models import (
    Attendee,
    BusySource,
    DigestItem,
    DigestPreference,
    Event,
    Interpreter,
    InterpreterNotice,
    Invitation,
    InvitationReply,
    MeetingRequest,
    PlannedMeeting,
    ScheduleVersion,
    VersionJob,
)


@dataclass(frozen=True, slots=True)
class PublishedEmails:
    """Emails that announce the published version if no one has been notified yet."""

    number: int
    """The published version."""
    invitations: int
    summaries: int
    briefings: int
    people: int
    """Attendees and interpreters who would get at least one."""

    @property
    def mails(self) -> int:
        return self.invitations + self.summaries + self.briefings


@dataclass(frozen=True, slots=True)
class LiveState:
    """Whether an event is in rehearsal or live."""

    live_at: datetime | None
    """When it went live; None in rehearsal."""
    published: PublishedEmails | None
    """In rehearsal, the emails that going live can send; None if nothing is published."""


def show_live_state(session: Session, actor: Actor) -> LiveState:
    """Return the live state of the event, and the emails that going live can send."""
    actor.require(Right.READ_EMAIL_QUEUE)
    event = session.get_one(Event, actor.event_id)
    version = versions.find_published_version(session, event.id) if event.live_at is None else None
    return LiveState(event.live_at, None if version is None else _published_mails(session, event, version))


def go_live(session: Session, actor: Actor, *, tell: bool = False, now: datetime) -> int | None:
    """End the rehearsal. With `tell`, return the id of the job that announces the published version.

    No one was notified in the rehearsal, so its emails no longer count as sent: exhibitors are not invited
    yet, calendars are empty, and past request activity is not reported. It cannot be reversed. The caller
    sends the job's task after the commit. Raises WrongState if the event is live, PublishingInProgress while
    a version is being published.
    """
    actor.require(Right.CONTROL_EMAIL_QUEUE)
    actor.require_fresh(gettext_lazy("go live"))
    event = session.get_one(
        Event, actor.event_id, with_for_update={"key_share": True}, populate_existing=True
    )
    if event.live_at is not None:
        raise WrongState(
            "event", event.key, "live", "live", user_message=gettext_lazy("The event is already live.")
        )
    _refuse_while_published(session, event.id)
    counts = rehearsed_emails.count_rehearsed_emails(session, actor)
    _delete_rehearsal_data(session, event, now)
    event.live_at = now
    about = pgettext_lazy("audit log", "event %(key)s went live", key=event.key)
    after = {"rehearsed": sum(counts.values()), "invitations_sent": tell}
    recording.record_act(session, actor, Act.EVENT, about, after=after, now=now)
    version = versions.find_published_version(session, event.id) if tell else None
    session.flush()
    if version is None:
        return None
    return version_jobs.request_notifications(session, version, by=actor.account_id, now=now).id


def _refuse_while_published(session: Session, event_id: int) -> None:
    number = session.scalar(
        select(ScheduleVersion.number)
        .join(VersionJob, VersionJob.version_id == ScheduleVersion.id)
        .where(
            VersionJob.event_id == event_id,
            VersionJob.kind == JobKind.PUBLISH,
            VersionJob.state.in_(version_jobs.OPEN),
        )
    )
    if number is not None:
        raise PublishingInProgress(number)


def _delete_rehearsal_data(session: Session, event: Event, now: datetime) -> None:
    """Delete the event's emails, and every record of a sent notification."""
    people = select(Attendee.id).where(Attendee.event_id == event.id)
    interpreters = select(Interpreter.id).where(Interpreter.event_id == event.id)
    statements = (
        delete(InvitationReply).where(InvitationReply.attendee_id.in_(people)),
        delete(Invitation).where(Invitation.event_id == event.id),
        delete(DigestItem).where(DigestItem.attendee_id.in_(people)),
        delete(InterpreterNotice).where(InterpreterNotice.interpreter_id.in_(interpreters)),
        update(DigestPreference).where(DigestPreference.attendee_id.in_(people)).values(last_digest_at=None),
        update(BusySource).where(BusySource.attendee_id.in_(people)).values(failure_sent_at=None),
    )
    no_sync = {"synchronize_session": False}
    # People first, in the lock order of invitations, which lock people and then queue emails.
    uninvited = update(Attendee).where(Attendee.event_id == event.id).values(invited_at=None)
    session.execute(uninvited, execution_options=no_sync)
    outbox.delete_all(session, event.id)
    for statement in statements:
        session.execute(statement, execution_options=no_sync)
    session.expire_all()
    event.digests_since = now


def _published_mails(session: Session, event: Event, version: ScheduleVersion) -> PublishedEmails:
    held = MeetingRequest.state == RequestState.ACCEPTED
    seats = (
        calendar_rows.seats_query(version.id)
        .join(MeetingRequest, MeetingRequest.id == PlannedMeeting.request_id)
        .where(held)
        .order_by(None)
        .subquery()
    )
    invitations, attendees = session.execute(
        select(func.count(), func.count(distinct(seats.c.attendee_id)))
    ).one()
    quiet = select(func.count(distinct(seats.c.attendee_id))).join(
        Attendee, Attendee.id == seats.c.attendee_id
    )
    stopped = session.scalar(quiet.where(summaries.gets_no_summaries())) or 0
    interpreters = (
        select(func.count(distinct(PlannedMeeting.interpreter_id)))
        .join(MeetingRequest, MeetingRequest.id == PlannedMeeting.request_id)
        .where(PlannedMeeting.version_id == version.id, held)
    )
    briefings = session.scalar(interpreters) or 0
    return PublishedEmails(
        number=version.number,
        invitations=invitations,
        summaries=attendees - stopped if event.summary_mails else 0,
        briefings=briefings,
        people=attendees + briefings,
    )
