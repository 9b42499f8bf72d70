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

OPEN = (JobState.ASKED, JobState.RUNNING)
SILENT = timedelta(seconds=120)
"""A running job that reported nothing for this time has lost its worker."""
WAITING = timedelta(seconds=60)
"""A job that nobody took for this time gets another task: the first one may be lost."""
MAX_ATTEMPTS = 2
LOST_WORKER_ERROR = gettext_lazy(
    "The worker was lost %(times)s times in the middle of it.", times=MAX_ATTEMPTS
)

_NO_SYNC: dict[str, Any] = {"synchronize_session": False}


class JobLost(ChainmeetError):
    """The job is no longer this worker's: another worker has it, or it has ended."""

    code = "job-lost"

    def __init__(self, job_id: int) -> None:
        super().__init__(f"Job {job_id} is with another worker now.")


@dataclass(frozen=True, slots=True)
class ClaimedJob:
    """A job that a worker has claimed: all that it writes, it writes while the job is still its own."""

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
    """A new job that compares the version, or the job that is open. Send its task after the commit."""
    return find_open_job(session, version, JobKind.COMPARE) or _request_job(
        session, version, JobKind.COMPARE, by=by, now=now
    )


def request_manual_draft(
    session: Session, version: ScheduleVersion, *, by: int | None, now: datetime
) -> VersionJob:
    """The job that begins a draft by hand from a version. While it is open, a second call gives the same."""
    return find_open_job(session, version, JobKind.BEGIN) or _request_job(
        session, version, JobKind.BEGIN, by=by, now=now
    )


def request_explanations(
    session: Session, version: ScheduleVersion, *, by: int | None, now: datetime
) -> VersionJob:
    """The job that finds a version's missing reasons. While it is open, a second call gives the same."""
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
    """The job that publishes a draft. A second call returns the same job. Send its task after the commit.

    With a `hold` it begins that much later and can be cancelled until then. A publishing that failed after
    people saw the version continues at once from where it ended. Raises as `release.check`, and
    PublishingOpen if another version is being published.
    """
    version = versions.get_version(session, event_id, number)
    job = find_latest_job(session, version, JobKind.PUBLISH)
    if job is not None and job.state in OPEN:
        return job
    if job is not None and job.state is JobState.FAILED and version.state is VersionState.PUBLISHED:
        return _retry_failed(session, version, job, by=by, now=now)
    release.find_publishable_draft(session, event_id=event_id, number=number, compared_with=compared_with)
    values = {"compared_with": compared_with, "budget": budget, "begins_at": now + hold if hold else None}
    return _request_job(session, version, JobKind.PUBLISH, by=by, now=now, **values)


def request_notifications(
    session: Session, version: ScheduleVersion, *, by: int | None, now: datetime
) -> VersionJob:
    """The job that tells people of the published version what they were not told. Send its task after the
    commit.

    It is a publishing that goes on behind its first step, which was done before.
    """
    return _request_job(session, version, JobKind.PUBLISH, by=by, now=now)


def describe_job(job: VersionJob | None) -> str:
    """The state of a publishing, in words."""
    return "not asked for" if job is None else str(job.state).replace("_", " ")


def find_open_job(session: Session, version: ScheduleVersion, kind: JobKind) -> VersionJob | None:
    job = find_latest_job(session, version, kind)
    return job if job is not None and job.state in OPEN else None


def find_latest_job(session: Session, version: ScheduleVersion, kind: JobKind) -> VersionJob | None:
    """The last job of a kind about a version."""
    return session.scalar(
        select(VersionJob)
        .where(VersionJob.version_id == version.id, VersionJob.kind == kind)
        .order_by(VersionJob.id.desc())
        .limit(1)
        .execution_options(populate_existing=True)
    )


def claim_job(session: Session, job_id: int, worker: str, *, now: datetime) -> VersionJob | None:
    """Claim a requested job, or return None if another worker has it or has done it."""
    begins = VersionJob.begins_at
    asked = update(VersionJob).where(
        VersionJob.id == job_id,
        VersionJob.state == JobState.ASKED,
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
    """Set a running job to done, and end the alert of an earlier failure."""
    held.report(session, now=now, state=JobState.DONE, finished_at=now, error=None)
    job = session.get_one(VersionJob, held.id, populate_existing=True)
    if job.kind is JobKind.PUBLISH:
        alerts.end_alert(session, AlertKind.NOT_PUBLISHED, event_id=job.event_id, now=now)


def requeue_job(session: Session, held: ClaimedJob, *, error: str | None, now: datetime) -> None:
    """running -> asked, to be tried again. Without an `error` the worker shuts down: no attempt counts."""
    attempts = VersionJob.attempts if error else VersionJob.attempts - 1
    held.report(session, now=now, state=JobState.ASKED, worker=None, attempts=attempts, error=error)


def fail_job(session: Session, held: ClaimedJob, *, error: str, now: datetime) -> None:
    """running -> failed, with a sentence: kept with the run that the version came from, and told."""
    held.report(session, now=now, state=JobState.FAILED, finished_at=now, error=error)
    _alert_failed(session, session.get_one(VersionJob, held.id, populate_existing=True), now)


def recover_lost_jobs(session: Session, *, now: datetime) -> list[int]:
    """Recover jobs that no worker is working on. Returns the ids of those whose task must be sent again."""
    lost = _requeue_lost(session, VersionJob.heartbeat_at <= now - SILENT, now)
    waits = (VersionJob.state == JobState.ASKED) & (VersionJob.heartbeat_at <= now - WAITING)
    again = update(VersionJob).where(waits, ~VersionJob.id.in_(lost)).values(heartbeat_at=now)
    return sorted([*lost, *session.scalars(again.returning(VersionJob.id), execution_options=_NO_SYNC)])


def recover_orphaned_jobs(session: Session, is_gone: Callable[[str], bool], *, now: datetime) -> list[int]:
    """Recover running jobs at once whose worker is known to be gone. Returns the ids of those to send."""
    running = session.execute(
        select(VersionJob.id, VersionJob.worker).where(VersionJob.state == JobState.RUNNING)
    ).all()
    lost = [job_id for job_id, worker in running if worker is not None and is_gone(worker)]
    return _requeue_lost(session, VersionJob.id.in_(lost), now) if lost else []


def _requeue_lost(session: Session, which: ColumnElement[bool], now: datetime) -> list[int]:
    """Ask for running jobs again, or let those fail that lost their worker too often."""
    running = update(VersionJob).where(VersionJob.state == JobState.RUNNING, which)
    too_often = session.scalars(
        running.where(VersionJob.attempts >= MAX_ATTEMPTS)
        .values(state=JobState.FAILED, finished_at=now, error=LOST_WORKER_ERROR)
        .returning(VersionJob)
        .execution_options(populate_existing=True, **_NO_SYNC)
    ).all()
    for job in too_often:
        _alert_failed(session, job, now)
    lost = running.values(state=JobState.ASKED, worker=None, heartbeat_at=now)
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
        state=JobState.ASKED,
        asked_by=by,
        asked_at=now,
        heartbeat_at=now,
        **values,
    )
    if job.begins_at is not None:
        job.heartbeat_at = job.begins_at - WAITING  # the first tick after it sends the task
    try:
        with session.begin_nested():  # two at once: a partial unique index lets one through
            session.add(job)
    except IntegrityError:
        return _other(session, version, kind)
    return job


def _retry_failed(
    session: Session, version: ScheduleVersion, job: VersionJob, *, by: int | None, now: datetime
) -> VersionJob:
    """Set a failed job to asked, with the attempts of a new one. People who were told are not told twice."""
    again = (
        update(VersionJob)
        .where(VersionJob.id == job.id, VersionJob.state == JobState.FAILED)
        .values(state=JobState.ASKED, attempts=0, asked_by=by, asked_at=now, heartbeat_at=now)
    )
    try:
        with session.begin_nested():
            is_row_changed(session, again)
    except IntegrityError:
        return _other(session, version, JobKind.PUBLISH)
    session.refresh(job)
    return job


def _other(session: Session, version: ScheduleVersion, kind: JobKind) -> VersionJob:
    """The open job that stood in the way, if it is about the same version."""
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
        report_not_published(session, version, reason=job.error or "", by=job.asked_by, now=now)


def report_not_published(
    session: Session, version: ScheduleVersion, *, reason: str, by: int | None = None, now: datetime
) -> None:
    """Write a reason down with the run, if the publishing followed it, and tell the organisers."""
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
    """Whether a conditional UPDATE changed a row."""
    done = session.execute(statement, execution_options={"synchronize_session": False})
    return cast("CursorResult[Any]", done).rowcount > 0
