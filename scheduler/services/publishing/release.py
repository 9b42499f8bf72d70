"""Release steps: make a draft the published version, then queue emails. Also restore and discard."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime

from sqlalchemy import ColumnElement, case, delete, exists, insert, literal, select, update
from sqlalchemy.orm import Session, aliased

from scheduler.config import Settings
from scheduler.domain import rules
from scheduler.domain.entities import JobKind, JobState, PlanStatus, RequestState, VersionState
from scheduler.domain.errors import VenueChanged, VersionConflict, WrongState
from scheduler.domain.manual_edits import LockKind
from scheduler.invites.mail.summary import Summary
from scheduler.services import links
from scheduler.services.audit_log import recording
from scheduler.services.audit_log.acts import Act
from scheduler.services.audit_log.recording import NamedDoer
from scheduler.services.audit_log.subjects import pgettext_lazy
from scheduler.services.problems import manual_edits, snapshot
from scheduler.services.publishing import invitation_diff, summaries
from scheduler.services.publishing.interpreter_notices import notifications as briefings
from scheduler.services.publishing.invitation_diff import InvitationPlan
from scheduler.services.schedule import bookings, unscheduled, versions
from scheduler.storage.in_list import in_chunks
from scheduler.storage.models import (
    BlockedSlot,
    Event,
    ManualDraft,
    MeetingLock,
    MeetingRequest,
    PlannedAttendee,
    PlannedMeeting,
    ScheduleVersion,
    Slot,
    VersionJob,
)


def find_publishable_draft(
    session: Session, *, event_id: int, number: int, compared_with: int | None
) -> ScheduleVersion:
    """Return the draft if it may be published and no other version was published since it was compared.

    `compared_with` is the number of the version with which the change set was compared. Raises NotFound,
    WrongState if the version is not a draft, VersionConflict if another one is published now, and
    VenueChanged if it has meetings at removed times.
    """
    version = versions.get_version(session, event_id, number)
    session.refresh(version)
    if version.state is not VersionState.DRAFT:
        raise WrongState("version", number, version.state, "published")
    current = versions.find_published_version(session, event_id)
    if (current.number if current else None) != compared_with:
        raise VersionConflict(compared_with, current.number if current else None)
    gone = select(PlannedMeeting.id).join(
        Slot, Slot.id.in_((PlannedMeeting.slot_id, PlannedMeeting.last_slot_id)) & Slot.is_retired
    )
    if session.scalar(gone.where(PlannedMeeting.version_id == version.id).limit(1)) is not None:
        raise VenueChanged(number)
    return version


def make_published(
    session: Session, *, event_id: int, number: int, compared_with: int | None, by: int | None, now: datetime
) -> ScheduleVersion:
    """Publish a draft in one short step. Its emails follow later.

    Unclaimed emails of earlier publications are deleted, because only the net effect is sent. Raises like
    `find_publishable_draft`, and PlanRejected if the version double-books a person or place.
    """
    lock_publishing(session, event_id)
    version = find_publishable_draft(session, event_id=event_id, number=number, compared_with=compared_with)
    current = versions.find_published_version(session, event_id)
    _delete_withdrawn(session, version.id)
    _replace_published(session, current, version, by=by, now=now)
    bookings.replace_bookings(session, version)
    invitation_diff.delete_unsent_invitations(session, event_id)
    summaries.hold_summaries(session, event_id, now=now)
    doer = NamedDoer(account_id=by, event_id=event_id, name="" if by else recording.NIGHT)
    before, after = {"published": compared_with}, {"published": number}
    about = pgettext_lazy("audit log", "version %(number)s published", number=number)
    recording.record_act(session, doer, Act.PUBLISH, about, before=before, after=after, now=now)
    return version


def plan_invitations(
    session: Session, version: ScheduleVersion, settings: Settings, *, now: datetime
) -> InvitationPlan:
    """Return the people whom publishing the version notifies, with their changes, as of `now`."""
    event = session.get_one(Event, version.event_id)
    return invitation_diff.plan_invitations(
        session,
        event,
        version.id,
        agenda_url=links.absolute_url(settings, links.agenda(event.key)),
        mail_domain=settings.mail_domain,
        now=now,
    )


def queue_publish_emails(
    session: Session, seen: InvitationPlan, version: int, people: Collection[int]
) -> int:
    """Queue the emails of a publication to some people. Return the number of emails.

    Idempotent: repeating it for the same people replaces unsent emails.
    """
    lock_publishing(session, seen.event.id)
    dropped = summaries.take_unsent_summaries(session, seen.event.id, people)
    todo = invitation_diff.queue_invitations(session, seen, people, summary_uids(dropped))
    if not seen.event.summary_mails:
        return len(todo.messages)
    return len(todo.messages) + summaries.queue_summaries(session, seen, version, todo, dropped)


def queue_interpreter_notices(
    session: Session, version: ScheduleVersion, settings: Settings, *, now: datetime
) -> int:
    """Queue the emails to interpreters about the version, like `queue_publish_emails`.

    Return their number.
    """
    lock_publishing(session, version.event_id)
    return briefings.queue_notices(session, version, settings, now=now)


def summary_uids(dropped: Mapping[int, Summary]) -> set[str]:
    """Return the UIDs that summaries mention."""
    return {change.uid for summary in dropped.values() for change in summary.changes}


def lock_publishing(session: Session, event_id: int) -> None:
    """Lock the event's row, so that publications, address corrections and the email rate limit run one at a
    time.
    """
    session.execute(select(Event.id).where(Event.id == event_id).with_for_update(key_share=True))


def restore_version(session: Session, *, event_id: int, number: int, now: datetime) -> ScheduleVersion:
    """Create a draft with the content of an earlier version.

    Raises WrongState if the version is not superseded.
    """
    old = versions.get_version(session, event_id, number)
    if old.state is not VersionState.SUPERSEDED:
        raise WrongState("version", number, old.state, "rolled back to")
    return copy_version(session, old, now=now)


def copy_version(session: Session, old: ScheduleVersion, *, now: datetime) -> ScheduleVersion:
    """Create a draft with the content of another version.

    It is published like any other. Its score is that of publishing it now: without meetings whose requests
    are no longer accepted, and compared with the published version. It has no bound, because nothing is
    proven about it.
    """
    event_id = old.event_id
    current = versions.find_published_version(session, event_id)
    problem = snapshot.build_problem(session, event_id, now=now, as_put_by_hand=False)
    asked = problem.index.requests
    kept = [meeting for meeting in versions.list_meetings(session, old.id) if meeting.request in asked]
    score = rules.score(problem, kept)
    draft = ScheduleVersion(
        event_id=event_id,
        number=versions.next_number(session, event_id),
        state=VersionState.DRAFT,
        run_id=old.run_id,
        compared_with_id=current.id if current else None,
        copy_of_id=old.id,
        status=str(PlanStatus.FEASIBLE),
        score=score.total,
        terms=dict(score.terms),
        created_at=now,
    )
    session.add(draft)
    session.flush()
    versions.copy_meetings(session, old.id, draft.id)
    unscheduled.copy_answers(session, old.id, draft.id, asked)
    return draft


def create_manual_draft(
    session: Session, base: ScheduleVersion, *, by: int | None, now: datetime
) -> ScheduleVersion:
    """Create a manual draft with the content of a published version or a draft.

    Raises WrongState if the version has another state.
    """
    if base.state not in (VersionState.PUBLISHED, VersionState.DRAFT):
        raise WrongState("version", base.number, base.state.value, "changed manually")
    draft = copy_version(session, base, now=now)
    session.add(ManualDraft(version_id=draft.id, base_id=base.id, revision=0, started_by=by))
    session.flush()
    _inherit_manual_edits(session, base, draft)
    return draft


def _inherit_manual_edits(session: Session, base: ScheduleVersion, draft: ScheduleVersion) -> None:
    """Copy the manual edits that still match the base.

    The source is the base itself, or the manual draft that the base's run kept.
    """
    source = manual_edits.find_source_version(session, base)
    if source is None:
        return
    before = source.id
    old, new = aliased(PlannedMeeting), aliased(PlannedMeeting)
    same = exists().where(
        *(old.version_id == before, new.version_id == base.id),
        *(each.request_id == MeetingLock.request_id for each in (old, new)),
        *(old.slot_id == new.slot_id, old.place_id == new.place_id),
    )
    held = exists().where(new.version_id == base.id, new.request_id == MeetingLock.request_id)
    is_so = case((MeetingLock.kind == LockKind.LOCKED, same), else_=~held)
    marks = select(literal(draft.id), MeetingLock.request_id, MeetingLock.kind).where(
        MeetingLock.version_id == before, is_so
    )
    bans = select(literal(draft.id), BlockedSlot.request_id, BlockedSlot.slot_id).where(
        BlockedSlot.version_id == before
    )
    session.execute(insert(MeetingLock).from_select(("version_id", "request_id", "kind"), marks))
    session.execute(insert(BlockedSlot).from_select(("version_id", "request_id", "slot_id"), bans))


def discard_draft(session: Session, *, event_id: int, number: int) -> None:
    """Discard a draft. Raises WrongState if it is not a draft, or is about to be published."""
    _change_state(
        session, versions.get_version(session, event_id, number), VersionState.DRAFT, VersionState.DISCARDED
    )


def restore_draft(session: Session, *, event_id: int, number: int) -> None:
    """Restore a discarded version as a draft. Raises WrongState if it is not discarded."""
    _change_state(
        session, versions.get_version(session, event_id, number), VersionState.DISCARDED, VersionState.DRAFT
    )


def _change_state(session: Session, version: ScheduleVersion, was: VersionState, state: VersionState) -> None:
    rows = update(ScheduleVersion).where(
        ScheduleVersion.id == version.id, ScheduleVersion.state == was, ~_is_publishing_open()
    )
    done = session.scalar(rows.values(state=state).returning(ScheduleVersion.id))
    session.refresh(version)
    if done is None:
        found = "being published" if version.state is was else version.state
        verb = "discarded" if state is VersionState.DISCARDED else "brought back"
        raise WrongState("version", version.number, found, verb)


def _is_publishing_open() -> ColumnElement[bool]:
    """SQL condition: a publishing job of the version is open."""
    return exists().where(
        VersionJob.version_id == ScheduleVersion.id,
        VersionJob.kind == JobKind.PUBLISH,
        VersionJob.state.in_((JobState.QUEUED, JobState.RUNNING)),
    )


def discard_old_drafts(session: Session, event_id: int) -> int:
    """Discard old drafts. The newest draft is kept if it is newer than the published version.

    Manually edited drafts are kept too. Return the number of discarded drafts.
    """
    kept = versions.find_newest_draft(session, event_id)
    done = session.scalars(
        update(ScheduleVersion)
        .where(
            ScheduleVersion.event_id == event_id,
            ScheduleVersion.state == VersionState.DRAFT,
            ScheduleVersion.number != (kept or 0),
            ~_is_publishing_open(),
            ~exists().where(ManualDraft.version_id == ScheduleVersion.id, ManualDraft.revision > 0),
        )
        .values(state=VersionState.DISCARDED)
        .returning(ScheduleVersion.id)
        .execution_options(synchronize_session=False)
    )
    return len(done.all())


def _delete_withdrawn(session: Session, version_id: int) -> None:
    """Delete the meetings of requests that are no longer accepted."""
    gone = session.scalars(
        select(PlannedMeeting.id)
        .join(MeetingRequest, MeetingRequest.id == PlannedMeeting.request_id)
        .where(PlannedMeeting.version_id == version_id, MeetingRequest.state != RequestState.ACCEPTED)
    ).all()
    if gone:
        session.execute(delete(PlannedAttendee).where(in_chunks(PlannedAttendee.meeting_id, gone)))
        session.execute(delete(PlannedMeeting).where(in_chunks(PlannedMeeting.id, gone)))


def _replace_published(
    session: Session,
    current: ScheduleVersion | None,
    version: ScheduleVersion,
    *,
    by: int | None,
    now: datetime,
) -> None:
    """Replace the published version. The partial unique index rejects a second published one."""
    if current is not None:
        current.state = VersionState.SUPERSEDED
        session.flush()
    version.state = VersionState.PUBLISHED
    version.compared_with_id = current.id if current else None
    version.published_at, version.published_by = now, by
    session.flush()
