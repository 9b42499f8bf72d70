"""Imports recorded as a step that can be undone. Records missing from the file may be removed."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime
from hashlib import blake2b

from sqlalchemy import event, update
from sqlalchemy.orm import Session

from scheduler.config import Settings
from scheduler.domain import fields
from scheduler.domain.errors import NotAllowed
from scheduler.services.audit_log import recording
from scheduler.services.audit_log.acts import Act
from scheduler.services.audit_log.subjects import pgettext_lazy
from scheduler.services.emails.email_addresses import address_attempts, security_notice
from scheduler.services.identity.actors import Actor
from scheduler.services.identity.rights import Right
from scheduler.services.imports import import_files, notices, sheet_import
from scheduler.services.imports.sheet_import import ImportOutdated, ImportPart, ImportPreview
from scheduler.services.participants import withdrawals
from scheduler.services.participants.journal import StepKind
from scheduler.services.participants.row_changes import RowChanges
from scheduler.services.spreadsheets.changes import ImportResult, RowChange
from scheduler.services.spreadsheets.columns import ImportKind
from scheduler.services.spreadsheets.groups import import_scope
from scheduler.services.spreadsheets.groups.import_scope import find_importing_delegation
from scheduler.services.spreadsheets.options import DEFAULT_OPTIONS, ImportOptions
from scheduler.sheets.tables import WorkbookSheet
from scheduler.storage.models import Attendee, ImportFile, Interpreter, RegistryChange

Parts = Iterable[tuple[ImportKind | None, WorkbookSheet]]
API_FILE_NAME = "rows by API"
"""File name of an import through the API."""
DELEGATION_FILE_NAME = "members of delegation"
"""File name of a delegation's import, followed by the delegation's key."""
ADDRESSES_PER_ENTRY = 70
"""Maximum number of addresses, of maximum length, that fit into one audit log entry."""
WITHDRAWABLE_KINDS = (ImportKind.INTERPRETERS, ImportKind.PEOPLE, ImportKind.FIRMS)


def apply_import(
    session: Session,
    actor: Actor,
    parts: Parts,
    *,
    settings: Settings,
    now: datetime,
    options: ImportOptions = DEFAULT_OPTIONS,
) -> ImportPreview:
    """Like `sheet_import.apply_sheets`, but also remove records missing from the file if chosen.

    Without `options.notify`, only people with a new address are notified. Raises ImportOutdated.
    """
    actor.require(Right.IMPORT)
    before = notices.find_marks(session, actor.event_id, now)
    letters_before = security_notice.count_queued(session, actor.event_id, now)
    look = sheet_import.apply_sheets(session, actor, parts, settings=settings, now=now, options=options)
    found = list(look.parts)
    for kind in WITHDRAWABLE_KINDS:
        for at, part in enumerate(found):
            if part.kind is kind and kind in options.withdraw and part.done and part.done.missing_keys:
                found[at] = _withdraw_missing(session, actor, kind, part, part.done, now)
    new = notices.find_marks(session, actor.event_id, now) - before
    told, readdressed = notices.count_recipients(session, new, now)
    if options.notify:
        notices.release_notices(session, new)
    letters = security_notice.count_queued(session, actor.event_id, now) - letters_before
    return replace(
        sheet_import.make_preview(found), notified=told, readdressed=readdressed, address_notices=letters
    )


def preview_import(
    session: Session,
    actor: Actor,
    parts: Parts,
    *,
    settings: Settings,
    now: datetime,
    options: ImportOptions = DEFAULT_OPTIONS,
) -> ImportPreview:
    """Preview `apply_import`: run it and roll it back. Raises ImportOutdated."""
    try:
        return apply_import(session, actor.previewing(), parts, settings=settings, now=now, options=options)
    finally:
        session.rollback()


def import_file(
    session: Session,
    actor: Actor,
    file_id: int,
    parts: Parts,
    *,
    digest: str,
    settings: Settings,
    now: datetime,
    options: ImportOptions = DEFAULT_OPTIONS,
) -> ImportPreview:
    """Import a file like `import_files.import_file`, as one step with all rows that it changed."""
    actor.require(Right.IMPORT)

    def work() -> ImportPreview:
        return import_files.import_file(
            session,
            actor,
            file_id,
            parts,
            digest=digest,
            settings=settings,
            now=now,
            options=options,
            work=apply_import,
        )

    look, notes = _record_changes(session, work)
    file = session.get_one(ImportFile, file_id)
    _store_step(session, actor, file, look, notes, now, quiet=not options.notify)
    return look


def import_rows(
    session: Session,
    actor: Actor,
    parts: Parts,
    *,
    settings: Settings,
    now: datetime,
    options: ImportOptions = DEFAULT_OPTIONS,
) -> ImportPreview:
    """Import rows without a file, as one step listed among the imported files."""
    actor.require(Right.IMPORT)
    look, notes = _record_changes(
        session, lambda: apply_import(session, actor, parts, settings=settings, now=now, options=options)
    )
    _store_import(session, actor, API_FILE_NAME, look, notes, now, quiet=not options.notify)
    return look


def preview_members(
    session: Session, actor: Actor, key: str, parts: Parts, *, settings: Settings, now: datetime
) -> ImportPreview:
    """Preview a delegation's import of firms and people: run it and roll it back.

    The preview reveals which addresses other participants have, so their number is audit-logged. Raises
    NotFound for another delegation, NotAllowed after too many such addresses, and ImportOutdated.
    """
    if not address_attempts.has_attempts_left(session, actor, most=address_attempts.MOST_IN_FILES, now=now):
        raise NotAllowed(address_attempts.TOO_MANY)
    try:
        look = _apply_members(session, actor.previewing(), key, parts, settings=settings, now=now)
    finally:
        session.rollback()
    wrong = [cells for part in look.parts if part.done for cells in part.done.wrong]
    taken = sum(len(cells.lines) for cells in wrong if cells.message == import_scope.ADDRESS_TAKEN)
    address_attempts.record_attempts(session, actor, taken, now=now)
    return look


def _apply_members(
    session: Session, actor: Actor, key: str, parts: Parts, *, settings: Settings, now: datetime
) -> ImportPreview:
    options = ImportOptions(keep_empty=True, members=find_importing_delegation(session, actor, key))
    return sheet_import.apply_sheets(session, actor, parts, settings=settings, now=now, options=options)


def import_members(
    session: Session,
    actor: Actor,
    key: str,
    parts: Parts,
    *,
    digest: str,
    settings: Settings,
    now: datetime,
) -> ImportPreview:
    """Import a delegation's firms and people as previewed with this digest, as one step that can be undone.

    Raises NotFound, and ImportOutdated if the effect has changed.
    """
    look, notes = _record_changes(
        session, lambda: _apply_members(session, actor, key, parts, settings=settings, now=now)
    )
    if look.digest != digest:
        raise ImportOutdated
    _store_import(session, actor, f"{DELEGATION_FILE_NAME} {key}", look, notes, now)
    return look


def _store_import(
    session: Session,
    actor: Actor,
    name: str,
    look: ImportPreview,
    notes: RowChanges,
    now: datetime,
    *,
    quiet: bool = True,
) -> None:
    """Store the import among the files, with its step."""
    file = ImportFile(
        event_id=actor.event_id,
        account_id=actor.account_id,
        name=name,
        kind="",
        created_at=now,
        imported_at=now,
        counts=import_files.count_rows(look),
    )
    session.add(file)
    session.flush()
    _store_step(session, actor, file, look, notes, now, quiet=quiet)


def _record_changes(session: Session, work: Callable[[], ImportPreview]) -> tuple[ImportPreview, RowChanges]:
    """Run `work` and return its preview, with all rows that it changed."""
    session.flush()
    notes = RowChanges()
    event.listen(session, "before_flush", notes.before_flush)
    try:
        look = work()
        session.flush()
    finally:
        event.remove(session, "before_flush", notes.before_flush)
    return look, notes


def _store_step(
    session: Session,
    actor: Actor,
    file: ImportFile,
    look: ImportPreview,
    notes: RowChanges,
    now: datetime,
    *,
    quiet: bool,
) -> None:
    made = RegistryChange(
        event_id=actor.event_id,
        kind=StepKind.IMPORT,
        subject=file.name[: fields.limits(fields.FirmName).most] or "a file without a name",
        note="",
        changed_by=actor.account_id,
        changed_at=now,
        changes=notes.document() | {"quiet": quiet},
    )
    session.add(made)
    session.flush()
    session.execute(update(ImportFile).where(ImportFile.id == file.id).values(registry_change_id=made.id))
    counts = {
        part.kind.value: f"{part.done.added} added, {part.done.changed} changed, {part.done.withdrawn} gone"
        for part in look.parts
        if part.kind and part.done
    }
    about = pgettext_lazy("audit log", "file %(name)s", name=file.name)
    recording.record_act(session, actor, Act.IMPORT, about, after=counts, now=now)
    _log_people(session, actor, file, notes, now)


def _log_people(session: Session, actor: Actor, file: ImportFile, notes: RowChanges, now: datetime) -> None:
    """Audit-log the addresses of the people that a file added, in several entries if needed."""
    added = (row for row in notes.added if isinstance(row, Attendee | Interpreter))
    addresses = sorted(row.email for row in added if row.email)
    about = pgettext_lazy("audit log", "people added by file %(name)s", name=file.name)
    for first in range(0, len(addresses), ADDRESSES_PER_ENTRY):
        some = {"added": addresses[first : first + ADDRESSES_PER_ENTRY]}
        recording.record_act(session, actor, Act.IMPORT, about, after=some, now=now)


def _withdraw_missing(
    session: Session, actor: Actor, kind: ImportKind, part: ImportPart, done: ImportResult, now: datetime
) -> ImportPart:
    """Remove a part's missing people or firms from the event, and return the updated part."""
    left = withdrawals.withdraw_records(session, actor, kind, done.missing_keys, quiet=True, now=now)
    gone = tuple(RowChange(0, key, key, False, (), is_gone=True) for key in done.missing_keys)
    made_of = repr((done.digest, done.missing_keys)).encode()
    return replace(
        part,
        done=replace(
            done,
            withdrawn=len(gone),
            missing=0,
            missing_keys=(),
            meetings=done.meetings + left.meetings,
            rows=(*done.rows, *gone),
            digest=blake2b(made_of, digest_size=16).hexdigest(),
        ),
    )
