"""Error grid: the rows of a file with faults, to be corrected on the page."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from scheduler.services.imports.sheet_import import ImportPreview
from scheduler.services.spreadsheets import file_fixes
from scheduler.services.spreadsheets.changes import FaultGroup, ImportResult
from scheduler.services.spreadsheets.columns import (
    HEADER_ROWS,
    NO_CHOICES,
    PROVIDED_COLUMNS,
    ImportKind,
    find_heading,
    match_headers,
)
from scheduler.services.spreadsheets.file_fixes import FileFixes
from scheduler.services.spreadsheets.options import ImportOptions
from scheduler.services.spreadsheets.walking_matrix import CellPlace, WalkingMatrix, read_matrix
from scheduler.sheets.tables import SheetRow, WorkbookSheet, column_letters

PAGE_SIZE: Final = 50
"""Rows per page."""
MAX_CHOICES: Final = 20
_NAMES: Final[Mapping[ImportKind, tuple[str, ...]]] = {
    ImportKind.PEOPLE: ("name", "firm"),
    ImportKind.ABSENCES: ("person", "day"),
    ImportKind.CLOSURES: ("place", "day"),
    ImportKind.STATIONS: ("interpreter", "table"),
    ImportKind.REQUESTS: ("from_firm", "to_firm"),
    ImportKind.TIMES: ("day", "start"),
    ImportKind.WALKING: ("from_hall", "to_hall"),
}
"""Columns by which people identify a row. Other kinds use the key and name."""


MATRIX_COLUMNS: Final = ("from_hall", "to_hall", "minutes")
"""Columns of a walking matrix page. Each row is one cell with its two halls."""


@dataclass(frozen=True, slots=True)
class GridCell:
    """A cell of a column with faults. `before` is the original text if it was corrected.

    A cell without a position is read-only, such as the halls of a matrix cell.
    """

    position: int | None
    text: str
    faults: tuple[str, ...] = ()
    before: str | None = None
    choices: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class GridRow:
    """A row: line number, identifying names, cells by column, and faults without a cell.

    `depending` are the rows of other sheets that are skipped only because of this one, by kind.
    """

    line: int
    names: tuple[str, ...]
    cells: tuple[GridCell, ...]
    others: tuple[str, ...]
    depending: Mapping[ImportKind, Sequence[int]] = field(default_factory=dict)
    at: str = ""
    """In a matrix, the cell's spreadsheet address, such as C4."""
    skips: str = ""
    """Form value that skips this row, or one matrix cell."""


@dataclass(frozen=True, slots=True)
class GridCause:
    """A fault with all its rows. `value` is the text common to all of them, or None.

    `position` is the position of its column, or None if the sheet lacks the column.
    """

    number: int
    wrong: FaultGroup
    position: int | None
    depending: Mapping[ImportKind, int] = field(default_factory=dict)
    """Rows of other sheets that are skipped only because of these rows, by kind."""

    @property
    def count(self) -> int:
        """Number of rows, or of matrix cells, with this fault."""
        return len(self.wrong.places or self.wrong.lines)

    @property
    def value(self) -> str | None:
        return self.wrong.value if self.position is not None else None


@dataclass(frozen=True, slots=True)
class ErrorGrid:
    """One page of a sheet's rows with faults. `groups` lists the rows under their first fault."""

    at: int
    kind: ImportKind
    sheet: str
    names: tuple[str, ...]
    columns: tuple[tuple[int, str], ...]
    """Positions and headers of the columns with faults on this page."""
    headers: tuple[tuple[int, str], ...]
    """All columns of the sheet."""
    causes: tuple[GridCause, ...]
    groups: tuple[tuple[GridCause, tuple[GridRow, ...]], ...]
    total: int
    """Rows with faults on all pages."""
    start: int
    waiting: int
    """Number of rows skipped only because of rows of other sheets."""
    is_matrix: bool = False
    """True if the rows are cells of a walking matrix."""

    @property
    def last(self) -> int:
        return min(self.start + PAGE_SIZE, self.total)


@dataclass(frozen=True, slots=True)
class FileChange:
    """A correction of the file: its name, kind and place, and the text before and after."""

    name: str
    kind: str
    sheet: str
    line: int | None
    header: str
    before: str
    after: str


Parts = Sequence[tuple[ImportKind | None, WorkbookSheet]]


def list_error_tabs(look: ImportPreview) -> list[tuple[int, Any, int]]:
    """Return position, part and number of faulty rows of sheets with faults or that cannot be imported.

    Rows that only wait for another sheet do not count.
    """
    found = []
    for at, part in enumerate(look.parts):
        rows = (
            len({row for cells in part.done.causes for row in cells.places or cells.lines})
            if part.done
            else 0
        )
        if part.kind and (rows or part.faults):
            found.append((at, part, rows))
    return found


def error_page(
    parts: Parts, look: ImportPreview, options: ImportOptions, at: int, *, cause: int | None, start: int
) -> ErrorGrid | None:
    """Return a page of faults of the sheet at position `at`, or None if it has none.

    `cause` filters by one fault.
    """
    part = look.parts[at]
    sheet = next((each for kind, each in parts if kind is part.kind and each.name == part.sheet), None)
    if part.kind is None or part.done is None or sheet is None or not part.done.causes:
        return None
    matrix = None
    if part.kind is ImportKind.WALKING:
        matrix = read_matrix(sheet, options.columns.get(part.kind, NO_CHOICES))
    if matrix is not None:
        return _matrix_page(part, sheet, matrix, options, at, cause=cause, start=start)
    where = ColumnPositions.of(part.kind, sheet, options)
    depending = _depending(look, part.kind)
    causes = tuple(
        GridCause(number, wrong, where.position(wrong.column), _count_depending(depending, wrong.lines))
        for number, wrong in enumerate(part.done.causes)
    )
    chosen = [each for each in causes if cause in (None, each.number)]
    first: dict[int, GridCause] = {}
    for each in chosen:
        for line in each.wrong.lines:
            first.setdefault(line, each)
    ordered = sorted(first, key=lambda line: (first[line].number, line))
    start = min(max(start, 0), max(len(ordered) - 1, 0)) // PAGE_SIZE * PAGE_SIZE
    shown = ordered[start : start + PAGE_SIZE]
    of_line: dict[int, list[GridCause]] = {line: [] for line in shown}
    for each in causes:
        for line in each.wrong.lines:
            if line in of_line:
                of_line[line].append(each)
    positions = sorted(
        {each.position for found in of_line.values() for each in found if each.position is not None}
    )
    rows = {row.number: row for row in sheet.rows if row.number in of_line}
    made = {
        line: replace(
            _row(
                rows.get(line, SheetRow(line, ())), of_line[line], positions, where, options.fixes, sheet.name
            ),
            depending=depending.get(line, {}),
            skips=f"drop-{line}",
        )
        for line in shown
    }
    groups = [
        (each, tuple(made[line] for line in shown if first[line] is each))
        for each in chosen
        if any(first[line] is each for line in shown)
    ]
    return ErrorGrid(
        at,
        part.kind,
        part.sheet,
        tuple(where.header(position) for position in where.names),
        tuple((position, where.header(position)) for position in positions),
        tuple((position, text) for position, text in enumerate(where.cells) if text),
        causes,
        tuple(groups),
        len(ordered),
        start,
        _count_waiting(part.done),
    )


def list_file_changes(parts: Parts, options: ImportOptions) -> list[FileChange]:
    """Return all corrections of a file, by kind and in the order they were made."""
    sheets = {sheet.name: (kind, sheet) for kind, sheet in parts}
    rows = {
        (name, row.number): row.cells
        for name, (_, sheet) in sheets.items()
        for row in sheet.rows
        if any(name == each for each, *_ in options.fixes.cells)
    }
    headers = {
        name: ColumnPositions.of(kind, sheet, options).cells if kind else ()
        for name, (kind, sheet) in sheets.items()
    }

    def header(sheet: str, position: int) -> str:
        cells = headers.get(sheet, ())
        return cells[position] if position < len(cells) else ""

    found = []
    for name, (kind, of) in file_fixes.name_fixes(options.fixes).items():
        if kind == "cell":
            sheet, line, position, text = of
            cells = rows.get((sheet, line), ())
            before = cells[position] if position < len(cells) else ""
            found.append(FileChange(name, kind, sheet, line, header(sheet, position), before, text))
        elif kind == "dropped":
            found.append(FileChange(name, kind, of[0], of[1], "", "", ""))
        elif kind == "replaced":
            column = "" if of.position is None else header(of.sheet, of.position)
            found.append(FileChange(name, kind, of.sheet, None, column, of.text, of.value))
        else:
            found.append(FileChange(name, kind, of[0].value, None, of[1], "", of[2]))
    return found


@dataclass(frozen=True, slots=True)
class ColumnPositions:
    """Positions of the columns of a sheet. `names` are those by which people identify a row."""

    cells: tuple[str, ...]
    positions: Mapping[str, int]
    names: tuple[int, ...]
    is_key_first: bool = False
    """True if `names` are the key and then the name of a record."""

    @classmethod
    def of(cls, kind: ImportKind, sheet: WorkbookSheet, options: ImportOptions) -> ColumnPositions:
        said = options.columns.get(kind, {})
        cells = find_heading(kind, [row.cells for row in sheet.rows[:HEADER_ROWS]], said).cells
        positions = match_headers(kind, cells, said).positions
        made = cls(cells, positions, ())
        at = (made.position(column) for column in _NAMES.get(kind, ("key", "name")))
        found = tuple(dict.fromkeys(each for each in at if each is not None))
        return cls(cells, positions, found, kind not in _NAMES)

    def position(self, column: str) -> int | None:
        """Return the position of a column, or of the composed column that provides it."""
        if column in self.positions:
            return self.positions[column]
        return next(
            (at for name, at in self.positions.items() if column in PROVIDED_COLUMNS.get(name, ())), None
        )

    def header(self, position: int) -> str:
        return self.cells[position] if position < len(self.cells) else ""


def _row(
    row: SheetRow,
    causes: Sequence[GridCause],
    positions: Sequence[int],
    where: ColumnPositions,
    changed: FileFixes,
    sheet: str,
) -> GridRow:
    def cell(position: int) -> GridCell:
        before = row.cells[position] if position < len(row.cells) else ""
        text = changed.cell(sheet, row.number, position, before)
        mine = [each for each in causes if each.position == position]
        choices = [pair for each in mine for pair in each.wrong.proposals.choices]
        return GridCell(
            position,
            text,
            tuple(each.wrong.message for each in mine),
            before if text != before else None,
            tuple(dict.fromkeys(choices))[:MAX_CHOICES],
        )

    names = tuple(
        changed.cell(sheet, row.number, at, row.cells[at] if at < len(row.cells) else "")
        for at in where.names
    )
    others = tuple(each.wrong.message for each in causes if each.position is None)
    return GridRow(row.number, names, tuple(map(cell, positions)), others)


def _matrix_page(
    part: Any,
    sheet: WorkbookSheet,
    matrix: WalkingMatrix,
    options: ImportOptions,
    at: int,
    *,
    cause: int | None,
    start: int,
) -> ErrorGrid:
    """Return a page of the matrix cells with faults, each with its two halls."""
    causes = tuple(GridCause(number, wrong, None) for number, wrong in enumerate(part.done.causes))
    chosen = [each for each in causes if cause in (None, each.number)]
    first: dict[CellPlace, GridCause] = {}
    for each in chosen:
        for place in each.wrong.places:
            first.setdefault(place, each)
    ordered = sorted(first, key=lambda place: (first[place].number, place))
    start = min(max(start, 0), max(len(ordered) - 1, 0)) // PAGE_SIZE * PAGE_SIZE
    shown = ordered[start : start + PAGE_SIZE]
    standing: dict[CellPlace, list[GridCause]] = {place: [] for place in shown}
    for each in causes:
        for place in each.wrong.places:
            if place in standing:
                standing[place].append(each)
    rows = {row.number: row for row in sheet.rows}
    made = {
        place: _matrix_row(rows, matrix, place, standing[place], options.fixes, sheet.name) for place in shown
    }
    groups = [
        (each, tuple(made[place] for place in shown if first[place] is each))
        for each in chosen
        if any(first[place] is each for place in shown)
    ]
    return ErrorGrid(
        at,
        part.kind,
        part.sheet,
        (),
        tuple(enumerate(MATRIX_COLUMNS)),
        tuple((position, text) for position, text in enumerate(matrix.header.cells) if text and position),
        causes,
        tuple(groups),
        len(ordered),
        start,
        _count_waiting(part.done),
        is_matrix=True,
    )


def _matrix_row(
    rows: Mapping[int, SheetRow],
    matrix: WalkingMatrix,
    place: CellPlace,
    causes: Sequence[GridCause],
    changed: FileFixes,
    sheet: str,
) -> GridRow:
    """Build the row of one matrix cell: a hall name in the first row or column, or walking minutes."""

    def text(line: int, position: int) -> str:
        cells = rows[line].cells if line in rows else ()
        return changed.cell(sheet, line, position, cells[position] if position < len(cells) else "")

    line, position = place
    header = matrix.header.number
    ends = {
        "from_hall": (line, 0) if line != header else None,
        "to_hall": (header, position) if position else None,
    }
    choices = [pair for each in causes for pair in each.wrong.proposals.choices]
    cells = rows[line].cells if line in rows else ()
    before = cells[position] if position < len(cells) else ""
    own = GridCell(
        position,
        text(line, position),
        tuple(dict.fromkeys(each.wrong.message for each in causes)),
        before if text(line, position) != before else None,
        tuple(dict.fromkeys(choices))[:MAX_CHOICES],
    )
    column = "to_hall" if line == header else "minutes" if position else "from_hall"
    found = []
    for each in MATRIX_COLUMNS:
        end = ends.get(each)
        found.append(own if each == column else GridCell(None, text(*end) if end is not None else ""))
    is_row = not position
    return GridRow(
        line,
        (),
        tuple(found),
        (),
        at=f"{column_letters(position)}{line}",
        skips=f"drop-{line}" if is_row else f"empty-{line}-{position}",
    )


def _depending(look: ImportPreview, of: ImportKind) -> dict[int, dict[ImportKind, list[int]]]:
    """Return the rows that wait for each skipped row of a kind, by kind."""
    found: dict[int, dict[ImportKind, list[int]]] = {}
    for part in look.parts:
        kind = part.kind
        if kind is None or part.done is None:
            continue
        for cells in part.done.waiting.get(of, ()):
            lines = found.setdefault(cells.waits_line, {}).setdefault(kind, [])
            lines += [line for line in cells.lines if line not in lines]
    return found


def _count_depending(
    depending: Mapping[int, Mapping[ImportKind, Sequence[int]]], lines: Iterable[int]
) -> dict[ImportKind, int]:
    """Count the rows that wait for these, by kind."""
    kinds: dict[ImportKind, set[int]] = {}
    for line in lines:
        for kind, others in depending.get(line, {}).items():
            kinds.setdefault(kind, set()).update(others)
    return {kind: len(others) for kind, others in kinds.items()}


def _count_waiting(done: ImportResult) -> int:
    own = {line for cells in done.causes for line in cells.lines}
    return len({line for cells in done.wrong if cells.waits_for for line in cells.lines} - own)
