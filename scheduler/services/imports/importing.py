"""Files taken as one step of the desk, which one press undoes; who is not in them may leave the event."""

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
from scheduler.services.audit_log import trail
from scheduler.services.audit_log.acts import Act
from scheduler.services.audit_log.noted import pgettext_lazy
from scheduler.services.emails.email_addresses import security_notice, tried
from scheduler.services.identity.actors import Actor
from scheduler.services.identity.rights import Right
from scheduler.services.imports import notices, taking, workbooks
from scheduler.services.imports.taking import ImportLook, ImportOutdated, ImportPart
from scheduler.services.participants import leaving_event
from scheduler.services.participants.journal import StepKind
from scheduler.services.participants.row_notes import RowNotes
from scheduler.services.spreadsheets.changes import MAX_SHOWN, Imported, RowChange
from scheduler.services.spreadsheets.columns import ImportKind
from scheduler.services.spreadsheets.groups import members
from scheduler.services.spreadsheets.groups.members import members_of
from scheduler.services.spreadsheets.options import PLAIN, ImportOptions
from scheduler.sheets.tables import WorkbookSheet
from scheduler.storage.models import Attendee, DeskStep, ImportFile, Interpreter

Parts = Iterable[tuple[ImportKind | None, WorkbookSheet]]
BY_API = "rows by API"
"""The name of what a program brought without a file."""
OF_DELEGATION = "members of delegation"
"""The same of what a chamber brought, with the key of its delegation."""
ADDRESSES_AN_ENTRY = 70
"""Addresses of the longest kind that an entry of the trail holds uncut."""
MAY_LEAVE = (ImportKind.INTERPRETERS, ImportKind.PEOPLE, ImportKind.FIRMS)


def apply(
    session: Session,
    actor: Actor,
    parts: Parts,
    *,
    settings: Settings,
    now: datetime,
    options: ImportOptions = PLAIN,
) -> ImportLook:
    """As `taking.apply`; and who is not in the file leaves the event, where that is chosen.

    Nobody is told of it without `options.notify`, but who gets another address.

    Raises ImportOutdated.
    """
    actor.require(Right.IMPORT)
    before = notices.marked(session, actor.event_id, now)
    letters_before = security_notice.queued(session, actor.event_id, now)
    look = taking.apply(session, actor, parts, settings=settings, now=now, options=options)
    found = list(look.parts)
    for kind in MAY_LEAVE:
        for at, part in enumerate(found):
            if part.kind is kind and kind in options.withdraw and part.done and part.done.missing_keys:
                found[at] = _left(session, actor, kind, part, part.done, now)
    new = notices.marked(session, actor.event_id, now) - before
    told, readdressed = notices.counted(session, new, now)
    if options.notify:
        notices.tell(session, new)
    letters = security_notice.queued(session, actor.event_id, now) - letters_before
    return replace(taking.look_of(found), told=told, readdressed=readdressed, address_notices=letters)


def look(
    session: Session,
    actor: Actor,
    parts: Parts,
    *,
    settings: Settings,
    now: datetime,
    options: ImportOptions = PLAIN,
) -> ImportLook:
    """What `apply` would do: it is done and rolled back. Raises ImportOutdated."""
    try:
        return apply(session, actor.previewing(), parts, settings=settings, now=now, options=options)
    finally:
        session.rollback()


def take(
    session: Session,
    actor: Actor,
    file_id: int,
    parts: Parts,
    *,
    digest: str,
    settings: Settings,
    now: datetime,
    options: ImportOptions = PLAIN,
) -> ImportLook:
    """Take a file as `workbooks.take` does, as one step with all rows that it changed."""
    actor.require(Right.IMPORT)

    def work() -> ImportLook:
        return workbooks.take(
            session,
            actor,
            file_id,
            parts,
            digest=digest,
            settings=settings,
            now=now,
            options=options,
            work=apply,
        )

    look, notes = _noted(session, work)
    file = session.get_one(ImportFile, file_id)
    _keep_step(session, actor, file, look, notes, now, quiet=not options.notify)
    return look


def bring(
    session: Session,
    actor: Actor,
    parts: Parts,
    *,
    settings: Settings,
    now: datetime,
    options: ImportOptions = PLAIN,
) -> ImportLook:
    """Take rows that are in no file, as one step which stands among the files that were taken."""
    actor.require(Right.IMPORT)
    look, notes = _noted(
        session, lambda: apply(session, actor, parts, settings=settings, now=now, options=options)
    )
    _as_file(session, actor, BY_API, look, notes, now, quiet=not options.notify)
    return look


def look_at_members(
    session: Session, actor: Actor, key: str, parts: Parts, *, settings: Settings, now: datetime
) -> ImportLook:
    """What firms and people that a delegation brings would change: it is done and rolled back.

    The trail notes how many addresses of others are in it, as the answer tells which. Raises NotFound for a
    delegation that is not the actor's, NotAllowed after too many such addresses, ImportOutdated.
    """
    if not tried.has_left(session, actor, most=tried.MOST_IN_FILES, now=now):
        raise NotAllowed(tried.TOO_MANY)
    try:
        look = _apply_members(session, actor.previewing(), key, parts, settings=settings, now=now)
    finally:
        session.rollback()
    wrong = [cells for part in look.parts if part.done for cells in part.done.wrong]
    taken = sum(len(cells.lines) for cells in wrong if cells.message == members.TAKEN)
    tried.note(session, actor, taken, now=now)
    return look


def _apply_members(
    session: Session, actor: Actor, key: str, parts: Parts, *, settings: Settings, now: datetime
) -> ImportLook:
    options = ImportOptions(keep_empty=True, members=members_of(session, actor, key))
    return taking.apply(session, actor, parts, settings=settings, now=now, options=options)


def take_members(
    session: Session,
    actor: Actor,
    key: str,
    parts: Parts,
    *,
    digest: str,
    settings: Settings,
    now: datetime,
) -> ImportLook:
    """Do what a look with this digest showed, as one step that organisers can undo.

    Raises NotFound, and ImportOutdated if it would be something else by now.
    """
    look, notes = _noted(
        session, lambda: _apply_members(session, actor, key, parts, settings=settings, now=now)
    )
    if look.digest != digest:
        raise ImportOutdated
    _as_file(session, actor, f"{OF_DELEGATION} {key}", look, notes, now)
    return look


def _as_file(
    session: Session,
    actor: Actor,
    name: str,
    look: ImportLook,
    notes: RowNotes,
    now: datetime,
    *,
    quiet: bool = True,
) -> None:
    """Keep what was taken among the files, with its step."""
    file = ImportFile(
        event_id=actor.event_id,
        account_id=actor.account_id,
        name=name,
        kind="",
        created_at=now,
        taken_at=now,
        counts=workbooks.counts_of(look),
    )
    session.add(file)
    session.flush()
    _keep_step(session, actor, file, look, notes, now, quiet=quiet)


def _noted(session: Session, work: Callable[[], ImportLook]) -> tuple[ImportLook, RowNotes]:
    """What some work did, with all rows that it changed."""
    session.flush()
    notes = RowNotes()
    event.listen(session, "before_flush", notes.before_flush)
    try:
        look = work()
        session.flush()
    finally:
        event.remove(session, "before_flush", notes.before_flush)
    return look, notes


def _keep_step(
    session: Session,
    actor: Actor,
    file: ImportFile,
    look: ImportLook,
    notes: RowNotes,
    now: datetime,
    *,
    quiet: bool,
) -> None:
    made = DeskStep(
        event_id=actor.event_id,
        kind=StepKind.IMPORT,
        subject=file.name[: fields.limits(fields.FirmName).most] or "a file without a name",
        note="",
        taken_by=actor.account_id,
        taken_at=now,
        changes=notes.document() | {"quiet": quiet},
    )
    session.add(made)
    session.flush()
    session.execute(update(ImportFile).where(ImportFile.id == file.id).values(step_id=made.id))
    counts = {
        part.kind.value: f"{part.done.added} added, {part.done.changed} changed, {part.done.withdrawn} gone"
        for part in look.parts
        if part.kind and part.done
    }
    about = pgettext_lazy("trail", "file %(name)s", name=file.name)
    trail.note(session, actor, Act.IMPORT, about, after=counts, now=now)
    _note_people(session, actor, file, notes, now)


def _note_people(session: Session, actor: Actor, file: ImportFile, notes: RowNotes, now: datetime) -> None:
    """Note in the trail whom a file has let in, by their addresses, some hundreds an entry."""
    added = (row for row in notes.added if isinstance(row, Attendee | Interpreter))
    addresses = sorted(row.email for row in added if row.email)
    about = pgettext_lazy("trail", "people added by file %(name)s", name=file.name)
    for first in range(0, len(addresses), ADDRESSES_AN_ENTRY):
        some = {"added": addresses[first : first + ADDRESSES_AN_ENTRY]}
        trail.note(session, actor, Act.IMPORT, about, after=some, now=now)


def _left(
    session: Session, actor: Actor, kind: ImportKind, part: ImportPart, done: Imported, now: datetime
) -> ImportPart:
    """A part whose missing people or firms have left the event."""
    left = leaving_event.withdraw(session, actor, kind, done.missing_keys, quiet=True, now=now)
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
            rows=(*done.rows, *gone)[:MAX_SHOWN],
            digest=blake2b(made_of, digest_size=16).hexdigest(),
        ),
    )
