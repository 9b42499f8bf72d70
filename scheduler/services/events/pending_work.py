"""Pending work of an event's organisers: new requests, drafts, emails, an open publication."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, exists, func, select
from sqlalchemy.orm import Session

from scheduler.domain.entities import JobKind, JobState, MailOutcome, RequestState, VersionState
from scheduler.services.identity.actors import Actor
from scheduler.services.identity.rights import Right
from scheduler.services.participants.registration.registrations import count_waiting
from scheduler.services.schedule import broken_meetings, calendar_entries, scheduled, versions
from scheduler.storage.database import once_per_session
from scheduler.storage.models import (
    InboundEmail,
    InvitationReply,
    MeetingRequest,
    PlannedMeeting,
    ScheduleVersion,
    VersionJob,
)


@dataclass(frozen=True, slots=True)
class PendingWork:
    """Counts of pending work, and version numbers.

    `called_off` to `accepted` are input for the next run, counted since the newest draft or the published
    version. `called_off` are meetings whose requests were declined or withdrawn. `absent` are people who
    declined a meeting that still takes place. `proposals` propose another time. `accepted` are newly accepted
    requests.

    For the published version, `unnotified` are cancelled meetings whose partners were not notified, and
    `broken` are upcoming meetings with an absent person or interpreter, or a closed place.

    `draft` is newer than the published version. `publishing` is being published. `emails` and
    `registrations` wait for an organiser. `old_drafts` are outdated.
    """

    called_off: int = 0
    absent: int = 0
    proposals: int = 0
    accepted: int = 0
    emails: int = 0
    registrations: int = 0
    unnotified: int = 0
    broken: int = 0
    draft: int | None = None
    publishing: int | None = None
    old_drafts: int = 0

    @property
    def for_a_run(self) -> int:
        return self.called_off + self.absent + self.proposals + self.accepted

    @property
    def is_anything(self) -> bool:
        own = self.unnotified, self.broken, self.emails, self.registrations, self.draft, self.publishing
        return bool(self.for_a_run or any(own))


def count_pending_work(session: Session, actor: Actor, *, now: datetime) -> PendingWork:
    """Count the event's pending work, for organisers."""
    actor.require(Right.READ_VERSIONS)
    event_id = actor.event_id
    draft = versions.find_newest_draft(session, event_id)
    published = versions.find_published_version(session, event_id)
    latest = versions.get_version(session, event_id, draft) if draft else published
    drafts = select(func.count()).where(
        ScheduleVersion.event_id == event_id, ScheduleVersion.state == VersionState.DRAFT
    )
    return PendingWork(
        called_off=len(scheduled.list_withdrawn_requests(session, latest.id)) if latest else 0,
        absent=len(calendar_entries.list_excluded_people(session, latest.id)) if latest else 0,
        proposals=_proposals(session, latest) if latest else 0,
        accepted=count_accepted_since(session, latest) if latest else 0,
        unnotified=len(scheduled.list_withdrawn_requests(session, published.id)) if published else 0,
        broken=len(broken_meetings.list_broken_requests(session, published, now=now)) if published else 0,
        emails=count_waiting_emails(session, event_id),
        registrations=count_waiting(session, event_id),
        draft=draft,
        publishing=_publishing(session, event_id),
        old_drafts=_count(session, drafts) - bool(draft),
    )


def _proposals(session: Session, version: ScheduleVersion) -> int:
    return _count(
        session,
        select(func.count()).where(
            InvitationReply.event_id == version.event_id,
            InvitationReply.proposed_start.is_not(None),
            InvitationReply.responded_at > version.created_at,
        ),
    )


def count_accepted_since(session: Session, version: ScheduleVersion) -> int:
    """Count accepted requests that are not in the version and were unknown to its run."""
    held = exists().where(
        PlannedMeeting.version_id == version.id, PlannedMeeting.request_id == MeetingRequest.id
    )
    query = select(func.count()).where(
        MeetingRequest.event_id == version.event_id,
        MeetingRequest.state == RequestState.ACCEPTED,
        func.coalesce(MeetingRequest.responded_at, MeetingRequest.created_at) > version.created_at,
        ~held,
    )
    return once_per_session(session, f"accepted since {version.id}", lambda: _count(session, query))


def count_waiting_emails(session: Session, event_id: int) -> int:
    """Count the emails that wait for an organiser."""
    waits = InboundEmail.event_id == event_id, InboundEmail.outcome == MailOutcome.WAITING
    return _count(session, select(func.count()).where(*waits))


def _publishing(session: Session, event_id: int) -> int | None:
    return session.scalar(
        select(ScheduleVersion.number)
        .join(VersionJob, VersionJob.version_id == ScheduleVersion.id)
        .where(
            VersionJob.event_id == event_id,
            VersionJob.kind == JobKind.PUBLISH,
            VersionJob.state.in_((JobState.QUEUED, JobState.RUNNING)),
        )
        .limit(1)
    )


def _count(session: Session, query: Select[int]) -> int:
    return session.scalars(query).one()
