"""Version jobs: request, cancel, claim and follow them. A lost job is restarted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import ColumnElement, CursorResult, Update, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from scheduler.domain.entities import AlertKind, JobKind, JobState, VersionState
from scheduler.domain.errors import ChainmeetError, PublishingInProgress, WrongState
from scheduler.i18n import gettext_lazy
from scheduler.services import links
from scheduler.services.operations import alerts
from scheduler.services.publishing import release
from scheduler.services.schedule import versions
from scheduler.storage.models import Event, Run, ScheduleVersion, VersionJob

OPEN = (JobState.QUEUED, JobState.RUNNING)
SILENT = timedelta(seconds=120)
"""A running job without a heartbeat for this time has lost its worker."""
WAITING = timedelta(seconds=60)
"""A job that no worker took for this time is sent again, because the task may be lost."""
MAX_ATTEMPTS = 2
LOST_WORKER_ERROR = gettext_lazy(
    "The worker stopped unexpectedly %(times)s times during the work.", times=MAX_ATTEMPTS
)

_NO_SYNC: dict[str, Any] = {"synchronize_session": False}


class JobLost(ChainmeetError):
    """Raised if the job no longer belongs to this worker: another one has it, or it has ended."""

    code = "job-lost"

    def __init__(self, job_id: int) -> None:
        super().__init__(f"Job {job_id} is with another worker now.")


@dataclass(frozen=True, slots=True)
class ClaimedJob:
    """A job that a worker has claimed. All writes require that the job still belongs to the worker."""

    id: int
    worker: str

    def report(self, session: Session, *, now: datetime, **values: Any) -> None:
        """Record progress and a heartbeat, in the transaction of the work. Raises JobLost."""
        mine = update(VersionJob).where(
            VersionJob.id == self.id,
            VersionJob.state == JobState.RUNNING,
            VersionJob.worker == self.worker,
        )
        if not is_row_changed(session, mine.values(heartbeat_at=now, **values)):
            raise JobLost(self.id)


def request_comparison(
    session: Session, version: ScheduleVersion, *, by: int | None, now: datetime
) -> VersionJob:
    """Request a comparison of the version, or return the open job.

    The caller sends its task after the commit.
    """
    return find_open_job(session, version, JobKind.COMPARE) or _request_job(
        session, version, JobKind.COMPARE, by=by, now=now
    )


def request_manual_draft(
    session: Session, version: ScheduleVersion, *, by: int | None, now: datetime
) -> VersionJob:
    """Request a manual draft of a version, or return the open job."""
    return find_open_job(session, version, JobKind.BEGIN) or _request_job(
        session, version, JobKind.BEGIN, by=by, now=now
    )


def request_explanations(
    session: Session, version: ScheduleVersion, *, by: int | None, now: datetime
) -> VersionJob:
    """Request explanations of a version's unscheduled requests, or return the open job."""
    return find_open_job(session, version, JobKind.EXPLAIN) or _request_job(
        session, version, JobKind.EXPLAIN, by=by, now=now
    )


def request_publishing(
    session: Session,
    *,
    event_id: int,
    number: int,
    compared_with: int | None,
    by: int | None,
    budget: int | None = None,
    hold: timedelta = timedelta(),
    now: datetime,
) -> VersionJob:
    """Request that a draft is published. A second call returns the same job. The caller sends its task after
    the commit.

    With a `hold` it starts that much later and can be cancelled until then. A publication that failed after
    the version became public resumes at once where it stopped. Raises like `release.find_publishable_draft`,
    and PublishingInProgress if another version is being published.
    """
    version = versions.get_version(session, event_id, number)
    job = find_latest_job(session, version, JobKind.PUBLISH)
    if job is not None and job.state in OPEN:
        return job
    if job is not None and job.state is JobState.FAILED and version.state is VersionState.PUBLISHED:
        return _retry_failed(session, version, job, by=by, now=now)
    release.find_publishable_draft(session, event_id=event_id, number=number, compared_with=compared_with)
    values = {"compared_with": compared_with, "budget": budget, "starts_at": now + hold if hold else None}
    return _request_job(session, version, JobKind.PUBLISH, by=by, now=now, **values)


def request_notifications(
    session: Session, version: ScheduleVersion, *, by: int | None, now: datetime
) -> VersionJob:
    """Request the emails about the published version that were not sent yet. The caller sends the task after
    the commit.

    The job is a publication that resumes after its first step.
    """
    return _request_job(session, version, JobKind.PUBLISH, by=by, now=now)


def describe_job(job: VersionJob | None) -> str:
    """Return the state of a publication in words."""
    return "not requested" if job is None else job.state.name.lower()


def find_open_job(session: Session, version: ScheduleVersion, kind: JobKind) -> VersionJob | None:
    job = find_latest_job(session, version, kind)
    return job if job is not None and job.state in OPEN else None


def find_latest_job(session: Session, version: ScheduleVersion, kind: JobKind) -> VersionJob | None:
    """Return the latest job of a kind for a version."""
    return session.scalar(
        select(VersionJob)
        .where(VersionJob.version_id == version.id, VersionJob.kind == kind)
        .order_by(VersionJob.id.desc())
        .limit(1)
        .execution_options(populate_existing=True)
    )


def claim_job(session: Session, job_id: int, worker: str, *, now: datetime) -> VersionJob | None:
    """Claim a requested job. Return None if another worker has it or has finished it."""
    begins = VersionJob.starts_at
    asked = update(VersionJob).where(
        VersionJob.id == job_id,
        VersionJob.state == JobState.QUEUED,
        or_(begins.is_(None), begins <= now),
    )
    values = {
        "state": JobState.RUNNING,
        "worker": worker,
        "started_at": now,
        "heartbeat_at": now,
        "attempts": VersionJob.attempts + 1,
        "done": 0,
        "total": 0,
    }
    if not is_row_changed(session, asked.values(values)):
        return None
    return session.get_one(VersionJob, job_id, populate_existing=True)


def finish_job(session: Session, held: ClaimedJob, *, now: datetime) -> None:
    """Mark a running job as done, and resolve the alert of an earlier failure."""
    held.report(session, now=now, state=JobState.DONE, finished_at=now, error=None)
    job = session.get_one(VersionJob, held.id, populate_existing=True)
    if job.kind is JobKind.PUBLISH:
        alerts.end_alert(session, AlertKind.NOT_PUBLISHED, event_id=job.event_id, now=now)


def requeue_job(session: Session, held: ClaimedJob, *, error: str | None, now: datetime) -> None:
    """Move a running job back to requested, for a retry.

    Without `error` the worker is shutting down and the attempt does not count.
    """
    attempts = VersionJob.attempts if error else VersionJob.attempts - 1
    held.report(session, now=now, state=JobState.QUEUED, worker=None, attempts=attempts, error=error)


def fail_job(session: Session, held: ClaimedJob, *, error: str, now: datetime) -> None:
    """Mark a running job as failed, and alert the organisers.

    The message is stored with the version's run.
    """
    held.report(session, now=now, state=JobState.FAILED, finished_at=now, error=error)
    _alert_failed(session, session.get_one(VersionJob, held.id, populate_existing=True), now)


def recover_lost_jobs(session: Session, *, now: datetime) -> list[int]:
    """Recover jobs that no worker is working on. Return the ids of those whose task must be sent again."""
    lost = _requeue_lost(session, VersionJob.heartbeat_at <= now - SILENT, now)
    waits = (VersionJob.state == JobState.QUEUED) & (VersionJob.heartbeat_at <= now - WAITING)
    again = update(VersionJob).where(waits, ~VersionJob.id.in_(lost)).values(heartbeat_at=now)
    return sorted([*lost, *session.scalars(again.returning(VersionJob.id), execution_options=_NO_SYNC)])


def recover_orphaned_jobs(session: Session, is_gone: Callable[[str], bool], *, now: datetime) -> list[int]:
    """Recover running jobs whose worker is known to be gone. Return the ids of those to send."""
    running = session.execute(
        select(VersionJob.id, VersionJob.worker).where(VersionJob.state == JobState.RUNNING)
    ).all()
    lost = [job_id for job_id, worker in running if worker is not None and is_gone(worker)]
    return _requeue_lost(session, VersionJob.id.in_(lost), now) if lost else []


def _requeue_lost(session: Session, which: ColumnElement[bool], now: datetime) -> list[int]:
    """Requeue running jobs, or mark them as failed after too many lost workers."""
    running = update(VersionJob).where(VersionJob.state == JobState.RUNNING, which)
    too_often = session.scalars(
        running.where(VersionJob.attempts >= MAX_ATTEMPTS)
        .values(state=JobState.FAILED, finished_at=now, error=LOST_WORKER_ERROR)
        .returning(VersionJob)
        .execution_options(populate_existing=True, **_NO_SYNC)
    ).all()
    for job in too_often:
        _alert_failed(session, job, now)
    lost = running.values(state=JobState.QUEUED, worker=None, heartbeat_at=now)
    return list(session.scalars(lost.returning(VersionJob.id), execution_options=_NO_SYNC))


def _request_job(
    session: Session,
    version: ScheduleVersion,
    kind: JobKind,
    *,
    by: int | None,
    now: datetime,
    **values: Any,
) -> VersionJob:
    job = VersionJob(
        event_id=version.event_id,
        version_id=version.id,
        kind=kind,
        state=JobState.QUEUED,
        requested_by=by,
        requested_at=now,
        heartbeat_at=now,
        **values,
    )
    if job.starts_at is not None:
        job.heartbeat_at = job.starts_at - WAITING  # the first tick after that time sends the task
    try:
        with session.begin_nested():  # concurrent calls: the partial unique index admits one
            session.add(job)
    except IntegrityError:
        return _other(session, version, kind)
    return job


def _retry_failed(
    session: Session, version: ScheduleVersion, job: VersionJob, *, by: int | None, now: datetime
) -> VersionJob:
    """Requeue a failed job with a full number of attempts.

    People who were notified are not notified twice.
    """
    again = (
        update(VersionJob)
        .where(VersionJob.id == job.id, VersionJob.state == JobState.FAILED)
        .values(state=JobState.QUEUED, attempts=0, requested_by=by, requested_at=now, heartbeat_at=now)
    )
    try:
        with session.begin_nested():
            is_row_changed(session, again)
    except IntegrityError:
        return _other(session, version, JobKind.PUBLISH)
    session.refresh(job)
    return job


def _other(session: Session, version: ScheduleVersion, kind: JobKind) -> VersionJob:
    """Return the conflicting open job, if it is for the same version.

    Raises PublishingInProgress if it is for another version, and WrongState if it has just ended.
    """
    other = session.execute(
        select(VersionJob, ScheduleVersion.number)
        .join(ScheduleVersion, ScheduleVersion.id == VersionJob.version_id)
        .where(VersionJob.event_id == version.event_id, VersionJob.kind == kind, VersionJob.state.in_(OPEN))
        .order_by((VersionJob.version_id == version.id).desc())
        .limit(1)
    ).first()
    if other is None:
        raise WrongState("version", version.number, version.state, "published now; try again")
    job, number = other
    if job.version_id != version.id:
        raise PublishingInProgress(number)
    return job


def _alert_failed(session: Session, job: VersionJob, now: datetime) -> None:
    if job.kind is JobKind.PUBLISH:
        version = session.get_one(ScheduleVersion, job.version_id)
        report_not_published(session, version, reason=job.error or "", by=job.requested_by, now=now)


def report_not_published(
    session: Session, version: ScheduleVersion, *, reason: str, by: int | None = None, now: datetime
) -> None:
    """Store the reason with the run, if the publication followed it, and alert the organisers."""
    if by is None and version.run_id is not None:
        session.execute(update(Run).where(Run.id == version.run_id).values(error=reason))
    event = session.get_one(Event, version.event_id)
    alerts.raise_alert(
        session,
        AlertKind.NOT_PUBLISHED,
        event_id=event.id,
        about=f"version {version.number}",
        reason=reason,
        path=links.version(event.key, version.number),
        now=now,
    )


def is_row_changed(session: Session, statement: Update) -> bool:
    """Execute a conditional UPDATE. Return True if it changed a row."""
    done = session.execute(statement, execution_options={"synchronize_session": False})
    return cast("CursorResult[Any]", done).rowcount > 0
