"""Background jobs that preview or import large files: queue, claim, progress and recovery."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, cast

from sqlalchemy import ColumnElement, CursorResult, Update, delete, select, update
from sqlalchemy.orm import Session

from scheduler.domain.entities import JobState
from scheduler.domain.errors import NotFound, WrongState
from scheduler.i18n import gettext_lazy
from scheduler.services.identity.actors import LET_IN, Actor
from scheduler.services.identity.rights import Right
from scheduler.services.identity.sessions import SignedIn
from scheduler.services.imports import create_from_workbook
from scheduler.services.imports.bulk_import import stored_preview
from scheduler.services.imports.create_from_workbook import NewEventPreview
from scheduler.services.imports.sheet_import import ImportPreview
from scheduler.storage.models import Event, ImportFile, ImportJob
from scheduler.storage.models.imports import ImportJobKind

OPEN_STATES: Final = (JobState.QUEUED, JobState.RUNNING)
MAX_INLINE_OCTETS: Final = 128 << 10
"""Files up to this size are previewed in the web request, which takes less than a second."""
HEARTBEAT_TIMEOUT: Final = timedelta(minutes=3)
"""A running job without a heartbeat for this time has lost its worker."""
QUEUE_TIMEOUT: Final = timedelta(seconds=60)
"""A queued job that no worker claimed within this time is sent again."""
MAX_ATTEMPTS: Final = 2
_NO_SYNC: Final = {"synchronize_session": False}
WORKER_LOST: Final = gettext_lazy("The import was interrupted twice. Nothing was imported. Try again.")


@dataclass(frozen=True, slots=True)
class ImportJobCard:
    """A job as shown on its page. `total` is the number of sheets once the file is read."""

    file_id: int
    name: str
    work: ImportJobKind
    state: JobState
    requested_at: datetime
    previewed_at: datetime
    """Last heartbeat of the worker, or the time that a finished preview reflects."""
    total: int
    error: str
    event_key: str
    """Key of the event that was created, or empty."""
    progress: Mapping[str, Any] = field(default_factory=dict)
    """The current `sheet`, its `number`, the current `row` and the last one (`rows`). Empty if unknown."""

    @property
    def share(self) -> float | None:
        """Progress from 0 to 1, assuming that each sheet takes equally long. None if unknown."""
        if not self.progress or not self.total:
            return None
        of_sheet: float = self.progress["row"] / max(self.progress["rows"], 1)
        before: int = max(self.progress["number"] - 1, 0)
        return min((before + of_sheet) / self.total, 1.0)

    @property
    def is_open(self) -> bool:
        return self.state in OPEN_STATES

    @property
    def is_done(self) -> bool:
        return self.state is JobState.DONE

    @property
    def is_taken(self) -> bool:
        return self.is_done and self.work is ImportJobKind.TAKE


def is_large_file(octets: bytes) -> bool:
    """Return True if a worker must preview the file instead of the web request."""
    return len(octets) > MAX_INLINE_OCTETS


def request_preview(session: Session, actor: Actor, file_id: int, *, now: datetime) -> None:
    """Queue a preview of a file of the event. Send its task after the commit. Raises NotFound."""
    actor.require(Right.IMPORT)
    _require_file(session, actor, file_id, lock=True)
    _queue_job(session, file_id, ImportJobKind.LOOK, actor.account_id, now)


def request_import(session: Session, actor: Actor, file_id: int, *, digest: str, now: datetime) -> None:
    """Queue the import of a file as previewed. Send its task after the commit.

    Raises NotFound, and WrongState if a worker already has it.
    """
    actor.require(Right.IMPORT)
    actor.require_fresh(LET_IN)  # only the worker finds out whether the file adds people
    _require_file(session, actor, file_id, lock=True)
    _queue_job(session, file_id, ImportJobKind.TAKE, actor.account_id, now, digest=digest)


def request_new_event_preview(session: Session, asker: SignedIn, file_id: int, *, now: datetime) -> None:
    """Queue a preview of a new event from a workbook. Raises NotFound."""
    create_from_workbook.load_workbook(session, asker, file_id)
    _queue_job(session, file_id, ImportJobKind.LOOK, asker.account_id, now)


def request_new_event(session: Session, asker: SignedIn, file_id: int, *, digest: str, now: datetime) -> None:
    """Queue the creation of an event from a workbook. Raises NotFound, WrongState if it is already queued."""
    asker.require_fresh(create_from_workbook.SIGN_IN_REASON)
    create_from_workbook.load_workbook(session, asker, file_id)
    _queue_job(session, file_id, ImportJobKind.TAKE, asker.account_id, now, digest=digest)


def find_job(session: Session, actor: Actor, file_id: int) -> ImportJobCard | None:
    """Return the job of a file, or None if its page does the work itself. Raises NotFound."""
    actor.require(Right.IMPORT)
    _require_file(session, actor, file_id, waits=False)
    return _job(session, file_id)


def find_new_event_job(session: Session, asker: SignedIn, file_id: int) -> ImportJobCard | None:
    """Return the job of a workbook from which an event is or was created. Raises NotFound."""
    create_from_workbook.require_operator(asker)
    file = session.get(ImportFile, file_id)
    if file is None or file.account_id != asker.account_id:
        raise NotFound("workbook", file_id)
    return _job(session, file_id)


def load_preview(session: Session, actor: Actor, file_id: int) -> ImportPreview | None:
    """Return the preview that a worker stored for a file, or None. Raises NotFound."""
    actor.require(Right.IMPORT)
    _require_file(session, actor, file_id)
    found = session.scalar(select(ImportJob.found).where(ImportJob.file_id == file_id))
    if not found or "parts" not in found:  # the stored preview may be from before the event was created
        return None
    return stored_preview.parse_preview(found)


def load_new_event_preview(session: Session, asker: SignedIn, file_id: int) -> NewEventPreview | None:
    """Return the stored preview of a new event from a workbook, or None."""
    create_from_workbook.load_workbook(session, asker, file_id)
    found = session.scalar(select(ImportJob.found).where(ImportJob.file_id == file_id))
    return stored_preview.parse_new_event_preview(found) if found else None


def recover_jobs(session: Session, *, now: datetime) -> list[int]:
    """Requeue jobs without a worker, or fail them after two attempts. Return the ids of tasks to send."""
    lost = _requeue_jobs(session, ImportJob.heartbeat_at <= now - HEARTBEAT_TIMEOUT, now)
    waits = (ImportJob.state == JobState.QUEUED) & (ImportJob.heartbeat_at <= now - QUEUE_TIMEOUT)
    again = update(ImportJob).where(waits, ~ImportJob.file_id.in_(lost)).values(heartbeat_at=now)
    return sorted([*lost, *session.scalars(again.returning(ImportJob.file_id), execution_options=_NO_SYNC)])


def reclaim_orphaned_jobs(session: Session, is_gone: Callable[[str], bool], *, now: datetime) -> list[int]:
    """Recover running jobs whose worker is known to be gone. Return the ids of tasks to send."""
    running = session.execute(
        select(ImportJob.file_id, ImportJob.worker).where(ImportJob.state == JobState.RUNNING)
    ).all()
    lost = [file_id for file_id, worker in running if worker is not None and is_gone(worker)]
    return _requeue_jobs(session, ImportJob.file_id.in_(lost), now) if lost else []


def _requeue_jobs(session: Session, which: ColumnElement[bool], now: datetime) -> list[int]:
    """Requeue running jobs, or fail those that lost their worker too often. Return the requeued ids."""
    running = update(ImportJob).where(ImportJob.state == JobState.RUNNING, which)
    lost_twice = running.where(ImportJob.attempts >= MAX_ATTEMPTS)
    session.execute(lost_twice.values(state=JobState.FAILED, error=WORKER_LOST), execution_options=_NO_SYNC)
    lost = running.values(state=JobState.QUEUED, worker=None, heartbeat_at=now)
    return list(session.scalars(lost.returning(ImportJob.file_id), execution_options=_NO_SYNC))


def updates_row(session: Session, statement: Update) -> bool:
    """Execute a conditional UPDATE. Return True if it changed a row."""
    done = session.execute(statement, execution_options={"synchronize_session": False})
    return cast("CursorResult[Any]", done).rowcount > 0


def _queue_job(
    session: Session,
    file_id: int,
    work: ImportJobKind,
    account_id: int | None,
    now: datetime,
    digest: str = "",
) -> None:
    """Replace the file's last job by a new one. Raises WrongState while its import is queued or running."""
    gone = delete(ImportJob).where(
        ImportJob.file_id == file_id,
        ~((ImportJob.work == ImportJobKind.TAKE) & ImportJob.state.in_(OPEN_STATES)),
    )
    session.execute(gone)
    if session.scalar(select(ImportJob.file_id).where(ImportJob.file_id == file_id)) is not None:
        raise WrongState(
            "file",
            file_id,
            "taken by a worker at this moment",
            "changed",
            user_message=gettext_lazy("The file is being imported and can't be changed now."),
        )
    session.add(
        ImportJob(
            file_id=file_id,
            work=work,
            state=JobState.QUEUED,
            requested_by=account_id,
            requested_at=now,
            heartbeat_at=now,
            digest=digest,
        )
    )
    session.flush()


def _require_file(
    session: Session, actor: Actor, file_id: int, *, waits: bool = True, lock: bool = False
) -> None:
    query = select(ImportFile.id).where(ImportFile.id == file_id, ImportFile.event_id == actor.event_id)
    if waits:
        query = query.where(ImportFile.imported_at.is_(None))
    if session.scalar(query.with_for_update(key_share=True) if lock else query) is None:
        raise NotFound("import file", file_id)


def _job(session: Session, file_id: int) -> ImportJobCard | None:
    row = session.execute(
        select(ImportJob, ImportFile.name, Event.key)
        .join(ImportFile, ImportFile.id == ImportJob.file_id)
        .outerjoin(Event, Event.id == ImportFile.event_id)
        .where(ImportJob.file_id == file_id)
    ).first()
    if row is None:
        return None
    job, name, key = row
    return ImportJobCard(
        file_id,
        name,
        job.work,
        job.state,
        job.requested_at,
        job.heartbeat_at,
        job.total,
        job.error or "",
        key or "",
        job.progress,
    )
