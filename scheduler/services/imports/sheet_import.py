"""Import of a file's sheets into an event, in the caller's transaction."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import blake2b
from typing import Final

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from scheduler.config import Settings
from scheduler.domain.errors import ChainmeetError, Fault, InvalidInput
from scheduler.i18n import gettext_lazy
from scheduler.services.identity.actors import Actor
from scheduler.services.imports.availability_sheets import import_absences, import_closures, import_stations
from scheduler.services.spreadsheets.changes import ImportResult
from scheduler.services.spreadsheets.columns import (
    HEADER_ROWS,
    REASON_HEADER,
    ImportKind,
    detect_kind,
    find_heading,
    is_ignored,
    match_headers,
    normalize_text,
)
from scheduler.services.spreadsheets.delegation_import import OWN_COLUMNS
from scheduler.services.spreadsheets.event_frame import import_areas, import_times
from scheduler.services.spreadsheets.file_fixes import NO_FIXES, FileFixes, apply_fixes
from scheduler.services.spreadsheets.firms import import_firms
from scheduler.services.spreadsheets.groups import import_scope
from scheduler.services.spreadsheets.groups.delegations import import_delegations
from scheduler.services.spreadsheets.groups.guests import import_guests
from scheduler.services.spreadsheets.options import DEFAULT_OPTIONS, ImportOptions
from scheduler.services.spreadsheets.people import import_interpreters, import_people
from scheduler.services.spreadsheets.requests import import_requests
from scheduler.services.spreadsheets.table import ALL_IS_READ
from scheduler.services.spreadsheets.venue_sheets import import_halls, import_tables, import_walking
from scheduler.services.spreadsheets.walking_matrix import read_matrix
from scheduler.sheets.tables import Workbook, WorkbookSheet
from scheduler.sheets.writers import OutputSheet, write_xlsx
from scheduler.untrusted import parsers

UNDECIDED_COLUMN = "?"
"""Marks a header whose column must be chosen by a person."""


@dataclass(frozen=True, slots=True)
class ImportPart:
    """A sheet: its kind, None if unknown, and its result without the rows with faults.

    `faults` concern the header or the whole sheet, in which case nothing is imported.
    """

    sheet: str
    kind: ImportKind | None
    faults: tuple[Fault, ...] = ()
    done: ImportResult | None = None
    headers: tuple[tuple[str, str], ...] = ()
    """Each header with its column, empty if the header is skipped."""

    @property
    def not_taken(self) -> int:
        """Number of headers that match none of our columns."""
        return sum(1 for _, column in self.headers if not column)


@dataclass(frozen=True, slots=True)
class ImportPreview:
    """The effect of a file: its parts, and a digest of them. Rows with faults are skipped."""

    parts: tuple[ImportPart, ...]
    digest: str
    notified: int = 0
    """Number of people who get an email about requests, if people are notified."""
    readdressed: int = 0
    """Number of people with meetings in their calendars whose address changes."""
    address_notices: int = 0
    """Number of notices to old and new addresses of people notified before, whatever was chosen."""

    @property
    def left_out(self) -> int:
        """Number of rows with faults."""
        return sum(part.done.left_out for part in self.parts if part.done)

    @property
    def added(self) -> int:
        """Number of new rows."""
        return sum(part.done.added for part in self.parts if part.done)

    @property
    def changed(self) -> int:
        """Number of rows that change a record."""
        return sum(part.done.changed for part in self.parts if part.done)

    @property
    def imported(self) -> int:
        """Number of rows that are imported: new ones, changed ones, and those that are as recorded."""
        done = [part.done for part in self.parts if part.done and not part.faults]
        return sum(each.added + each.changed + each.unchanged for each in done)

    @property
    def withdrawn(self) -> int:
        """Number of records missing from the file that are removed."""
        return sum(part.done.withdrawn for part in self.parts if part.done)

    def likely(self, most: int) -> int:
        """Count the faulty values with a likely meaning, among the first `most` faults of each sheet."""
        wrong = (cells for part in self.parts if part.done for cells in part.done.causes[:most])
        return sum(cells.proposals.is_likely for cells in wrong)

    @property
    def does_anything(self) -> bool:
        return any(part.done and part.done.rows for part in self.parts)


class ImportOutdated(ChainmeetError):
    """The effect of the file differs from the preview, because the event changed meanwhile."""

    code = "import-outdated"

    def __init__(self) -> None:
        super().__init__(
            gettext_lazy("The event changed since you opened the preview. Check the preview again.")
        )


def read_parts(octets: bytes, kind: str) -> list[tuple[ImportKind | None, WorkbookSheet]]:
    """Read the sheets of a file with their kinds, firms before people.

    Parses in a child process, so call it outside a transaction. Raises UnreadableSheet and reading errors.
    """
    workbook: Workbook = parsers.read_sheets(octets)
    sheets = [sheet for sheet in workbook.sheets if sheet.rows]
    if kind:
        return [(ImportKind(kind), _best_sheet(ImportKind(kind), sheets))] if sheets else []
    known = [
        (detect_kind(sheet.name, [row.cells for row in sheet.rows[:HEADER_ROWS]]), sheet) for sheet in sheets
    ]
    order = list(ImportKind)
    return sorted(known, key=lambda part: order.index(part[0]) if part[0] else len(order))


def apply_sheets(
    session: Session,
    actor: Actor,
    parts: Iterable[tuple[ImportKind | None, WorkbookSheet]],
    *,
    settings: Settings,
    now: datetime,
    options: ImportOptions = DEFAULT_OPTIONS,
) -> ImportPreview:
    """Import the rows without faults. Raises ImportOutdated if two imports add the same record."""
    import_scope.require_import_right(actor, options)
    try:
        parts = apply_fixes(parts, options.fixes)
        with_ = _ImportContext(settings, now, replace(options, named=_named(parts, options)))
        return make_preview([_apply_sheet(session, actor, kind, sheet, with_) for kind, sheet in parts])
    except IntegrityError:  # another import added the same firm or person
        raise ImportOutdated from None


def _named(
    parts: Iterable[tuple[ImportKind | None, WorkbookSheet]], options: ImportOptions
) -> dict[ImportKind, dict[str, int]]:
    """Return the line numbers of records that other rows can refer to, by kind and normalised name."""
    named: dict[ImportKind, dict[str, int]] = {}
    for kind, sheet in parts:
        if kind is None or kind not in _NAMES or not sheet.rows:
            continue
        said = options.columns.get(kind, {})
        found = find_heading(kind, [row.cells for row in sheet.rows[:HEADER_ROWS]], said)
        positions = match_headers(kind, found.cells, said).positions
        columns = [positions[name] for name in _NAMES[kind] if name in positions]
        names = named.setdefault(kind, {})
        for row in sheet.rows[found.at + 1 :]:
            for column in columns:
                if column < len(row.cells) and (words := normalize_text(row.cells[column])):
                    names.setdefault(words, row.number)
    return named


_NAMES: Final[Mapping[ImportKind, Sequence[str]]] = {
    ImportKind.HALLS: ("key", "name"),
    ImportKind.TABLES: ("key", "name"),
    ImportKind.FIRMS: ("key", "name", "latin_name"),
    ImportKind.PEOPLE: ("key", "email", "name", "latin_name"),
    ImportKind.INTERPRETERS: ("key", "email", "name", "latin_name"),
}


def make_preview(parts: Sequence[ImportPart]) -> ImportPreview:
    """Return the parts with a digest of their effect."""
    made_of = [(part.kind, part.done.digest if part.done else "", part.faults) for part in parts]
    digest = blake2b(repr(made_of).encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
    return ImportPreview(tuple(parts), digest)


def write_skipped_rows(
    parts: Iterable[tuple[ImportKind | None, WorkbookSheet]], look: ImportPreview, fixes: FileFixes = NO_FIXES
) -> bytes:
    """Return a workbook of the skipped rows with their faults, to be corrected and uploaded again.

    It includes corrected cells, and rows that were dropped.
    """
    parts = list(parts)
    why: dict[str, dict[int, list[str]]] = {}
    for name, line in fixes.dropped:
        why.setdefault(name, {})[line] = ["dropped"]
    changed = {sheet.name: {row.number: row for row in sheet.rows} for _, sheet in apply_fixes(parts, fixes)}
    for part in look.parts:
        for cells in part.done.wrong if part.done else ():
            for line in cells.lines:
                why.setdefault(part.sheet, {}).setdefault(line, []).append(f"{cells.header}: {cells.message}")
    sheets = []
    for kind, sheet in parts:
        reasons = why.get(sheet.name)
        if kind and reasons:
            matrix = read_matrix(sheet) if kind is ImportKind.WALKING else None
            header = find_heading(kind, [row.cells for row in sheet.rows[:HEADER_ROWS]]).cells
            header = matrix.header.cells if matrix is not None else header
            shown = [changed[sheet.name].get(row.number, row) for row in sheet.rows if row.number in reasons]
            rows = [
                [*row.cells, *[""] * (len(header) - len(row.cells)), "; ".join(reasons[row.number])]
                for row in shown
            ]
            sheets.append(OutputSheet(sheet.name or kind.value, [*header, REASON_HEADER], rows))
    return write_xlsx(sheets)


def _apply_sheet(
    session: Session,
    actor: Actor,
    kind: ImportKind | None,
    sheet: WorkbookSheet,
    with_: _ImportContext,
) -> ImportPart:
    if kind is None:
        return ImportPart(sheet.name, None)
    if with_.options.members is not None and kind not in OWN_COLUMNS:
        return ImportPart(
            sheet.name, kind, (Fault(sheet.name, gettext_lazy("only organisers can import this sheet")),)
        )
    if kind is ImportKind.EVENT:  # for new events only
        lines = tuple(row.number for row in sheet.rows[1:])
        return ImportPart(sheet.name, kind, (), ImportResult(0, unchanged=len(lines), unchanged_lines=lines))
    headers = _headers(kind, sheet, with_.options)
    try:
        return ImportPart(sheet.name, kind, (), _import(session, actor, kind, sheet, with_), headers)
    except InvalidInput as error:  # a fault of the header or the whole sheet
        return ImportPart(sheet.name, kind, tuple(error.faults), None, headers)


def _headers(kind: ImportKind, sheet: WorkbookSheet, options: ImportOptions) -> tuple[tuple[str, str], ...]:
    """Return the headers of a sheet with our columns. A matrix has none."""
    said = options.columns.get(kind, {})
    first = [row.cells for row in sheet.rows[:HEADER_ROWS]]
    if not first or (kind is ImportKind.WALKING and read_matrix(sheet, said) is not None):
        return ()
    cells = find_heading(kind, first, said).cells
    found = match_headers(kind, cells, said)
    columns = {at: column for column, at in found.positions.items()}
    for at, text in enumerate(cells):
        is_asked = kind in ALL_IS_READ or text in found.unsure
        if is_asked and at not in columns and normalize_text(text) not in said and not is_ignored(text):
            columns[at] = UNDECIDED_COLUMN
    return tuple((text, columns.get(at, "")) for at, text in enumerate(cells) if text)


def _import(
    session: Session, actor: Actor, kind: ImportKind, sheet: WorkbookSheet, with_: _ImportContext
) -> ImportResult:
    options = replace(with_.options, leave_out=True)
    if kind is ImportKind.PEOPLE:
        return import_people(session, actor, sheet, options, settings=with_.settings, now=with_.now)
    if kind is ImportKind.INTERPRETERS:
        return import_interpreters(session, actor, sheet, options, now=with_.now)
    if kind is ImportKind.REQUESTS:
        return import_requests(session, actor, sheet, options, now=with_.now)
    return _IMPORTERS[kind](session, actor, sheet, options)


@dataclass(frozen=True, slots=True)
class _ImportContext:
    """Arguments shared by all sheets of a file."""

    settings: Settings
    now: datetime
    options: ImportOptions


_IMPORTERS: Final[Mapping[ImportKind, Callable[..., ImportResult]]] = {
    ImportKind.AREAS: import_areas,
    ImportKind.TIMES: import_times,
    ImportKind.HALLS: import_halls,
    ImportKind.WALKING: import_walking,
    ImportKind.TABLES: import_tables,
    ImportKind.FIRMS: import_firms,
    ImportKind.CLOSURES: import_closures,
    ImportKind.ABSENCES: import_absences,
    ImportKind.STATIONS: import_stations,
    ImportKind.DELEGATIONS: import_delegations,
    ImportKind.GUESTS: import_guests,
}


def _best_sheet(kind: ImportKind, sheets: Sequence[WorkbookSheet]) -> WorkbookSheet:
    """Return the sheet to use if a file has several of a kind: the one named for it, else the first."""
    for sheet in sheets:
        if detect_kind(sheet.name, [row.cells for row in sheet.rows[:HEADER_ROWS]]) is kind:
            return sheet
    return sheets[0]
