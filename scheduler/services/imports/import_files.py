"""Uploaded files: stored, listed, imported as previewed, deleted."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from scheduler.config import Settings
from scheduler.domain.errors import ChainmeetError, Fault, InvalidInput, NotFound
from scheduler.i18n import gettext_lazy
from scheduler.services.audit_log import recording
from scheduler.services.audit_log.acts import Act
from scheduler.services.audit_log.subjects import AuditSubject
from scheduler.services.identity.actors import TAKE_CONTACTS, Actor
from scheduler.services.identity.rights import Right
from scheduler.services.imports.sheet_import import (
    ImportOutdated,
    ImportPreview,
    apply_sheets,
    write_skipped_rows,
)
from scheduler.services.spreadsheets.columns import ImportKind
from scheduler.services.spreadsheets.file_fixes import FileFixes
from scheduler.services.spreadsheets.options import DEFAULT_OPTIONS, ImportOptions
from scheduler.services.text import clean_line
from scheduler.sheets.tables import MAX_OCTETS, WorkbookSheet
from scheduler.storage.models import Account, Attendee, Firm, ImportFile, Interpreter, RegistryChange

RETENTION = timedelta(days=7)
"""Time after which a pending file is deleted."""
MAX_PENDING_FILES = 20
"""Maximum number of pending files of an event. Above it, the oldest is deleted."""
MAX_LISTED = 20
SKIPPED_FILE_NAME = "rows-with-errors.xlsx"


@dataclass(frozen=True, slots=True)
class ImportFileCard:
    """A file, pending or imported."""

    id: int
    name: str
    kind: str
    created_at: datetime
    imported_at: datetime | None
    by: str
    counts: dict[str, list[int]]
    registry_change_id: int | None = None
    """The step that undoes the import."""
    undone_at: datetime | None = None


class AlreadyImported(ChainmeetError):
    """The file was already imported."""

    code = "import-taken"

    def __init__(self) -> None:
        super().__init__(
            gettext_lazy(
                "This file was already imported. Upload it again to preview what it would change now."
            )
        )


def count_records(session: Session, actor: Actor) -> dict[str, int]:
    """Count the firms, people and interpreters of the event."""
    actor.require(Right.IMPORT)
    of = {"firms": Firm.event_id, "people": Attendee.event_id, "interpreters": Interpreter.event_id}
    queries = {name: select(func.count()).where(event == actor.event_id) for name, event in of.items()}
    return {name: session.scalars(query).one() for name, query in queries.items()}


def store_file(session: Session, actor: Actor, octets: bytes, *, name: str, kind: str, now: datetime) -> int:
    """Store a file until it is imported. Return its number. Raises InvalidInput."""
    actor.require(Right.IMPORT)
    if len(octets) > MAX_OCTETS:
        raise InvalidInput(
            [Fault("file", gettext_lazy("choose a file of at most %(value)s MB", value=MAX_OCTETS >> 20))]
        )
    if kind not in ("", *ImportKind):
        raise InvalidInput(
            [
                Fault(
                    "kind",
                    gettext_lazy("enter one of %(names)s, or leave empty", names=", ".join(ImportKind)),
                )
            ]
        )
    file = ImportFile(
        event_id=actor.event_id,
        account_id=actor.account_id,
        name=clean_line(name)[:200],
        kind=kind,
        octets=octets,
        created_at=now,
    )
    session.add(file)
    session.flush()
    _delete_expired(session, actor.event_id, now)
    return file.id


def list_files(session: Session, actor: Actor) -> Sequence[ImportFileCard]:
    """Return pending and imported files, newest first."""
    actor.require(Right.IMPORT)
    rows = session.execute(
        select(ImportFile, Account.name, Account.email, RegistryChange.undone_at)
        .outerjoin(Account, Account.id == ImportFile.account_id)
        .outerjoin(RegistryChange, RegistryChange.id == ImportFile.registry_change_id)
        .where(ImportFile.event_id == actor.event_id)
        .where(ImportFile.octets.is_not(None) | ImportFile.imported_at.is_not(None))
        .order_by(ImportFile.id.desc())
        .limit(MAX_LISTED)
    )
    return [_file_card(file, name or email or "", undone_at) for file, name, email, undone_at in rows]


def load_file(session: Session, actor: Actor, file_id: int) -> tuple[bytes, str, str]:
    """Return a pending file's octets, kind and name. Raises NotFound, AlreadyImported."""
    actor.require(Right.IMPORT)
    file = session.scalar(
        select(ImportFile).where(ImportFile.id == file_id, ImportFile.event_id == actor.event_id)
    )
    if file is None or (file.octets is None and file.imported_at is None):
        raise NotFound("import file", file_id)
    if file.octets is None:
        raise AlreadyImported
    return file.octets, file.kind, file.name


def delete_file(session: Session, actor: Actor, file_id: int) -> None:
    """Delete a pending file."""
    actor.require(Right.IMPORT)
    session.execute(
        delete(ImportFile).where(
            ImportFile.id == file_id, ImportFile.event_id == actor.event_id, ImportFile.imported_at.is_(None)
        )
    )


def import_file(
    session: Session,
    actor: Actor,
    file_id: int,
    parts: Iterable[tuple[ImportKind | None, WorkbookSheet]],
    *,
    digest: str,
    settings: Settings,
    now: datetime,
    options: ImportOptions = DEFAULT_OPTIONS,
    work: Callable[..., ImportPreview] = apply_sheets,
) -> ImportPreview:
    """Import a file as previewed with this digest, completely or not at all. The file is claimed first.

    `work` is the function that made the preview. Raises ImportOutdated if the effect has changed, and
    AlreadyImported.
    """
    waiting = (
        ImportFile.id == file_id,
        ImportFile.event_id == actor.event_id,
        ImportFile.imported_at.is_(None),
    )
    claimed = session.scalar(
        update(ImportFile).where(*waiting).values(imported_at=now, octets=None).returning(ImportFile.id)
    )
    if claimed is None:
        raise AlreadyImported
    look = work(session, actor, parts, settings=settings, now=now, options=options)
    if look.digest != digest:
        raise ImportOutdated
    session.get_one(ImportFile, file_id).counts = count_rows(look)
    session.flush()
    return look


def export_skipped_rows(
    session: Session,
    actor: Actor,
    parts: Iterable[tuple[ImportKind | None, WorkbookSheet]],
    look: ImportPreview,
    fixes: FileFixes,
    *,
    now: datetime,
) -> bytes:
    """Return the skipped rows with their faults as XLSX. Audit-logged. Raises RecentSignInRequired."""
    actor.require(Right.IMPORT)
    actor.require_fresh(TAKE_CONTACTS)
    recording.record_act(session, actor, Act.EXPORT, AuditSubject(SKIPPED_FILE_NAME), now=now)
    return write_skipped_rows(parts, look, fixes)


def count_rows(look: ImportPreview) -> dict[str, list[int]]:
    """Count the rows added, changed, unchanged and skipped, by kind."""
    return {
        part.kind.value: [part.done.added, part.done.changed, part.done.unchanged, part.done.left_out]
        for part in look.parts
        if part.kind and part.done
    }


def _file_card(file: ImportFile, by: str, undone_at: datetime | None) -> ImportFileCard:
    return ImportFileCard(
        file.id,
        file.name,
        file.kind,
        file.created_at,
        file.imported_at,
        by,
        file.counts,
        file.registry_change_id,
        undone_at,
    )


def _delete_expired(session: Session, event_id: int, now: datetime) -> None:
    """Delete expired files, and the oldest pending ones above the limit."""
    waiting = ImportFile.event_id == event_id, ImportFile.imported_at.is_(None)
    session.execute(delete(ImportFile).where(*waiting, ImportFile.created_at < now - RETENTION))
    newest = session.scalars(
        select(ImportFile.id).where(*waiting).order_by(ImportFile.id.desc()).limit(MAX_PENDING_FILES)
    ).all()
    if len(newest) == MAX_PENDING_FILES:
        session.execute(delete(ImportFile).where(*waiting, ImportFile.id < min(newest)))
