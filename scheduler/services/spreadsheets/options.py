"""Import options, faults of cells, and substitutions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from scheduler.services.spreadsheets.columns import ImportKind
from scheduler.services.spreadsheets.delegation_import import ImportingDelegation
from scheduler.services.spreadsheets.file_fixes import NO_FIXES, FileFixes
from scheduler.services.spreadsheets.walking_matrix import CellPlace


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """Import options.

    `leave_out` skips rows with faults; otherwise a fault stops the import. With `keep_empty` an empty cell
    keeps the stored value. `withdraw` are the kinds whose missing records are withdrawn. `columns` maps
    normalized headers to our columns, by kind; empty: skipped.
    """

    leave_out: bool = False
    keep_empty: bool = False
    withdraw: frozenset[ImportKind] = frozenset()
    columns: Mapping[ImportKind, Mapping[str, str]] = field(default_factory=dict)
    values: Mapping[ImportKind, Mapping[str, Mapping[str, str]]] = field(default_factory=dict)
    """Substitutes of normalized cell texts, by kind and column."""
    named: Mapping[ImportKind, Mapping[str, int]] = field(default_factory=dict, compare=False)
    """Records that the file itself names, by normalized text, with the row: they take precedence."""
    fixes: FileFixes = NO_FIXES
    """Corrections of the file, applied before reading."""
    notify: bool = False
    """True if people are notified as of their partners' actions; otherwise no one is."""
    members: ImportingDelegation | None = None
    """The delegation to which the import is limited."""
    on_row: Callable[..., None] = field(default=lambda _sheet, _line, _last: None, compare=False)
    """Called with the sheet, the current row and the last row, by spreadsheet number."""


DEFAULT_OPTIONS = ImportOptions()


@dataclass(frozen=True, slots=True)
class RowFault:
    """A fault in a row, under a header of the sheet."""

    line: int
    header: str
    message: str
    column: str
    value: str
    waits_for: ImportKind | None = None
    """It refers to a skipped row of this kind in the file."""
    waits_line: int = 0
    """Line number of that row."""
    place: CellPlace | None = None
    """Its cell, in a matrix."""


@dataclass(slots=True)
class Substitution:
    """A substitution: the original text in a column, and the value that an earlier choice assigns to it."""

    header: str
    column: str
    text: str
    value: str
    rows: int = 0
