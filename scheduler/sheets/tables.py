"""Workbook model: sheets with rows of text, and their limits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from scheduler.domain.errors import ChainmeetError

MAX_OCTETS: Final = 16 << 20
"""Octets of a file: fits 20,000 people, or 3,000 firms with long descriptions."""
MAX_ROWS: Final = 50_000
"""Rows of all sheets of a file, headers included."""
MAX_COLUMNS: Final = 200
MAX_CELL: Final = 32_767
"""Characters of a cell, as in Excel."""
MAX_SHEETS: Final = 50


@dataclass(frozen=True, slots=True)
class SheetRow:
    """A non-empty row: its 1-based row number, and its cells as text."""

    number: int
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class WorkbookSheet:
    """A visible sheet, or the single table of a text file with an empty name."""

    name: str
    rows: tuple[SheetRow, ...]


@dataclass(frozen=True, slots=True)
class Workbook:
    """The sheets of a file, and its detected format in words, such as "CSV in GB18030 with semicolons"."""

    sheets: tuple[WorkbookSheet, ...]
    read_as: str


class UnreadableSheet(ChainmeetError):
    """A file is not a spreadsheet, is damaged, or is too large. `str()` says how to fix it."""

    code = "unreadable-sheet"


def column_letters(position: int) -> str:
    """Return the column letters of a 0-based position: 0 is A, 26 is AA."""
    letters = ""
    position += 1
    while position:
        position, letter = divmod(position - 1, 26)
        letters = chr(ord("A") + letter) + letters
    return letters


def column_number(letters: str) -> int:
    """Return the 0-based position of column letters."""
    number = 0
    for letter in letters:
        number = 26 * number + ord(letter) - ord("A") + 1
    return number - 1
