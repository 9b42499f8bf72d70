"""Version actions of organisers: compare, publish, hold, cancel, restore and discard."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from scheduler.config import Settings
from scheduler.domain.entities import JobKind, JobState
from scheduler.domain.errors import EditConflict, WrongState
from scheduler.i18n import gettext_lazy
from scheduler.services.audit_log import recording
from scheduler.services.audit_log.acts import Act
from scheduler.services.audit_log.subjects import pgettext_lazy
from scheduler.services.identity import actors
from scheduler.services.identity.actors import Actor
from scheduler.services.identity.rights import Right
from scheduler.services.publishing import comparisons, publish_preview, release, version_jobs
from scheduler.services.publishing.version_jobs import describe_job, find_latest_job, is_row_changed
from scheduler.services.schedule import history, scheduled, versions
from scheduler.services.schedule.history import VersionCard
from scheduler.storage.models import Event, ManualDraft, ScheduleVersion, VersionJob

PUBLISH = gettext_lazy("publish the version")


@dataclass(frozen=True, slots=True)
class JobCard:
    """A version job and its progress."""

    id: int
    state: JobState
    requested_at: datetime
    starts_at: datetime | None
    """It can be cancelled until it starts, which is not before this time; None: at once."""
    started_at: datetime | None
    finished_at: datetime | None
    attempts: int
    done: int
    """People whose messages are written."""
    total: int
    """People who get a message."""
    mails: int
    """Emails that were queued."""
    error: str | None
    """Why it failed, or why the last attempt did."""

    @property
    def is_open(self) -> bool:
        return self.state in version_jobs.OPEN

    @property
    def is_held(self) -> bool:
        """True if a publication has not started and can still be cancelled."""
        return self.state is JobState.QUEUED and self.starts_at is not None and not self.attempts


def job_card(row: VersionJob) -> JobCard:
    return JobCard(**{name: getattr(row, name) for name in JobCard.__dataclass_fields__})


def needs_comparison(session: Session, actor: Actor, number: int) -> bool:
    """Return True if the version must be compared and no job is requested. Raises NotFound."""
    actor.require(Right.READ_VERSIONS)
    return comparisons.needs_comparison(session, versions.get_version(session, actor.event_id, number))


def request_comparison(session: Session, actor: Actor, number: int, *, now: datetime) -> JobCard:
    """Request a comparison with the published version. The caller sends its task after the commit."""
    actor.require(Right.READ_VERSIONS)
    version = versions.get_version(session, actor.event_id, number)
    return job_card(version_jobs.request_comparison(session, version, by=actor.account_id, now=now))


def request_publishing(
    session: Session,
    actor: Actor,
    number: int,
    *,
    compared_with: int | None,
    revision: int | None = None,
    at_once: bool = False,
    now: datetime,
) -> JobCard:
    """Request that a draft is published after the event's hold, or `at_once`. Raises like
    `version_jobs.request_publishing`.

    `revision` is the revision of a manual draft that the organiser saw. Raises EditConflict if it was changed
    since.

    The caller sends the task after the commit, unless it is held.
    """
    actor.require(Right.PUBLISH)
    actors.require_fresh_or_of_show_day(session, actor, PUBLISH, now=now)
    _lock_manual_draft(session, versions.get_version(session, actor.event_id, number), revision)
    minutes = 0 if at_once else session.get_one(Event, actor.event_id).publish_hold
    job = version_jobs.request_publishing(
        session,
        event_id=actor.event_id,
        number=number,
        compared_with=compared_with,
        by=actor.account_id,
        hold=timedelta(minutes=minutes),
        now=now,
    )
    after = {"hold in minutes": minutes}
    about = pgettext_lazy("audit log", "publication of version %(number)s requested", number=number)
    recording.record_act(session, actor, Act.PUBLISH, about, after=after, now=now)
    return job_card(job)


def _lock_manual_draft(session: Session, version: ScheduleVersion, seen: int | None) -> None:
    """Lock a manual draft, so that no edit slips in between review and publication."""
    revision = session.scalar(
        select(ManualDraft.revision)
        .where(ManualDraft.version_id == version.id)
        .with_for_update(key_share=True)
    )
    if seen is not None and revision is not None and revision != seen:
        raise EditConflict(
            gettext_lazy(
                "Version %(number)s was edited manually after you opened this page. Review its changes again "
                "before you publish it.",
                number=str(version.number),
            )
        )


def cancel_publishing(session: Session, actor: Actor, number: int, *, now: datetime) -> JobCard:
    """Cancel a publication: the version remains a draft, and no one is notified.

    Raises WrongState if it has started.
    """
    values = {"state": JobState.CANCELLED, "finished_at": now}
    job = _change_held_job(session, actor, number, "cancelled", **values)
    about = pgettext_lazy("audit log", "publication of version %(number)s cancelled", number=number)
    recording.record_act(session, actor, Act.PUBLISH, about, now=now)
    return job


def skip_hold(session: Session, actor: Actor, number: int, *, now: datetime) -> JobCard:
    """End the hold of a publication.

    The caller sends its task after the commit. Raises WrongState if it has started.
    """
    actor.require(Right.PUBLISH)
    actors.require_fresh_or_of_show_day(session, actor, PUBLISH, now=now)
    return _change_held_job(session, actor, number, "started", starts_at=now, heartbeat_at=now)


def queue_sample_emails(
    session: Session, actor: Actor, number: int, *, settings: Settings, now: datetime
) -> tuple[str, int] | None:
    """Queue a sample of each kind of email to the actor's own address.

    Return the address and the number of emails, or None if the effect of publishing is not computed yet.
    Raises NotAllowed if the actor has no address.
    """
    actor.require(Right.PUBLISH)
    actor.require_fresh(gettext_lazy("send sample emails to yourself"))
    version = versions.get_version(session, actor.event_id, number)
    found = comparisons.current_comparison(session, version)
    if found is None or not found.told:
        return None
    return publish_preview.queue_sample_emails(session, actor, version, found, settings=settings, now=now)


def discard_draft(session: Session, actor: Actor, number: int, *, now: datetime) -> VersionCard:
    """Discard a draft. Raises like `release.discard_draft`."""
    actor.require(Right.PUBLISH)
    release.discard_draft(session, event_id=actor.event_id, number=number)
    about = pgettext_lazy("audit log", "version %(number)s discarded", number=number)
    recording.record_act(session, actor, Act.DISCARD, about, now=now)
    return history.show_version(session, actor, number)


def restore_draft(session: Session, actor: Actor, number: int, *, now: datetime) -> VersionCard:
    """Restore a discarded version as a draft. Raises like `release.restore_draft`."""
    actor.require(Right.PUBLISH)
    release.restore_draft(session, event_id=actor.event_id, number=number)
    about = pgettext_lazy("audit log", "version %(number)s restored", number=number)
    recording.record_act(session, actor, Act.DISCARD, about, now=now)
    return history.show_version(session, actor, number)


def discard_old_drafts(session: Session, actor: Actor, *, now: datetime) -> int:
    """Discard old drafts, like `release.discard_old_drafts`. Return their number."""
    actor.require(Right.PUBLISH)
    count = release.discard_old_drafts(session, actor.event_id)
    if count:
        about = pgettext_lazy("audit log", "%(number)s older drafts discarded", number=count)
        recording.record_act(session, actor, Act.DISCARD, about, now=now)
    return count


def restore_version(session: Session, actor: Actor, number: int, *, now: datetime) -> VersionCard:
    """Create a draft with the content of an earlier version. Raises like `release.restore_version`."""
    actor.require(Right.PUBLISH)
    actor.require_fresh(gettext_lazy("restore the version"))
    draft = release.restore_version(session, event_id=actor.event_id, number=number, now=now)
    about = pgettext_lazy(
        "audit log", "version %(new)s created from version %(old)s", new=draft.number, old=number
    )
    recording.record_act(session, actor, Act.RESTORE, about, now=now)
    return history.show_version(session, actor, draft.number)


def draft_cancellations(session: Session, actor: Actor, *, now: datetime) -> VersionCard:
    """Create a draft of the published meetings without cancelled ones, so that partners can be notified.

    Raises WrongState if no meeting was cancelled, or nothing is published.
    """
    actor.require(Right.PUBLISH)
    current = versions.find_published_version(session, actor.event_id)
    if current is None:
        text = gettext_lazy("No schedule is published yet, so there are no partners to notify.")
        raise WrongState("schedule", actor.event_key, "not published", "sent to partners", text)
    if not scheduled.list_withdrawn_requests(session, current.id):
        text = gettext_lazy("No published meeting was cancelled, so there are no partners to notify.")
        raise WrongState("version", current.number, "as people know it", "sent to partners", text)
    draft = release.copy_version(session, current, now=now)
    about = pgettext_lazy(
        "audit log",
        "version %(number)s created to notify partners of cancelled meetings",
        number=draft.number,
    )
    recording.record_act(session, actor, Act.RESTORE, about, now=now)
    return history.show_version(session, actor, draft.number)


def _change_held_job(session: Session, actor: Actor, number: int, step: str, **values: Any) -> JobCard:
    """Update a held job by a conditional UPDATE.

    If a worker claims the job at the same time, exactly one of the two succeeds. Raises WrongState.
    """
    actor.require(Right.PUBLISH)
    version: ScheduleVersion = versions.get_version(session, actor.event_id, number)
    job = find_latest_job(session, version, JobKind.PUBLISH)
    held = update(VersionJob).where(
        VersionJob.id == (job.id if job else 0),
        VersionJob.state == JobState.QUEUED,
        VersionJob.starts_at.is_not(None),
        VersionJob.attempts == 0,
    )
    if job is None or not is_row_changed(session, held.values(values)):
        if job is not None:
            session.refresh(job)
        text = gettext_lazy(
            "Version %(number)s is not waiting to be published any more. Reload the page to see its status.",
            number=str(version.number),
        )
        raise WrongState("publication of version", version.number, describe_job(job), step, text)
    session.refresh(job)
    return job_card(job)
