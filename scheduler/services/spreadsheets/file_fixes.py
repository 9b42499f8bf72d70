"""Corrections of a file before its import: cells, dropped rows, columns.

Stored with the file and applied before its rows are read. Other files are unaffected.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from scheduler.domain.errors import Fault, InvalidInput
from scheduler.i18n import gettext_lazy
from scheduler.services.spreadsheets.columns import (
    COLUMNS,
    COMPOSED,
    HEADER_ROWS,
    ImportKind,
    find_heading,
    normalize_text,
)
from scheduler.services.spreadsheets.walking_matrix import read_matrix
from scheduler.services.text import clean_line, clean_lines, is_storable
from scheduler.sheets.tables import MAX_CELL, MAX_COLUMNS, MAX_ROWS, SheetRow, WorkbookSheet

MAX_CELLS: Final = 5_000
MAX_DROPPED: Final = 5_000
MAX_REPLACED: Final = 200
MAX_HEADERS: Final = 500
MAX_OCTETS: Final = 1 << 20
"""Octets of all corrections, as JSON."""

ALL_FIXES: Final = "all"
CellAddress = tuple[str, int, int]
"""A cell: sheet, row number of the spreadsheet, and zero-based column position."""
Parts = Iterable[tuple[ImportKind | None, WorkbookSheet]]


@dataclass(frozen=True, slots=True)
class Replacement:
    """A replacement in a column: `value` for each cell equal to `text`, or for `text` inside cells.

    Without `position` it applies to all columns.
    """

    sheet: str
    position: int | None
    text: str
    value: str
    inside: bool = False

    def is_in(self, sheet: str, position: int) -> bool:
        return self.sheet == sheet and self.position in (None, position)

    def of(self, cell: str) -> str:
        if self.inside:
            return cell.replace(self.text, self.value)
        return self.value if clean_line(cell).casefold() == self.text.casefold() else cell


@dataclass(frozen=True, slots=True)
class FileFixes:
    """All corrections of a file. `columns` maps normalized headers to our columns; empty: skipped."""

    cells: Mapping[CellAddress, str] = field(default_factory=dict)
    dropped: frozenset[tuple[str, int]] = frozenset()
    replaced: tuple[Replacement, ...] = ()
    columns: Mapping[ImportKind, Mapping[str, str]] = field(default_factory=dict)

    @property
    def count(self) -> int:
        columns = sum(map(len, self.columns.values()))
        return len(self.cells) + len(self.dropped) + len(self.replaced) + columns

    def is_dropped(self, sheet: str, line: int) -> bool:
        return (sheet, line) in self.dropped

    def cell(self, sheet: str, line: int, position: int, text: str) -> str:
        """Return the corrected text of a cell that has `text` in the file."""
        for each in self.replaced:
            if each.is_in(sheet, position):
                text = each.of(text)
        return self.cells.get((sheet, line, position), text)


NO_FIXES: Final = FileFixes()


def apply_fixes(parts: Parts, fixes: FileFixes) -> list[tuple[ImportKind | None, WorkbookSheet]]:
    """Return the corrected sheets: dropped rows are missing, the others keep their numbers."""
    if not (fixes.cells or fixes.dropped or fixes.replaced):
        return list(parts)
    return [(kind, _sheet(kind, sheet, fixes)) for kind, sheet in parts]


def _sheet(kind: ImportKind | None, sheet: WorkbookSheet, fixes: FileFixes) -> WorkbookSheet:
    of_sheet: dict[int, dict[int, str]] = {}
    for (name, line, position), text in fixes.cells.items():
        if name == sheet.name:
            of_sheet.setdefault(line, {})[position] = text
    replaced = [each for each in fixes.replaced if each.sheet == sheet.name]
    below = -1  # replacements skip the header
    if kind is not None and replaced:
        first = [row.cells for row in sheet.rows[:HEADER_ROWS]]
        said = fixes.columns.get(kind, {})
        matrix = read_matrix(sheet, said) if kind is ImportKind.WALKING else None
        below = find_heading(kind, first, said).at if matrix is None else matrix.at
    rows = [
        _row(row, of_sheet.get(row.number, {}), replaced if at > below else ())
        for at, row in enumerate(sheet.rows)
        if not fixes.is_dropped(sheet.name, row.number)
    ]
    return WorkbookSheet(sheet.name, tuple(rows))


def _row(row: SheetRow, given: Mapping[int, str], replaced: Sequence[Replacement]) -> SheetRow:
    if not given and not replaced:
        return row
    cells = list(row.cells)
    for each in replaced:
        for at in range(len(cells)) if each.position is None else range(len(cells))[each.position :][:1]:
            cells[at] = each.of(cells[at])
    for position, text in given.items():
        cells += [""] * (position + 1 - len(cells))
        cells[position] = text
    return SheetRow(row.number, tuple(cells))


@dataclass(frozen=True, slots=True)
class SubmittedFixes:
    """Corrections submitted by one form. Others do not change."""

    cells: Mapping[CellAddress, str] = field(default_factory=dict)
    dropped: frozenset[tuple[str, int]] = frozenset()
    replaced: Sequence[Replacement] = ()
    columns: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    undone: frozenset[str] = frozenset()
    """Names of corrections to remove, or `all`."""


def merge_fixes(before: FileFixes, given: SubmittedFixes) -> FileFixes:
    """Merge earlier corrections with submitted ones. Raises InvalidInput if there are too many."""
    kept = NO_FIXES if ALL_FIXES in given.undone else remove_fixes(before, given.undone)
    cells = dict(kept.cells)
    for place, text in given.cells.items():
        cells.pop(place, None)
        cells[place] = clean_lines(text)[:MAX_CELL]
    replaced = list(kept.replaced)
    for each in given.replaced:
        text, value = clean_line(each.text)[:MAX_CELL], clean_lines(each.value)[:MAX_CELL]
        if text and text != value:
            replaced.append(replace(each, text=text, value=value))
    columns = {kind: dict(said) for kind, said in kept.columns.items()}
    for name, said in given.columns.items():
        for header, column in said.items():
            columns.setdefault(ImportKind(name), {})[normalize_text(header)] = column
    made = FileFixes(cells, kept.dropped | given.dropped, tuple(replaced), columns)
    _check(made)
    return made


def _check(fixes: FileFixes) -> None:
    wrong = []
    too_many = gettext_lazy("Too many changes to one file. Change the file itself and upload it again.")
    for count, most in (
        (len(fixes.cells), MAX_CELLS),
        (len(fixes.dropped), MAX_DROPPED),
        (len(fixes.replaced), MAX_REPLACED),
        (sum(map(len, fixes.columns.values())), MAX_HEADERS),
    ):
        if count > most:
            wrong.append(Fault("", too_many))
    places = [*fixes.cells, *((sheet, line, 0) for sheet, line in fixes.dropped)]
    places += [(each.sheet, 0, each.position or 0) for each in fixes.replaced]
    names = {name for name, _, _ in places}
    is_odd = any(not (0 <= line <= 10 * MAX_ROWS and 0 <= at < MAX_COLUMNS) for _, line, at in places)
    if is_odd or not all(map(is_storable, names)):
        wrong.append(Fault("", gettext_lazy("The changes match no cell of the file.")))
    for kind, said in fixes.columns.items():
        columns = COLUMNS[kind] + COMPOSED[kind]
        if any(column and column not in columns for column in said.values()):
            value = ", ".join(columns)
            wrong.append(Fault("column", gettext_lazy("enter one of %(value)s, or leave empty", value=value)))
    if not wrong and len(json.dumps(serialize_fixes(fixes), ensure_ascii=False).encode()) > MAX_OCTETS:
        wrong.append(Fault("", too_many))
    if wrong:
        raise InvalidInput(wrong[:1])


def name_fixes(fixes: FileFixes) -> dict[str, tuple[str, Any]]:
    """Return corrections by unique name, with kind and content, in the order they were made."""
    found: dict[str, tuple[str, Any]] = {}
    for at, each in enumerate(fixes.replaced):
        found[f"replaced:{at}"] = "replaced", each
    for kind, said in fixes.columns.items():
        for header in said:
            found[f"column:{kind}:{header}"] = "column", (kind, header, said[header])
    for sheet, line in sorted(fixes.dropped):
        found[f"dropped:{line}:{sheet}"] = "dropped", (sheet, line)
    for (sheet, line, position), text in fixes.cells.items():
        found[f"cell:{line}:{position}:{sheet}"] = "cell", (sheet, line, position, text)
    return found


def remove_fixes(fixes: FileFixes, undone: frozenset[str]) -> FileFixes:
    """Return the corrections without those with these names."""
    if not undone:
        return fixes
    gone: dict[str, set[Any]] = {kind: set() for kind in ("replaced", "column", "dropped", "cell")}
    for name, (kind, of) in name_fixes(fixes).items():
        if name in undone:
            gone[kind].add(of)
    columns = {
        of: {header: to for header, to in said.items() if (of, header, to) not in gone["column"]}
        for of, said in fixes.columns.items()
    }
    return FileFixes(
        {place: text for place, text in fixes.cells.items() if (*place, text) not in gone["cell"]},
        fixes.dropped - gone["dropped"],
        tuple(each for at, each in enumerate(fixes.replaced) if f"replaced:{at}" not in undone),
        columns,
    )


def serialize_fixes(fixes: FileFixes) -> dict[str, Any]:
    """Return the corrections as JSON."""
    cells: dict[str, list[list[Any]]] = {}
    for (sheet, line, position), text in fixes.cells.items():
        cells.setdefault(sheet, []).append([line, position, text])
    dropped: dict[str, list[int]] = {}
    for sheet, line in sorted(fixes.dropped):
        dropped.setdefault(sheet, []).append(line)
    return {
        "cells": cells,
        "dropped": dropped,
        "replaced": [
            [each.sheet, each.position, each.text, each.value, each.inside] for each in fixes.replaced
        ],
        "columns": {kind.value: dict(said) for kind, said in fixes.columns.items()},
    }


def parse_fixes(kept: Mapping[str, Any]) -> FileFixes:
    """Parse the JSON that `serialize_fixes` made."""
    if not kept:
        return NO_FIXES
    return FileFixes(
        {(sheet, line, at): text for sheet, cells in kept["cells"].items() for line, at, text in cells},
        frozenset((sheet, line) for sheet, rows in kept["dropped"].items() for line in rows),
        tuple(Replacement(*each) for each in kept["replaced"]),
        {ImportKind(kind): said for kind, said in kept["columns"].items()},
    )
