"""A workbook that a new event begins with: what would come of it, and then the event with all of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from scheduler import i18n
from scheduler.config import Settings
from scheduler.domain.errors import Fault, InvalidInput, NotAllowed, NotFound
from scheduler.services.audit_log import trail
from scheduler.services.audit_log.acts import Act
from scheduler.services.audit_log.noted import Noted
from scheduler.services.audit_log.trail import Somebody
from scheduler.services.events.events import EventCard
from scheduler.services.identity.actors import TAKE_CONTACTS
from scheduler.services.identity.sessions import SignedIn
from scheduler.services.imports import from_workbook, importing, taking, template
from scheduler.services.imports.taking import ImportLook, look_of
from scheduler.services.imports.workbooks import KEPT, LEFT_OUT
from scheduler.services.spreadsheets import fixes
from scheduler.services.spreadsheets.columns import ImportKind
from scheduler.services.spreadsheets.fixes import Fixes, FixesGiven
from scheduler.services.spreadsheets.options import PLAIN, ImportOptions
from scheduler.services.text import one_line
from scheduler.sheets.tables import MAX_OCTETS, WorkbookSheet
from scheduler.storage.models import ImportFile, ImportJob

Parts = Sequence[tuple[ImportKind | None, WorkbookSheet]]

SAID = from_workbook.FIRST
"""What a person may say of the event in place of the workbook."""
MAKE = i18n.gettext_lazy("make the event with its people and their addresses")
"""What needs a fresh sign-in."""
MAX_WAITING = 5
"""The most files of an account. With one more, the oldest is deleted."""


@dataclass(frozen=True, slots=True)
class ComingEvent:
    """An event that would be made, or was made, of a workbook."""

    key: str
    name: str
    timezone: str


@dataclass(frozen=True, slots=True)
class NewEventLook:
    """What a workbook would make. `event` is None with `faults`, by setting, that keep it from being made.

    `typed` has what the event is made with, as the workbook or the person says.
    """

    typed: Mapping[str, str]
    look: ImportLook
    event: ComingEvent | None = None
    faults: tuple[Fault, ...] = ()


def example(asker: SignedIn) -> bytes:
    """XLSX of a small whole event, to be overwritten."""
    require(asker)
    return template.example()


def keep(session: Session, asker: SignedIn, octets: bytes, *, name: str, now: datetime) -> int:
    """Store a workbook until an event is made of it. Returns its number. Raises NotAllowed, InvalidInput."""
    require(asker)
    if len(octets) > MAX_OCTETS:
        raise InvalidInput(
            [Fault("file", i18n.gettext_lazy("must be at most %(value)s MB", value=MAX_OCTETS >> 20))]
        )
    file = ImportFile(
        account_id=asker.account_id, name=one_line(name)[:200], kind="", octets=octets, created_at=now
    )
    session.add(file)
    session.flush()
    own = ImportFile.event_id.is_(None), ImportFile.account_id == asker.account_id
    newest = session.scalars(
        select(ImportFile.id).where(*own).order_by(ImportFile.id.desc()).limit(MAX_WAITING)
    ).all()
    session.execute(delete(ImportFile).where(*own, ImportFile.id < min(newest)))
    session.execute(
        delete(ImportFile).where(ImportFile.event_id.is_(None), ImportFile.created_at < now - KEPT)
    )
    return file.id


def octets_of(session: Session, asker: SignedIn, file_id: int) -> tuple[bytes, str]:
    """The octets of a workbook that waits, and its name. Raises NotFound."""
    file = _file(session, asker, file_id)
    return file.octets or b"", file.name


def say(session: Session, asker: SignedIn, file_id: int, said: Mapping[str, str]) -> None:
    """Keep what the event is called, in place of what the workbook says. Raises NotFound."""
    file = _file(session, asker, file_id, lock=True)
    file.options = {"event": {name: one_line(said[name])[:200] for name in SAID if said.get(name)}}


def options_of(session: Session, asker: SignedIn, file_id: int) -> ImportOptions:
    """How a workbook is read: with what was changed of it. Raises NotFound."""
    changed = fixes.of_document(_file(session, asker, file_id).fixes)
    return ImportOptions(columns=changed.columns, fixes=changed)


def fix(session: Session, asker: SignedIn, file_id: int, given: FixesGiven) -> None:
    """Keep what was changed of a workbook before an event is made of it. Raises NotFound, InvalidInput."""
    file = _file(session, asker, file_id, lock=True)
    file.fixes = fixes.document(fixes.merged(fixes.of_document(file.fixes), given))
    session.flush()


def drop(session: Session, asker: SignedIn, file_id: int) -> None:
    """Delete a workbook of which no event was made. Raises NotFound."""
    session.delete(_file(session, asker, file_id, lock=True))


def look(
    session: Session,
    asker: SignedIn,
    file_id: int,
    parts: Parts,
    *,
    settings: Settings,
    now: datetime,
    options: ImportOptions = PLAIN,
) -> NewEventLook:
    """Make the event, and roll it back: the session is as before. Raises NotFound."""
    file = _file(session, asker, file_id)
    said: dict[str, str] = file.options.get("event", {})
    sheet = _settings_sheet(parts)
    try:
        typed = from_workbook.words_of(sheet) | said
    except InvalidInput as error:
        return NewEventLook(said, look_of([]), None, tuple(error.faults))
    typed = {name: typed.get(name, "") for name in SAID}
    try:
        made = from_workbook.begin(session, asker.account_id, sheet, said=typed, now=now)
        actor = from_workbook.owner(asker.account_id, made)
        found = importing.apply(session, actor, parts, settings=settings, now=now, options=options)
    except InvalidInput as error:
        return NewEventLook(typed, look_of([]), None, tuple(error.faults))
    finally:
        session.rollback()
    return NewEventLook(typed, found, _coming(made))


def make(
    session: Session,
    asker: SignedIn,
    file_id: int,
    parts: Parts,
    *,
    digest: str,
    settings: Settings,
    now: datetime,
    options: ImportOptions = PLAIN,
) -> tuple[ComingEvent, ImportLook | None]:
    """Make the event. With a `digest` of a look it has all that the look showed, else the file waits there.

    Returns what was taken, or None for a file that waits. Raises NotFound, InvalidInput, ImportOutdated.
    """
    asker.require_fresh(MAKE)
    file = _file(session, asker, file_id, lock=True)
    sheet = _settings_sheet(parts)
    words = from_workbook.words_of(sheet) | file.options.get("event", {})
    said = {name: words.get(name, "") for name in SAID}
    made = from_workbook.begin(session, asker.account_id, sheet, said=said, now=now)
    file.event_id, file.options = made.id, {}
    session.flush()
    if not digest:
        # What a worker found is of an event that was to be made: the file is looked at anew in the event.
        session.execute(delete(ImportJob).where(ImportJob.file_id == file_id))
        return _coming(made), None
    actor = from_workbook.owner(asker.account_id, made)
    look = importing.take(
        session, actor, file_id, parts, digest=digest, settings=settings, now=now, options=options
    )
    return _coming(made), look


def left_out(
    session: Session, asker: SignedIn, parts: Parts, look: ImportLook, fixes: Fixes, *, now: datetime
) -> bytes:
    """XLSX of the rows that are wrong, which the trail notes. Raises NotAllowed, SignInNeeded."""
    require(asker)
    asker.require_fresh(TAKE_CONTACTS)
    doer = Somebody(account_id=asker.account_id, roles=("operator",))
    trail.note(session, doer, Act.EXPORT, Noted(LEFT_OUT), now=now)
    return taking.rejected(parts, look, fixes)


def _coming(made: EventCard) -> ComingEvent:
    return ComingEvent(made.key, made.name, made.timezone)


def _settings_sheet(parts: Parts) -> WorkbookSheet | None:
    return next((sheet for kind, sheet in parts if kind is ImportKind.EVENT), None)


def require(asker: SignedIn) -> None:
    """Raises NotAllowed for who may not make events."""
    if not asker.is_operator:
        raise NotAllowed(i18n.gettext_lazy("Only an operator of this installation may create events."))


def _file(session: Session, asker: SignedIn, file_id: int, *, lock: bool = False) -> ImportFile:
    """The asker's own file, while no event is made of it. A second press of a button waits for the lock."""
    require(asker)
    query = select(ImportFile).where(
        ImportFile.id == file_id,
        ImportFile.event_id.is_(None),
        ImportFile.account_id == asker.account_id,
    )
    file = session.scalar(query.with_for_update(key_share=True) if lock else query)
    if file is None:
        raise NotFound("workbook", file_id)
    return file
