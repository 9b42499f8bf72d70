"""Execution of an import job by a worker: preview or import, in one transaction."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

import structlog
from sqlalchemy import update
from sqlalchemy.orm import Session

from scheduler.config import Settings
from scheduler.domain.entities import JobState
from scheduler.domain.errors import ChainmeetError
from scheduler.i18n import gettext_lazy
from scheduler.services import links
from scheduler.services.identity import actors, preferences
from scheduler.services.identity.actors import Actor
from scheduler.services.identity.sessions import SignedIn
from scheduler.services.imports import choices, create_from_workbook, sheet_import, undoable_import
from scheduler.services.imports.bulk_import import stored_preview
from scheduler.services.imports.bulk_import.import_jobs import updates_row
from scheduler.services.imports.bulk_import.written_tables import record_written_tables
from scheduler.services.imports.sheet_import import ImportOutdated, ImportPreview
from scheduler.services.operations.database_retries import retry_while_unavailable
from scheduler.services.outbox import letters
from scheduler.services.outbox.letters import NewLetter
from scheduler.services.spreadsheets.columns import ImportKind
from scheduler.sheets.tables import WorkbookSheet
from scheduler.storage.database import Database
from scheduler.storage.models import Account, Event, ImportFile, ImportJob
from scheduler.storage.models.imports import ImportJobKind

log = structlog.get_logger()

REPORT_SECONDS = 1.0
"""Seconds between two progress reports."""
JOB_FAILED = gettext_lazy("An error occurred on the server. Nothing was imported. Try again.")


class ImportEnding(StrEnum):
    """Outcome of an import job."""

    NOT_CLAIMED = "not_claimed"  # another worker has claimed or finished it
    DONE = "done"
    LOOKS_AGAIN = "looks_again"  # the event changed since the preview, so a preview is queued again
    FAILED = "failed"
    LOST = "lost"  # another worker took it over


class ImportJobLost(ChainmeetError):
    """The job no longer belongs to this worker."""

    code = "file-lost"


def execute_import(database: Database, file_id: int, *, worker: str, settings: Settings) -> ImportEnding:
    """Execute an import job from its claim to its end. Faults of the file are stored as a message."""
    with database.write() as session:
        job = _claim_job(session, file_id, worker, now=database.now_in(session))
    if job is None:
        return ImportEnding.NOT_CLAIMED
    work = _ImportWork(database, job, worker, settings)
    try:
        work.look() if job.work is ImportJobKind.LOOK else work.take()
    except ImportJobLost:
        return ImportEnding.LOST
    except ImportOutdated as error:
        return work.end(
            ImportEnding.LOOKS_AGAIN, work=ImportJobKind.LOOK, state=JobState.QUEUED, error=str(error)
        )
    except ChainmeetError as error:
        return work.end(ImportEnding.FAILED, state=JobState.FAILED, error=str(error))
    except Exception:
        log.exception("file not taken", file=file_id)
        return work.end(ImportEnding.FAILED, state=JobState.FAILED, error=JOB_FAILED)
    return ImportEnding.DONE


@dataclass(frozen=True, slots=True)
class _ImportWork:
    """An import job that this worker has claimed."""

    database: Database
    job: ImportJob
    worker: str
    settings: Settings

    def look(self) -> None:
        """Run the import, roll it back, and store its preview."""
        octets, kind = self._file()
        parts = sheet_import.read_parts(octets, kind)
        self._report(total=len(parts))
        tell = self._teller(parts)
        with self.database.write() as session:
            now = self.database.now_in(session)
            if (actor := self._actor(session, now)) is not None:
                options = replace(choices.load_options(session, actor, self.job.file_id), on_row=tell)
                found = undoable_import.preview_import(
                    session, actor, parts, settings=self.settings, now=now, options=options
                )
                document = stored_preview.serialize_preview(found)
            else:
                asker = _asker(session, self.job, now)
                options = replace(
                    create_from_workbook.load_options(session, asker, self.job.file_id), on_row=tell
                )
                made = create_from_workbook.preview_new_event(
                    session, asker, self.job.file_id, parts, settings=self.settings, now=now, options=options
                )
                document = stored_preview.serialize_new_event_preview(made)
        with self.database.write() as session:
            self._finish(session, self.database.now_in(session), found=document)

    def take(self) -> None:
        """Import the file, email the person who started it, and finish the job, in one transaction."""
        octets, kind = self._file()
        parts = sheet_import.read_parts(octets, kind)
        self._report(total=len(parts))
        tell = self._teller(parts)
        with self.database.write() as session, record_written_tables(session) as tables:
            now = self.database.now_in(session)
            given: dict[str, Any] = {"digest": self.job.digest, "settings": self.settings, "now": now}
            if (actor := self._actor(session, now)) is not None:
                options = replace(choices.load_options(session, actor, self.job.file_id), on_row=tell)
                taken = undoable_import.import_file(
                    session, actor, self.job.file_id, parts, options=options, **given
                )
                _send_result_email(session, self.job, taken, now)
            else:
                asker = _asker(session, self.job, now)
                options = replace(
                    create_from_workbook.load_options(session, asker, self.job.file_id), on_row=tell
                )
                _, look = create_from_workbook.create_event(
                    session, asker, self.job.file_id, parts, options=options, **given
                )
                _send_result_email(session, self.job, look, now)
            self._finish(session, self.database.now_in(session), found=None)
        self.database.count_anew(tables)

    def end(self, ending: ImportEnding, **values: Any) -> ImportEnding:
        """Store why the job was not done, if it still belongs to this worker."""

        def write() -> bool:
            with self.database.write() as session:
                now = self.database.now_in(session)
                return updates_row(session, self._own().values(heartbeat_at=now, **values))

        return ending if retry_while_unavailable(write) else ImportEnding.LOST

    def _teller(self, parts: Sequence[tuple[ImportKind | None, WorkbookSheet]]) -> Callable[..., None]:
        """Return a callback that reports progress over a separate connection, at most once a second.

        With SQLite it reports nothing, because only one connection can write at a time.
        """
        numbers = {sheet.name: at for at, (_, sheet) in enumerate(parts, 1)}
        told = time.monotonic() - REPORT_SECONDS

        def tell(sheet: str, line: int, last: int) -> None:
            nonlocal told
            if self.database.is_sqlite or time.monotonic() < told + REPORT_SECONDS:
                return
            told = time.monotonic()
            progress = {"sheet": sheet, "number": numbers.get(sheet, 0), "row": line, "rows": last}
            self._report(progress=progress)

        return tell

    def _file(self) -> tuple[bytes, str]:
        with self.database.read() as session:
            file = session.get_one(ImportFile, self.job.file_id)
            return file.octets or b"", file.kind

    def _actor(self, session: Session, now: datetime) -> Actor | None:
        """Return the actor who queued the job, with current roles. None for a file of a new event."""
        file = session.get_one(ImportFile, self.job.file_id)
        if file.event_id is None:
            return None
        key = session.get_one(Event, file.event_id).key
        return actors.actor_for(session, self.job.requested_by or 0, key, now=now)

    def _report(self, **values: Any) -> None:
        with self.database.write() as session:
            now = self.database.now_in(session)
            if not updates_row(session, self._own().values(heartbeat_at=now, **values)):
                raise ImportJobLost

    def _finish(self, session: Session, now: datetime, *, found: Any) -> None:
        """Finish the job in the transaction of its work.

        Raises ImportJobLost if another worker has taken it over.
        """
        values = {"state": JobState.DONE, "error": None, "heartbeat_at": now, "found": found}
        if not updates_row(session, self._own().values(values)):
            raise ImportJobLost

    def _own(self) -> Any:
        return update(ImportJob).where(
            ImportJob.file_id == self.job.file_id,
            ImportJob.state == JobState.RUNNING,
            ImportJob.worker == self.worker,
            ImportJob.attempts == self.job.attempts,
        )


def _claim_job(session: Session, file_id: int, worker: str, *, now: datetime) -> ImportJob | None:
    asked = update(ImportJob).where(ImportJob.file_id == file_id, ImportJob.state == JobState.QUEUED)
    values = {
        "state": JobState.RUNNING,
        "worker": worker,
        "heartbeat_at": now,
        "attempts": ImportJob.attempts + 1,
        "found": None,
        "total": 0,
        "progress": {},
    }
    if not updates_row(session, asked.values(values)):
        return None
    return session.get_one(ImportJob, file_id, populate_existing=True)


def _asker(session: Session, job: ImportJob, now: datetime) -> SignedIn:
    """Return the operator who queued the creation of an event. A worker has no browser session."""
    account = session.get_one(Account, job.requested_by)
    return SignedIn(0, account.id, account.email, account.name, account.is_operator, now, now, now)


def _send_result_email(session: Session, job: ImportJob, look: ImportPreview | None, now: datetime) -> None:
    """Email the person who started the job."""
    file = session.get_one(ImportFile, job.file_id)
    if look is None or job.requested_by is None or file.event_id is None:
        return
    account, event = session.get_one(Account, job.requested_by), session.get_one(Event, file.event_id)
    letter = NewLetter(
        letter="import",
        to_address=account.email,
        to_name=account.name,
        language=preferences.account_language(session, account.id, default=event.language),
        event=event.name,
        values={
            "file": file.name or "–",
            "added": f"{look.added:,}",
            "changed": f"{look.changed:,}",
            "left_out": f"{look.left_out:,}",
        },
        path=links.imports(event.key),
    )
    letters.queue_letters(session, [letter], now=now)
