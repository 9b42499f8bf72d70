"""Event archive and audit log commands of operators."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from scheduler.config import Settings
from scheduler.domain.errors import Fault, InvalidInput, NotFound
from scheduler.services.audit_log import verification
from scheduler.services.audit_log.checkpoints import CheckpointSigner, compare_checkpoints, read_checkpoints
from scheduler.services.audit_log.verification import Chain
from scheduler.services.events.archives import archiving, deletion, transfer
from scheduler.services.events.archives.transfer import EventArchive
from scheduler.services.identity import actors
from scheduler.services.identity.actors import Actor
from scheduler.services.publishing.rehearsal import going_live
from scheduler.storage.database import Database
from scheduler.storage.models import Event


def chains(database: Database) -> tuple[Chain, ...]:
    """Verify every hash chain of the audit log from its first row to its last."""
    with database.read() as session:
        return verification.verify_chains(session)


def checkpoints(database: Database, settings: Settings) -> tuple[str, list[str]]:
    """Return the public key, and the signed current checkpoint of every chain."""
    signer = CheckpointSigner.of(settings)
    with database.read() as session:
        return signer.verifier_key, [signer.note(each) for each in read_checkpoints(session)]


def compared(
    database: Database, settings: Settings, found: tuple[Chain, ...], files: tuple[Path, ...]
) -> tuple[int, list[str]]:
    """Return the number of checkpoints in the files, and their discrepancies with the chains."""
    signer = CheckpointSigner.of(settings)
    kept = [each for file in files for each in signer.read(file.read_text(errors="replace"))]
    with database.read() as session:
        return len(kept), compare_checkpoints(session, found, kept)


def export(database: Database, key: str, output: Path) -> str:
    """Write the archive of an event atomically, and return a message."""
    part = output.with_name(f"{output.name}.part")
    try:
        with database.read() as session, part.open("wb") as to:
            part.chmod(0o600)  # it contains personal data
            done = transfer.write_archive(session, _event(session, key), to, now=database.now())
        part.replace(output)
    except OSError as error:
        raise InvalidInput([Fault(str(output), f"can't be written: {error.strerror}")]) from error
    finally:
        part.unlink(missing_ok=True)
    text = f"{output}: {done.name}, {_counts(done)}."
    if done.waiting_mails:
        text += (
            f" Emails still queued here: {done.waiting_mails:,}. Let them be sent before you move the event."
        )
    return text


def import_event(
    database: Database,
    settings: Settings,
    archive: Path,
    *,
    key: str,
    owner: str,
    agree: Callable[[EventArchive], None],
) -> str:
    """Create the event of an archive, and return a message.

    `agree` receives a preview of the event and raises an error to abort.
    """
    try:
        with archive.open("rb") as source:
            done = transfer.import_archive(
                database, source, key=key, owner=owner, secret_key=settings.secret_key, now=database.now(),
                agree=agree,
            )  # fmt: skip
    except OSError as error:
        raise InvalidInput([Fault(str(archive), error.strerror or str(error))]) from error
    return (
        f"{done.name} imported as {done.key}: {_counts(done)}. "
        "Overnight runs and emails about requests are off: turn them on in Settings."
    )


def archive(database: Database, key: str) -> str:
    with database.write() as session:
        archiving.archive_event(session, _operator(session, key), now=database.now())
    return f"{key} archived. It is now read-only."


def restore(database: Database, key: str) -> str:
    with database.write() as session:
        archiving.restore_event(session, _operator(session, key), now=database.now())
    return f"{key} restored."


def go_live(database: Database, key: str) -> str:
    """End the rehearsal of an event without sending emails, and return a message."""
    with database.write() as session:
        going_live.go_live(session, _operator(session, key), now=database.now())
    return f"{key} is live. No emails were sent."


def delete(database: Database, key: str, name: str) -> str:
    with database.write() as session:
        archiving.delete_event(session, _operator(session, key), typed=name, now=database.now())
    while deletion.delete_rows(database, should_stop=lambda: False):
        time.sleep(1.0)
    return f"{key} deleted with all its data."


def _event(session: Session, key: str) -> Event:
    event = session.scalar(select(Event).where(Event.by_key(key)))
    if event is None:
        raise NotFound("event", key)
    return event


def _operator(session: Session, key: str) -> Actor:
    return actors.operator_actor(_event(session, key))


def _counts(done: EventArchive) -> str:
    shown = {
        "firm": "firms",
        "attendee": "people",
        "meeting_request": "requests",
        "schedule_version": "versions",
    }
    return ", ".join(f"{done.rows.get(table, 0):,} {words}" for table, words in shown.items())
