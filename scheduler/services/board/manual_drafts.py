"""Manual drafts: started from a version, and locked while a step changes them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from scheduler.domain.entities import JobKind, RequestState, VersionState
from scheduler.domain.errors import EditConflict, NotFound, PublishingInProgress, WrongState
from scheduler.domain.manual_edits import EditStepState
from scheduler.i18n import gettext_lazy
from scheduler.services.audit_log import recording
from scheduler.services.audit_log.acts import Act
from scheduler.services.audit_log.subjects import pgettext_lazy
from scheduler.services.identity.actors import Actor
from scheduler.services.identity.rights import Right
from scheduler.services.problems import manual_edits
from scheduler.services.problems.manual_edits import OpenDraft
from scheduler.services.publishing import release, version_jobs
from scheduler.services.publishing.version_actions import JobCard, job_card
from scheduler.services.schedule import versions
from scheduler.storage.models import Account, EditStep, ManualDraft, MeetingRequest, ScheduleVersion

MAX_INLINE_REQUESTS = 3_000
"""Up to this many accepted requests, a web request starts the draft itself.

It takes some tenths of a second.
"""


@dataclass(frozen=True, slots=True)
class DraftStart:
    """Progress of starting a manual draft. `draft` is the number of the newest draft based on the version."""

    job: JobCard | None
    draft: int | None


@dataclass(frozen=True, slots=True)
class LockedDraft:
    """A draft locked by this transaction, so that no one else can change or publish it.

    `names_others`: the actor may read the email addresses of other organisers.
    """

    version: ScheduleVersion
    draft: ManualDraft
    names_others: bool = True


def start_draft(session: Session, actor: Actor, number: int, *, now: datetime) -> int:
    """Start a manual draft with the meetings of a published version or draft. Return its number.

    Raises NotFound, WrongState.
    """
    actor.require(Right.EDIT_DRAFTS)
    base = versions.get_version(session, actor.event_id, number)
    version = release.create_manual_draft(session, base, by=actor.account_id, now=now)
    about = pgettext_lazy(
        "audit log",
        "manual draft %(draft)s created from version %(version)s",
        draft=version.number,
        version=number,
    )
    recording.record_act(session, actor, Act.MANUAL_DRAFT, about, now=now)
    return version.number


def is_large_event(session: Session, actor: Actor) -> bool:
    """Return True if a worker must start the draft, because a web request would take too long."""
    actor.require(Right.EDIT_DRAFTS)
    accepted = select(func.count()).where(
        MeetingRequest.event_id == actor.event_id, MeetingRequest.state == RequestState.ACCEPTED
    )
    return (session.scalar(accepted) or 0) > MAX_INLINE_REQUESTS


def request_draft(session: Session, actor: Actor, number: int, *, now: datetime) -> JobCard:
    """Queue the start of a manual draft. Send its task after the commit. Raises NotFound, WrongState."""
    actor.require(Right.EDIT_DRAFTS)
    base = versions.get_version(session, actor.event_id, number)
    if base.state not in (VersionState.PUBLISHED, VersionState.DRAFT):
        raise WrongState("version", number, base.state.value, "changed manually", _audit_subject(base))
    job = version_jobs.request_manual_draft(session, base, by=actor.account_id, now=now)
    about = pgettext_lazy("audit log", "manual draft of version %(number)s requested", number=number)
    recording.record_act(session, actor, Act.MANUAL_DRAFT, about, now=now)
    return job_card(job)


def get_draft_start(session: Session, actor: Actor, number: int) -> DraftStart:
    """Return the last queued start of a manual draft from a version, and its newest draft."""
    actor.require(Right.READ_VERSIONS)
    base = versions.get_version(session, actor.event_id, number)
    job = version_jobs.find_latest_job(session, base, JobKind.BEGIN)
    newest = session.scalar(
        select(func.max(ScheduleVersion.number))
        .join(ManualDraft, ManualDraft.version_id == ScheduleVersion.id)
        .where(ManualDraft.base_id == base.id)
    )
    return DraftStart(job_card(job) if job is not None else None, newest)


def list_open_drafts(session: Session, actor: Actor) -> tuple[OpenDraft, ...]:
    """Return the manual drafts that are neither published nor discarded, newest first."""
    actor.require(Right.READ_VERSIONS)
    return manual_edits.list_open_drafts(session, actor.event_id)


def lock_draft(session: Session, actor: Actor, number: int) -> LockedDraft:
    """Lock a manual draft in order to change it. Raises NotFound, WrongState, PublishingInProgress."""
    actor.require(Right.EDIT_DRAFTS)
    version = versions.get_version(session, actor.event_id, number)
    draft = session.scalar(
        select(ManualDraft)
        .where(ManualDraft.version_id == version.id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    if draft is None:
        raise NotFound("draft by hand", number)
    session.refresh(version)
    if version.state is not VersionState.DRAFT:
        raise WrongState("version", number, version.state.value, "changed manually", _audit_subject(version))
    if version_jobs.find_open_job(session, version, JobKind.PUBLISH) is not None:
        raise PublishingInProgress(number)
    return LockedDraft(version, draft, actor.may(Right.READ_CONTACTS))


def require_unchanged(session: Session, held: LockedDraft, touched: set[str], seen: int | None) -> None:
    """Raise EditConflict if any of these requests changed after revision `seen` of the draft."""
    if seen is None or seen >= held.draft.revision:
        return
    since = session.execute(
        select(EditStep, Account.email)
        .outerjoin(Account, Account.id == EditStep.changed_by)
        .where(EditStep.version_id == held.version.id, EditStep.revision > seen)
        .order_by(EditStep.revision.desc())
    )
    for step, who in since:
        if touched & step.changes.keys():
            is_done = step.state is EditStepState.DONE
            raise EditConflict(_changed_by(who if held.names_others else None, is_done=is_done))


def _changed_by(who: str | None, *, is_done: bool) -> str:
    by = who or gettext_lazy("Someone")
    if is_done:
        return gettext_lazy(
            "%(who)s changed the same meeting after you opened this page. Your change was "
            "not saved. Check the board, then try again.",
            who=by,
        )
    return gettext_lazy(
        "%(who)s undid a change to the same meeting after you opened this page. Your "
        "change was not saved. Check the board, then try again.",
        who=by,
    )


def _audit_subject(version: ScheduleVersion) -> str:
    return gettext_lazy(
        "Version %(number)s can't be edited manually. You can edit a draft, or create a"
        " new draft from the published version.",
        number=str(version.number),
    )
