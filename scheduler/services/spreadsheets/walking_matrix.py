"""A walking matrix as pairs of halls, each with its cell addresses in the sheet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from scheduler.services.spreadsheets.columns import (
    HEADER_ROWS,
    NO_CHOICES,
    ImportKind,
    is_ignored,
    match_headers,
    normalize_text,
)
from scheduler.sheets.tables import SheetRow, WorkbookSheet

CellPlace = tuple[int, int]
"""A cell: row number of the spreadsheet, and zero-based column position."""


@dataclass(frozen=True, slots=True)
class WalkingPair:
    """Two halls and the minutes between them, with the cell addresses of all three."""

    cells: tuple[str, str, str]
    places: Mapping[str, CellPlace]


@dataclass(frozen=True, slots=True)
class WalkingMatrix:
    """A matrix: `header` has halls from the second cell on, each of the `rows` one in its first cell.

    `at` is the header's position among the sheet's rows.
    """

    header: SheetRow
    rows: Sequence[SheetRow]
    at: int

    def pairs(self) -> list[WalkingPair]:
        """Return the filled cells, without the diagonal."""
        line = self.header.number
        return [
            WalkingPair(
                (row.cells[0], to, row.cells[at]),
                {"from_hall": (row.number, 0), "to_hall": (line, at), "minutes": (row.number, at)},
            )
            for row in self.rows
            for at, to in enumerate(self.header.cells[: len(row.cells)])
            if at and to and row.cells[at] and row.cells[0] != to and not is_ignored(to)
        ]


def read_matrix(sheet: WorkbookSheet, said: Mapping[str, str] = NO_CHOICES) -> WalkingMatrix | None:
    """Read a sheet as a matrix. Return None for a sheet with a row per pair, or an empty one.

    Halls are in its first row, possibly below a title, and in its first column.
    """
    filled = [(at, row) for at, row in enumerate(sheet.rows) if any(row.cells)]
    if not filled:
        return None
    firsts = {normalize_text(row.cells[0]) for _, row in filled} - {""}
    named = [len(firsts & set(map(normalize_text, row.cells[1:]))) for _, row in filled[:HEADER_ROWS]]
    if any(not count and _has_minutes(row, said) for (_, row), count in zip(filled, named, strict=False)):
        return None
    at, header = filled[named.index(max(named))]
    made = WalkingMatrix(header, [row for where, row in filled if where > at], at)
    return made if made.pairs() else None


def _has_minutes(row: SheetRow, said: Mapping[str, str]) -> bool:
    """Return True if the row is a header with a minutes column. A title is alone in its row."""
    texts = [text for text in row.cells if text.strip()]
    return len(texts) > 1 and "minutes" in match_headers(ImportKind.WALKING, texts, said).positions
