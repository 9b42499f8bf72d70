"""A spreadsheet from the preview to the taking: both do the same, and the preview gives back what it did."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import blake2b

from sqlalchemy import delete, func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from scheduler.config import Settings
from scheduler.domain.errors import ChainmeetError, Fault, InvalidInput, NotFound
from scheduler.services.access.actors import Actor
from scheduler.services.access.rights import Right
from scheduler.services.imports.changes import Imported
from scheduler.services.imports.columns import HEADER_ROWS, ImportKind, header_row, kind_of
from scheduler.services.imports.firms import import_firms
from scheduler.services.imports.people import import_interpreters, import_people
from scheduler.services.text import one_line
from scheduler.sheets.tables import MAX_OCTETS, Workbook, WorkbookSheet
from scheduler.sheets.writing import SheetOut, xlsx
from scheduler.storage.models import Account, Attendee, Firm, ImportFile, Interpreter
from scheduler.untrusted import reading

KEPT = timedelta(days=7)
"""How long a file waits to be taken."""
MAX_WAITING = 20
"""The most files of an event. With one more, the oldest is deleted."""
MAX_LISTED = 20
WHY = "Why it was left out"
"""The header of a column that an import does not take, so that the mended workbook can be sent as it is."""


@dataclass(frozen=True, slots=True)
class ImportPart:
    """A sheet: what its rows are, None if nothing of ours, and what it did without the rows that are wrong.

    `faults` are those of its header or of all of it, for which nothing of it is taken.
    """

    sheet: str
    kind: ImportKind | None
    faults: tuple[Fault, ...] = ()
    done: Imported | None = None


@dataclass(frozen=True, slots=True)
class ImportLook:
    """The effect of a file: its parts, and a digest of them. Rows with faults are not imported."""

    parts: tuple[ImportPart, ...]
    digest: str

    @property
    def left_out(self) -> int:
        """Rows that are wrong."""
        return sum(part.done.left_out for part in self.parts if part.done)

    @property
    def does_anything(self) -> bool:
        return any(part.done and part.done.rows for part in self.parts)


@dataclass(frozen=True, slots=True)
class KeptFile:
    """A file that waits, or was taken."""

    id: int
    name: str
    kind: str
    created_at: datetime
    taken_at: datetime | None
    by: str
    counts: dict[str, list[int]]


class ImportTaken(ChainmeetError):
    """A file is taken once."""

    code = "import-taken"

    def __init__(self) -> None:
        super().__init__("This file was taken already. Send it again to see what it would do now.")


class ImportOutdated(ChainmeetError):
    """The effect of the file is not the one that was shown, because something else changed meanwhile."""

    code = "import-outdated"

    def __init__(self) -> None:
        super().__init__("The event changed since you looked. See once more what the file does.")


def counts(session: Session, actor: Actor) -> dict[str, int]:
    """How many firms, people and interpreters the event has."""
    actor.require(Right.IMPORT)
    of = {"firms": Firm.event_id, "people": Attendee.event_id, "interpreters": Interpreter.event_id}
    queries = {name: select(func.count()).where(event == actor.event_id) for name, event in of.items()}
    return {name: session.scalars(query).one() for name, query in queries.items()}


def keep(session: Session, actor: Actor, octets: bytes, *, name: str, kind: str, now: datetime) -> int:
    """Store a file until it is imported. Returns its number. Raises InvalidInput."""
    actor.require(Right.IMPORT)
    if len(octets) > MAX_OCTETS:
        raise InvalidInput([Fault("file", f"must be at most {MAX_OCTETS >> 20} MB")])
    if kind not in ("", *ImportKind):
        raise InvalidInput([Fault("kind", "must be firms, people or interpreters, or empty")])
    file = ImportFile(
        event_id=actor.event_id,
        account_id=actor.account_id,
        name=one_line(name)[:200],
        kind=kind,
        octets=octets,
        created_at=now,
    )
    session.add(file)
    session.flush()
    _forget_octets(session, actor.event_id, now)
    return file.id


def listing(session: Session, actor: Actor) -> Sequence[KeptFile]:
    """The newest files first: those that wait, and those that were taken."""
    actor.require(Right.IMPORT)
    rows = session.execute(
        select(ImportFile, Account.name, Account.email)
        .join(Account, Account.id == ImportFile.account_id)
        .where(ImportFile.event_id == actor.event_id)
        .where(ImportFile.octets.is_not(None) | ImportFile.taken_at.is_not(None))
        .order_by(ImportFile.id.desc())
        .limit(MAX_LISTED)
    )
    return [_kept(file, name or email) for file, name, email in rows]


def octets_of(session: Session, actor: Actor, file_id: int) -> tuple[bytes, str, str]:
    """A waiting file's octets, the kind of its rows, and its name. Raises NotFound, or ImportTaken."""
    actor.require(Right.IMPORT)
    file = session.scalar(
        select(ImportFile).where(ImportFile.id == file_id, ImportFile.event_id == actor.event_id)
    )
    if file is None or (file.octets is None and file.taken_at is None):
        raise NotFound("import file", file_id)
    if file.octets is None:
        raise ImportTaken
    return file.octets, file.kind, file.name


def drop(session: Session, actor: Actor, file_id: int) -> None:
    """Delete a waiting file, of which nothing was imported."""
    actor.require(Right.IMPORT)
    session.execute(
        delete(ImportFile).where(
            ImportFile.id == file_id, ImportFile.event_id == actor.event_id, ImportFile.taken_at.is_(None)
        )
    )


def parts_of(octets: bytes, kind: str) -> list[tuple[ImportKind | None, WorkbookSheet]]:
    """The sheets of a file with what each holds, firms before the people of firms.

    Reads in a child process: call it outside a transaction. Raises UnreadableSheet and what reading raises.
    """
    workbook: Workbook = reading.sheets(octets)
    sheets = [sheet for sheet in workbook.sheets if sheet.rows]
    if kind:
        return [(ImportKind(kind), _best(ImportKind(kind), sheets))] if sheets else []
    known = [
        (kind_of(sheet.name, [row.cells for row in sheet.rows[:HEADER_ROWS]]), sheet) for sheet in sheets
    ]
    order = list(ImportKind)
    return sorted(known, key=lambda part: order.index(part[0]) if part[0] else len(order))


def apply(
    session: Session,
    actor: Actor,
    parts: Iterable[tuple[ImportKind | None, WorkbookSheet]],
    *,
    settings: Settings,
    now: datetime,
) -> ImportLook:
    """Import rows without faults. A look rolls it back. Raises ImportOutdated if two import the same."""
    actor.require(Right.IMPORT)
    try:
        found = tuple(_apply(session, actor, kind, sheet, settings, now) for kind, sheet in parts)
    except IntegrityError:  # another file brought the same firm or person at this moment
        raise ImportOutdated from None
    made_of = [(part.kind, part.done.digest if part.done else "", part.faults) for part in found]
    return ImportLook(
        found, blake2b(repr(made_of).encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
    )


def take(
    session: Session,
    actor: Actor,
    file_id: int,
    parts: Iterable[tuple[ImportKind | None, WorkbookSheet]],
    *,
    digest: str,
    settings: Settings,
    now: datetime,
) -> ImportLook:
    """Do what a look with this digest showed, all of it or nothing; the file is claimed first.

    Raises ImportOutdated if it would be something else by now, ImportTaken if the file was taken already.
    """
    waiting = ImportFile.id == file_id, ImportFile.event_id == actor.event_id, ImportFile.taken_at.is_(None)
    claimed = session.scalar(
        update(ImportFile).where(*waiting).values(taken_at=now, octets=None).returning(ImportFile.id)
    )
    if claimed is None:
        raise ImportTaken
    look = apply(session, actor, parts, settings=settings, now=now)
    if look.digest != digest:
        raise ImportOutdated
    session.get_one(ImportFile, file_id).counts = {
        part.kind.value: [part.done.added, part.done.changed, part.done.unchanged, part.done.left_out]
        for part in look.parts
        if part.kind and part.done
    }
    session.flush()
    return look


def rejected(parts: Iterable[tuple[ImportKind | None, WorkbookSheet]], look: ImportLook) -> bytes:
    """A workbook of the rows that were left out, each with what is wrong in it, to be mended and sent."""
    why: dict[str, dict[int, list[str]]] = {}
    for part in look.parts:
        for cells in part.done.wrong if part.done else ():
            for line in cells.lines:
                why.setdefault(part.sheet, {}).setdefault(line, []).append(f"{cells.header}: {cells.message}")
    sheets = []
    for kind, sheet in parts:
        reasons = why.get(sheet.name)
        if kind and reasons:
            header = sheet.rows[header_row(kind, [row.cells for row in sheet.rows[:HEADER_ROWS]])].cells
            rows = [
                [*row.cells, *[""] * (len(header) - len(row.cells)), "; ".join(reasons[row.number])]
                for row in sheet.rows
                if row.number in reasons
            ]
            sheets.append(SheetOut(sheet.name or kind.value, [*header, WHY], rows))
    return xlsx(sheets)


def _apply(
    session: Session,
    actor: Actor,
    kind: ImportKind | None,
    sheet: WorkbookSheet,
    settings: Settings,
    now: datetime,
) -> ImportPart:
    if kind is None:
        return ImportPart(sheet.name, None)
    try:
        return ImportPart(sheet.name, kind, (), _import(session, actor, kind, sheet, settings, now))
    except InvalidInput as error:  # of the header, or of the sheet as a whole
        return ImportPart(sheet.name, kind, tuple(error.faults))


def _import(
    session: Session, actor: Actor, kind: ImportKind, sheet: WorkbookSheet, settings: Settings, now: datetime
) -> Imported:
    if kind is ImportKind.FIRMS:
        return import_firms(session, actor, sheet, leave_out=True)
    if kind is ImportKind.INTERPRETERS:
        return import_interpreters(session, actor, sheet, leave_out=True)
    return import_people(session, actor, sheet, settings=settings, now=now, leave_out=True)


def _best(kind: ImportKind, sheets: Sequence[WorkbookSheet]) -> WorkbookSheet:
    """The sheet that holds a kind where a file has several: the one that looks like it, else the first."""
    for sheet in sheets:
        if kind_of(sheet.name, [row.cells for row in sheet.rows[:HEADER_ROWS]]) is kind:
            return sheet
    return sheets[0]


def _kept(file: ImportFile, by: str) -> KeptFile:
    return KeptFile(file.id, file.name, file.kind, file.created_at, file.taken_at, by, file.counts)


def _forget_octets(session: Session, event_id: int, now: datetime) -> None:
    """Files that nobody took in time, and the oldest of too many that wait."""
    waiting = ImportFile.event_id == event_id, ImportFile.taken_at.is_(None)
    session.execute(delete(ImportFile).where(*waiting, ImportFile.created_at < now - KEPT))
    newest = session.scalars(
        select(ImportFile.id).where(*waiting).order_by(ImportFile.id.desc()).limit(MAX_WAITING)
    ).all()
    if len(newest) == MAX_WAITING:
        session.execute(delete(ImportFile).where(*waiting, ImportFile.id < min(newest)))
