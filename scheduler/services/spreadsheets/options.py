"""How a file is taken, as a person chose; and what of its cells is wrong, or read otherwise."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from scheduler.services.spreadsheets.columns import ImportKind
from scheduler.services.spreadsheets.delegation_import import ImportingDelegation
from scheduler.services.spreadsheets.file_fixes import NO_FIXES, FileFixes
from scheduler.services.spreadsheets.walking_matrix import CellPlace


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """How a file is taken, as a person chose.

    `leave_out`: rows with faults are left out, and the others are taken; else a fault stops them all.
    `keep_empty`: an empty cell leaves what is there. `withdraw` are the kinds of which the rows that are not
    in the file go. `columns` are our columns by the plain words of a header, for each kind; empty: not taken.
    """

    leave_out: bool = False
    keep_empty: bool = False
    withdraw: frozenset[ImportKind] = frozenset()
    columns: Mapping[ImportKind, Mapping[str, str]] = field(default_factory=dict)
    values: Mapping[ImportKind, Mapping[str, Mapping[str, str]]] = field(default_factory=dict)
    """What to read instead of a cell's plain words, by kind and column."""
    named: Mapping[ImportKind, Mapping[str, int]] = field(default_factory=dict, compare=False)
    """What the file itself names, by plain words, with the row: nothing else is meant by these."""
    fixes: FileFixes = NO_FIXES
    """What a person changed of the file: its rows are read so."""
    notify: bool = False
    """Whether people are told of it as of what partners do. Else nobody is told."""
    members: ImportingDelegation | None = None
    """Whose firms and people the rows are, if only these may be touched."""
    on_row: Callable[..., None] = field(default=lambda _sheet, _line, _last: None, compare=False)
    """Called with the sheet, the row that is taken, and the last row, as the spreadsheet counts them."""


DEFAULT_OPTIONS = ImportOptions()


@dataclass(frozen=True, slots=True)
class RowFault:
    """A fault in a row, under the header of the sheet."""

    line: int
    header: str
    message: str
    column: str
    value: str
    waits_for: ImportKind | None = None
    """It names a row of a sheet of this kind in the file which is left out itself."""
    waits_line: int = 0
    """The number of that row."""
    place: CellPlace | None = None
    """Where it stands, in a matrix."""


@dataclass(slots=True)
class Substitution:
    """What the file says in some rows of a column, and what is read there as a person said before."""

    header: str
    column: str
    text: str
    value: str
    rows: int = 0
