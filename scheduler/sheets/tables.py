"""What a spreadsheet is here: sheets with rows of text, and the limits of all of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from scheduler.domain.errors import ChainmeetError

MAX_OCTETS: Final = 16 << 20
"""Of a file: 20,000 people, or 3,000 firms with long descriptions, have room in it."""
MAX_ROWS: Final = 50_000
"""Of all sheets of a file, its header included."""
MAX_COLUMNS: Final = 200
MAX_CELL: Final = 32_767
"""Characters of a cell, as in Excel."""
MAX_SHEETS: Final = 50


@dataclass(frozen=True, slots=True)
class SheetRow:
    """A row that is not empty: its number as a spreadsheet counts, from 1, and its cells as text."""

    number: int
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class WorkbookSheet:
    """A visible sheet by its name, or the one table of a text file, whose name is empty."""

    name: str
    rows: tuple[SheetRow, ...]


@dataclass(frozen=True, slots=True)
class Workbook:
    """The sheets of a file, and how it was read: for a person, as in "CSV in GB18030 with semicolons"."""

    sheets: tuple[WorkbookSheet, ...]
    read_as: str


class UnreadableSheet(ChainmeetError):
    """A file is not a spreadsheet, is broken, or is too large. `str()` says what to do."""

    code = "unreadable-sheet"


def column_letters(position: int) -> str:
    """The name of a column as a spreadsheet has it: 0 is A, 26 is AA."""
    letters = ""
    position += 1
    while position:
        position, letter = divmod(position - 1, 26)
        letters = chr(ord("A") + letter) + letters
    return letters


def column_number(letters: str) -> int:
    """The position of a column that `column_letters` names."""
    number = 0
    for letter in letters:
        number = 26 * number + ord(letter) - ord("A") + 1
    return number - 1
