"""Organiser dashboard: scheduled requests, pending work and overnight runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Select, distinct, func, select
from sqlalchemy.orm import Session

from scheduler.domain.entities import MailOutcome, RequestState
from scheduler.services.delivery import address_reports
from scheduler.services.events import event_days, overnight_schedule, pending_work, upcoming_emails
from scheduler.services.events.event_days import EventDay
from scheduler.services.events.overnight_runs import ChangeCounts, OvernightRun, count_changes, list_last_runs
from scheduler.services.events.overnight_schedule import OvernightTime
from scheduler.services.events.pending_work import PendingWork
from scheduler.services.events.upcoming_emails import UpcomingEmails
from scheduler.services.identity.actors import Actor
from scheduler.services.identity.rights import Right
from scheduler.services.participants.event_invitations import invitation_emails
from scheduler.services.schedule import scheduled, unscheduled, versions
from scheduler.storage.in_list import in_chunks
from scheduler.storage.models import (
    Attendee,
    Comparison,
    Event,
    Firm,
    ImportFile,
    InboundEmail,
    MeetingRequest,
    PlannedAttendee,
    PlannedMeeting,
    Slot,
)

MAX_BUSIEST_FIRMS = 5
"""Maximum number of firms listed with the most unanswered requests."""


@dataclass(frozen=True, slots=True)
class UnansweredFirm:
    """A firm with unanswered requests: the number of open ones and of all received."""

    key: str
    name: str
    latin_name: str
    open: int
    received: int


@dataclass(frozen=True, slots=True)
class Unanswered:
    """Unanswered requests, the number of firms that have not responded, and the oldest date."""

    requests: int
    firms: int
    oldest: datetime | None
    busiest: tuple[UnansweredFirm, ...]


@dataclass(frozen=True, slots=True)
class PendingFile:
    """A file that was uploaded and not imported."""

    number: int
    name: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Dashboard:
    """The organiser dashboard. `published` is the published version, `scheduled` its scheduled requests.

    `most` is the proven maximum, if known. `newer` were accepted after the version was created. `reasons`
    counts unscheduled requests by reason. `bounced` are people with upcoming meetings whose address bounces,
    and `bounced_interpreters` such interpreters. `below` are firms under their minimum of meetings.
    `uninvited` are exhibitors without an invitation who never signed in. `publishing` are the changes of the
    version that is being published. `coming` is the next overnight run. `days` are those of the event.
    """

    published: int | None
    scheduled: int
    most: int | None
    accepted: int
    newer: int
    reasons: Mapping[str, int]
    waiting: PendingWork
    draft: ChangeCounts | None
    publishing: ChangeCounts | None
    oldest_email: datetime | None
    bounced: int
    bounced_meetings: int
    bounced_interpreters: int
    unanswered: Unanswered
    below: int
    uninvited: int
    files: tuple[PendingFile, ...]
    overnight_runs: tuple[OvernightRun, ...]
    coming: OvernightTime | None
    days: tuple[EventDay, ...]
    emails: UpcomingEmails

    @property
    def opens(self) -> datetime | None:
        """The first meeting time."""
        return self.days[0].opens if self.days else None

    @property
    def missing(self) -> int:
        """The number of accepted requests that are not scheduled."""
        return max(self.accepted - self.scheduled, 0)

    @property
    def within_reach(self) -> int:
        """Upper bound of the additional requests that a search can schedule, or 0 if unknown."""
        if self.most is None:
            return 0
        return max(min(self.missing - self.newer, self.most - self.scheduled), 0)

    @property
    def out_of_reach(self) -> int:
        """Lower bound of the requests that no search can schedule, or 0 if unknown."""
        return 0 if self.most is None else max(self.missing - self.newer - self.within_reach, 0)


@dataclass(frozen=True, slots=True)
class PlanState:
    """State of the schedule, for the header and menu of organiser pages.

    `emails` wait for an organiser, 0 for readers without access.
    """

    published: int | None
    published_at: datetime | None
    draft: int | None
    opens: datetime | None
    emails: int


def get_dashboard(session: Session, actor: Actor, *, now: datetime) -> Dashboard:
    """Return the dashboard. The number of queries is constant."""
    actor.require(Right.READ_VERSIONS)
    event_id = actor.event_id
    published = versions.find_published_version(session, event_id)
    version_id = published.id if published else 0
    timezone = session.get_one(Event, event_id).timezone
    waits = pending_work.count_pending_work(session, actor, now=now)
    bounced, meetings = _bounced(session, event_id, version_id, now)
    return Dashboard(
        published=published.number if published else None,
        scheduled=scheduled.count_scheduled(session, version_id),
        most=published.meetings_bound if published else None,
        accepted=scheduled.count_accepted(session, event_id),
        newer=pending_work.count_accepted_since(session, published) if published else 0,
        reasons=unscheduled.count_by_reason(session, version_id),
        waiting=waits,
        draft=_changes(session, event_id, waits.draft),
        publishing=_changes(session, event_id, waits.publishing),
        oldest_email=session.scalar(
            select(func.min(InboundEmail.received_at)).where(
                InboundEmail.event_id == event_id, InboundEmail.outcome == MailOutcome.WAITING
            )
        ),
        bounced=bounced,
        bounced_meetings=meetings,
        bounced_interpreters=session.scalar(address_reports.marked_interpreters(event_id)) or 0,
        unanswered=_unanswered(session, event_id),
        below=_count_below_minimum(session, event_id, version_id) if published else 0,
        uninvited=invitation_emails.count_uninvited(session, event_id),
        files=_files(session, event_id),
        overnight_runs=list_last_runs(session, actor),
        coming=overnight_schedule.get_overnight_settings(session, actor).coming,
        days=event_days.list_event_days(session, event_id, version_id, timezone),
        emails=upcoming_emails.forecast_emails(session, event_id, now=now),
    )


def get_plan_state(session: Session, actor: Actor) -> PlanState:
    """Return the published version, the newer draft, and the start of the event."""
    actor.require(Right.READ_VERSIONS)
    published = versions.find_published_version(session, actor.event_id)
    return PlanState(
        published=published.number if published else None,
        published_at=published.published_at if published else None,
        draft=versions.find_newest_draft(session, actor.event_id),
        opens=_first_start(session, actor.event_id),
        emails=pending_work.count_waiting_emails(session, actor.event_id)
        if actor.may(Right.READ_INBOX)
        else 0,
    )


def _changes(session: Session, event_id: int, number: int | None) -> ChangeCounts | None:
    if number is None:
        return None
    found = session.get(Comparison, versions.get_version(session, event_id, number).id)
    return count_changes(found) if found is not None else None


def _bounced(session: Session, event_id: int, version_id: int, now: datetime) -> tuple[int, int]:
    """Count people with upcoming meetings whose address bounces, and those meetings."""
    bounced = session.scalars(
        select(Attendee.id).where(Attendee.event_id == event_id, Attendee.bounced_at.is_not(None))
    ).all()  # few addresses bounce: look up their meetings instead of scanning all
    seats = (
        select(func.count(distinct(PlannedAttendee.attendee_id)), func.count())
        .join(PlannedMeeting, PlannedMeeting.id == PlannedAttendee.meeting_id)
        .join(Slot, Slot.id == PlannedMeeting.slot_id)
        .where(in_chunks(PlannedAttendee.attendee_id, bounced), Slot.start > now)
    )
    row = session.execute(scheduled.only_scheduled(seats, version_id)).one()
    return row[0], row[1]


def _unanswered(session: Session, event_id: int) -> Unanswered:
    pending = _of(event_id, RequestState.PENDING)
    firm = MeetingRequest.to_firm_id
    count, firms, oldest = session.execute(
        select(func.count(), func.count(distinct(firm)), func.min(MeetingRequest.created_at)).where(*pending)
    ).one()
    waits = select(firm, func.count().label("open")).where(*pending).group_by(firm).subquery()
    received = (
        select(func.count())
        .select_from(MeetingRequest)
        .where(MeetingRequest.to_firm_id == Firm.id, MeetingRequest.event_id == event_id)
        .correlate(Firm)
        .scalar_subquery()
    )
    busiest = session.execute(
        select(Firm.key, Firm.name, Firm.latin_name, waits.c.open, received)
        .join(waits, waits.c.to_firm_id == Firm.id)
        .order_by(waits.c.open.desc(), Firm.id)
        .limit(MAX_BUSIEST_FIRMS)
    )
    return Unanswered(count, firms, oldest, tuple(UnansweredFirm(*row) for row in busiest))


def _count_below_minimum(session: Session, event_id: int, version_id: int) -> int:
    """Count the firms with fewer scheduled meetings than their minimum."""
    sides = (MeetingRequest.from_firm_id, MeetingRequest.to_firm_id)
    asked, received = (
        select(func.count())
        .join_from(MeetingRequest, PlannedMeeting, PlannedMeeting.request_id == MeetingRequest.id)
        .where(side == Firm.id, PlannedMeeting.version_id == version_id, scheduled.IS_ACCEPTED)
        .correlate(Firm)
        .scalar_subquery()
        for side in sides
    )
    return _count(
        session,
        select(func.count()).where(
            Firm.event_id == event_id,
            Firm.withdrawn_at.is_(None),
            Firm.min_meetings > 0,
            Firm.min_meetings > asked + received,
        ),
    )


def _files(session: Session, event_id: int) -> tuple[PendingFile, ...]:
    rows = session.execute(
        select(ImportFile.id, ImportFile.name, ImportFile.created_at)
        .where(
            ImportFile.event_id == event_id, ImportFile.imported_at.is_(None), ImportFile.octets.is_not(None)
        )
        .order_by(ImportFile.id.desc())
        .limit(MAX_BUSIEST_FIRMS)
    )
    return tuple(PendingFile(*row) for row in rows)


def _first_start(session: Session, event_id: int) -> datetime | None:
    return session.scalar(select(func.min(Slot.start)).where(Slot.of(event_id)))


def _of(event_id: int, state: RequestState) -> tuple[ColumnElement[bool], ...]:
    return MeetingRequest.event_id == event_id, MeetingRequest.state == state


def _count(session: Session, query: Select[int]) -> int:
    return session.scalars(query).one()
