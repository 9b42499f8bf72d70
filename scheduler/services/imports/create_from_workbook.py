"""Creation of an event from a workbook: preview, then the event with all its sheets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from scheduler import i18n
from scheduler.config import Settings
from scheduler.domain.errors import Fault, InvalidInput, NotAllowed, NotFound
from scheduler.services.audit_log import recording
from scheduler.services.audit_log.acts import Act
from scheduler.services.audit_log.recording import NamedDoer
from scheduler.services.audit_log.subjects import AuditSubject
from scheduler.services.events.events import EventCard
from scheduler.services.identity.actors import TAKE_CONTACTS
from scheduler.services.identity.sessions import SignedIn
from scheduler.services.imports import event_settings_sheet, sheet_import, template, undoable_import
from scheduler.services.imports.import_files import RETENTION, SKIPPED_FILE_NAME
from scheduler.services.imports.sheet_import import ImportPreview, make_preview
from scheduler.services.spreadsheets import file_fixes
from scheduler.services.spreadsheets.columns import ImportKind
from scheduler.services.spreadsheets.file_fixes import FileFixes, SubmittedFixes
from scheduler.services.spreadsheets.options import DEFAULT_OPTIONS, ImportOptions
from scheduler.services.text import clean_line
from scheduler.sheets.tables import MAX_OCTETS, WorkbookSheet
from scheduler.storage.models import ImportFile, ImportJob

Parts = Sequence[tuple[ImportKind | None, WorkbookSheet]]

EVENT_SETTINGS = event_settings_sheet.CREATION_SETTINGS
"""Event settings that a person can enter instead of the workbook."""
SIGN_IN_REASON = i18n.gettext_lazy("create the event with its people and their addresses")
"""The action that requires a fresh sign-in."""
MAX_PENDING_FILES = 5
"""Maximum number of pending workbooks of an account. Above it, the oldest is deleted."""


@dataclass(frozen=True, slots=True)
class NewEventRef:
    """The event that a workbook would create, or created."""

    key: str
    name: str
    timezone: str


@dataclass(frozen=True, slots=True)
class NewEventPreview:
    """Preview of an event from a workbook. `event` is None if `faults`, by setting, prevent its creation.

    `typed` are the settings with which the event is created, from the workbook or entered by a person.
    """

    typed: Mapping[str, str]
    look: ImportPreview
    event: NewEventRef | None = None
    faults: tuple[Fault, ...] = ()


def example_workbook(asker: SignedIn) -> bytes:
    """Return a small complete event as XLSX, to be overwritten."""
    require_operator(asker)
    return template.example_workbook()


def store_workbook(session: Session, asker: SignedIn, octets: bytes, *, name: str, now: datetime) -> int:
    """Store a workbook until an event is created from it. Return its number.

    Raises NotAllowed, InvalidInput.
    """
    require_operator(asker)
    if len(octets) > MAX_OCTETS:
        raise InvalidInput(
            [
                Fault(
                    "file", i18n.gettext_lazy("choose a file of at most %(value)s MB", value=MAX_OCTETS >> 20)
                )
            ]
        )
    file = ImportFile(
        account_id=asker.account_id, name=clean_line(name)[:200], kind="", octets=octets, created_at=now
    )
    session.add(file)
    session.flush()
    own = ImportFile.event_id.is_(None), ImportFile.account_id == asker.account_id
    newest = session.scalars(
        select(ImportFile.id).where(*own).order_by(ImportFile.id.desc()).limit(MAX_PENDING_FILES)
    ).all()
    session.execute(delete(ImportFile).where(*own, ImportFile.id < min(newest)))
    session.execute(
        delete(ImportFile).where(ImportFile.event_id.is_(None), ImportFile.created_at < now - RETENTION)
    )
    return file.id


def load_workbook(session: Session, asker: SignedIn, file_id: int) -> tuple[bytes, str]:
    """Return the octets and name of a pending workbook. Raises NotFound."""
    file = _file(session, asker, file_id)
    return file.octets or b"", file.name


def save_event_settings(session: Session, asker: SignedIn, file_id: int, said: Mapping[str, str]) -> None:
    """Store the event settings that replace those of the workbook. Raises NotFound."""
    file = _file(session, asker, file_id, lock=True)
    file.options = {
        "event": {name: clean_line(said[name])[:200] for name in EVENT_SETTINGS if said.get(name)}
    }


def load_options(session: Session, asker: SignedIn, file_id: int) -> ImportOptions:
    """Return the import options of a workbook, with its corrections. Raises NotFound."""
    changed = file_fixes.parse_fixes(_file(session, asker, file_id).fixes)
    return ImportOptions(columns=changed.columns, fixes=changed)


def save_fixes(session: Session, asker: SignedIn, file_id: int, given: SubmittedFixes) -> None:
    """Store corrections of a workbook before an event is created from it. Raises NotFound, InvalidInput."""
    file = _file(session, asker, file_id, lock=True)
    file.fixes = file_fixes.serialize_fixes(file_fixes.merge_fixes(file_fixes.parse_fixes(file.fixes), given))
    session.flush()


def delete_workbook(session: Session, asker: SignedIn, file_id: int) -> None:
    """Delete a pending workbook. Raises NotFound."""
    session.delete(_file(session, asker, file_id, lock=True))


def preview_new_event(
    session: Session,
    asker: SignedIn,
    file_id: int,
    parts: Parts,
    *,
    settings: Settings,
    now: datetime,
    options: ImportOptions = DEFAULT_OPTIONS,
) -> NewEventPreview:
    """Create the event and roll it back. Raises NotFound."""
    file = _file(session, asker, file_id)
    said: dict[str, str] = file.options.get("event", {})
    sheet = _settings_sheet(parts)
    try:
        typed = event_settings_sheet.read_settings(sheet) | said
    except InvalidInput as error:
        return NewEventPreview(said, make_preview([]), None, tuple(error.faults))
    typed = {name: typed.get(name, "") for name in EVENT_SETTINGS}
    try:
        made = event_settings_sheet.create_event(session, asker.account_id, sheet, said=typed, now=now)
        actor = event_settings_sheet.owner_actor(asker.account_id, made)
        found = undoable_import.apply_import(
            session, actor, parts, settings=settings, now=now, options=options
        )
    except InvalidInput as error:
        return NewEventPreview(typed, make_preview([]), None, tuple(error.faults))
    finally:
        session.rollback()
    return NewEventPreview(typed, found, _event_ref(made))


def create_event(
    session: Session,
    asker: SignedIn,
    file_id: int,
    parts: Parts,
    *,
    digest: str,
    settings: Settings,
    now: datetime,
    options: ImportOptions = DEFAULT_OPTIONS,
) -> tuple[NewEventRef, ImportPreview | None]:
    """Create the event.

    With the `digest` of a preview, also import all its sheets. Otherwise the file stays pending. Return the
    event and its import, or None instead of the import for a pending file. Raises NotFound, InvalidInput,
    ImportOutdated.
    """
    asker.require_fresh(SIGN_IN_REASON)
    file = _file(session, asker, file_id, lock=True)
    sheet = _settings_sheet(parts)
    words = event_settings_sheet.read_settings(sheet) | file.options.get("event", {})
    said = {name: words.get(name, "") for name in EVENT_SETTINGS}
    made = event_settings_sheet.create_event(session, asker.account_id, sheet, said=said, now=now)
    file.event_id, file.options = made.id, {}
    session.flush()
    if not digest:
        # The worker's preview was of a new event, so the file is previewed again in the event.
        session.execute(delete(ImportJob).where(ImportJob.file_id == file_id))
        return _event_ref(made), None
    actor = event_settings_sheet.owner_actor(asker.account_id, made)
    look = undoable_import.import_file(
        session, actor, file_id, parts, digest=digest, settings=settings, now=now, options=options
    )
    return _event_ref(made), look


def export_skipped_rows(
    session: Session, asker: SignedIn, parts: Parts, look: ImportPreview, fixes: FileFixes, *, now: datetime
) -> bytes:
    """Return the rows with faults as XLSX. Audit-logged. Raises NotAllowed, RecentSignInRequired."""
    require_operator(asker)
    asker.require_fresh(TAKE_CONTACTS)
    doer = NamedDoer(account_id=asker.account_id, roles=("operator",))
    recording.record_act(session, doer, Act.EXPORT, AuditSubject(SKIPPED_FILE_NAME), now=now)
    return sheet_import.write_skipped_rows(parts, look, fixes)


def _event_ref(made: EventCard) -> NewEventRef:
    return NewEventRef(made.key, made.name, made.timezone)


def _settings_sheet(parts: Parts) -> WorkbookSheet | None:
    return next((sheet for kind, sheet in parts if kind is ImportKind.EVENT), None)


def require_operator(asker: SignedIn) -> None:
    """Raise NotAllowed unless the account may create events."""
    if not asker.is_operator:
        raise NotAllowed(i18n.gettext_lazy("Only operators of this installation can create events."))


def _file(session: Session, asker: SignedIn, file_id: int, *, lock: bool = False) -> ImportFile:
    """Return the account's own pending workbook. With `lock`, a second submission of a form waits."""
    require_operator(asker)
    query = select(ImportFile).where(
        ImportFile.id == file_id,
        ImportFile.event_id.is_(None),
        ImportFile.account_id == asker.account_id,
    )
    file = session.scalar(query.with_for_update(key_share=True) if lock else query)
    if file is None:
        raise NotFound("workbook", file_id)
    return file
