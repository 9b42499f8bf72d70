"""Results of an import: changes by row and cell."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from typing import Any

from scheduler.services.spreadsheets.columns import ImportKind, normalize_text
from scheduler.services.spreadsheets.options import RowFault, Substitution
from scheduler.services.spreadsheets.proposals import NO_PROPOSALS, Proposals
from scheduler.services.spreadsheets.table import Row, Table
from scheduler.services.spreadsheets.walking_matrix import CellPlace

Cells = dict[str, tuple[Any, Any]]
"""Changed values by column, each before and after."""

MAX_PROPOSED = 200
"""Faults of a sheet with proposed meanings, most frequent first."""
MAX_SHOWN = 500
"""Rows of a sheet that are stored with all cells, and listed where rows aren't paged."""
MAX_CHARACTERS = 1_000_000
"""Characters of changed values of a sheet that are stored after `MAX_SHOWN` rows."""


@dataclass(frozen=True, slots=True)
class CellChange:
    """A column's value before and after an import, as text."""

    column: str
    before: str
    """Empty for a new row."""
    after: str


@dataclass(frozen=True, slots=True)
class RowChange:
    """An added or changed row: line number, key and name."""

    line: int
    key: str
    name: str
    is_new: bool
    cells: tuple[CellChange, ...]
    """Changed values. Empty after `MAX_SHOWN` rows if the row is new, or if the sheet has too much text."""
    is_gone: bool = False
    """True if it is missing from the file and withdrawn. It has no line."""


@dataclass(frozen=True, slots=True)
class FaultGroup:
    """A fault with all its rows, so that it can be fixed once."""

    header: str
    message: str
    lines: tuple[int, ...]
    column: str = ""
    """Our column."""
    value: str | None = None
    """Text of all its cells, or None if they differ."""
    proposals: Proposals = NO_PROPOSALS
    """Likely meanings."""
    waits_for: ImportKind | None = None
    """Kind of the row in the file that the cell refers to and that is skipped: the fault is there."""
    waits_line: int = 0
    """Line number of that row."""
    places: tuple[CellPlace, ...] = ()
    """Its cells, in a matrix."""


@dataclass(frozen=True, slots=True)
class ImportResult:
    """Result of an import: numbers of added, changed and unchanged rows.

    `moved` counts firms with another booth, `meetings` published meetings at old booths. `missing` records
    are not in the file and are kept. `left_out` rows have faults and are skipped. `not_taken` headers match
    no column.
    """

    added: int
    changed: int = 0
    unchanged: int = 0
    moved: int = 0
    meetings: int = 0
    missing: int = field(default=0, compare=False)
    withdrawn: int = field(default=0, compare=False)
    """Number of records missing from the file that are withdrawn."""
    left_out: int = field(default=0, compare=False)
    not_taken: tuple[str, ...] = field(default=(), compare=False)
    headers: tuple[tuple[str, str], ...] = field(default=(), compare=False)
    """Each recognised header with its column."""
    wrong: tuple[FaultGroup, ...] = field(default=(), compare=False)
    """Faults of the `left_out` rows, by fix."""
    read_as: tuple[Substitution, ...] = field(default=(), compare=False)
    """Cells read by an earlier choice."""
    rows: tuple[RowChange, ...] = field(default=(), compare=False)
    unchanged_lines: tuple[int, ...] = field(default=(), compare=False)
    """Line numbers of the rows that are as the event has them."""
    missing_keys: tuple[str, ...] = field(default=(), compare=False)
    """Keys of missing records."""
    digest: str = field(default="", compare=False)
    """Digest of the effect: previews with equal digests have the same effect."""

    @property
    def causes(self) -> tuple[FaultGroup, ...]:
        """Faults of this sheet itself."""
        return tuple(cells for cells in self.wrong if cells.waits_for is None)

    @property
    def waiting(self) -> dict[ImportKind, tuple[FaultGroup, ...]]:
        """Faults of rows that refer to skipped rows of other kinds, by kind."""
        kinds = dict.fromkeys(cells.waits_for for cells in self.wrong if cells.waits_for is not None)
        return {kind: tuple(cells for cells in self.wrong if cells.waits_for is kind) for kind in kinds}


@dataclass(slots=True)
class ImportTally:
    """Counts rows while they are imported, and records their changes."""

    table: Table
    known: frozenset[str]
    """Keys of existing records."""
    counts: dict[str, int] = field(default_factory=lambda: {"added": 0, "changed": 0, "unchanged": 0})
    rows: list[RowChange] = field(default_factory=list)
    unchanged_lines: list[int] = field(default_factory=list)
    withdrawn: int = 0
    characters: int = 0
    """Characters of values stored after the first `MAX_SHOWN` rows."""
    _digest: Any = field(default_factory=lambda: blake2b(digest_size=16))

    def add(self, row: Row, cells: Cells, *, is_new: bool = False) -> None:
        """Count an imported row, with each changed value before and after."""
        self.table.options.on_row(self.table.sheet, row.line, self.table.rows[-1].line)
        what = "added" if is_new else "changed" if cells else "unchanged"
        self.counts[what] += 1
        if what == "unchanged":
            self.unchanged_lines.append(row.line)
            return
        self._keep(RowChange(row.line, row.values["key"], row.values.get("name", ""), is_new, _shown(cells)))

    def _keep(self, change: RowChange) -> None:
        self._digest.update(repr(change).encode("utf-8", "surrogatepass"))
        if len(self.rows) >= MAX_SHOWN:
            size = sum(len(cell.before) + len(cell.after) for cell in change.cells)
            is_stored = not change.is_new and self.characters + size <= MAX_CHARACTERS
            self.characters += size if is_stored else 0
            change = change if is_stored else replace(change, cells=())
        self.rows.append(change)

    def withdraw(self, key: str, name: str, cells: Cells) -> None:
        """Count a record that is missing from the file and will be withdrawn."""
        self.withdrawn += 1
        self._keep(RowChange(0, key, name, False, _shown(cells), is_gone=True))

    def missing(self) -> frozenset[str]:
        """Return keys of existing records that are missing from the file."""
        given = {row.values.get("key") for row in self.table.rows + self.table.left_out}
        return self.known - given

    def done(self, *, moved: int = 0, meetings: int = 0, missing: int | None = None) -> ImportResult:
        return ImportResult(
            **self.counts,
            moved=moved,
            meetings=meetings,
            missing=len(self.missing()) - self.withdrawn if missing is None else missing,
            withdrawn=self.withdrawn,
            left_out=len(self.table.left_out),
            not_taken=self.table.not_taken,
            headers=tuple((self.table.shown(name), name) for name in self.table.positions),
            wrong=_group_faults(self.table),
            read_as=tuple(self.table.read_as.values()),
            rows=tuple(self.rows),
            unchanged_lines=tuple(self.unchanged_lines),
            missing_keys=tuple(sorted(self.missing())) if not self.withdrawn else (),
            digest=self._digest.hexdigest(),
        )


def _group_faults(table: Table) -> tuple[FaultGroup, ...]:
    """Group faults by message and header, most frequent first, causes before effects."""
    found: dict[tuple[str, str], list[RowFault]] = {}
    for cell in table.wrong:
        found.setdefault((cell.header, cell.message), []).append(cell)

    def rank(item: tuple[tuple[str, str], list[RowFault]]) -> tuple[bool, int, int]:
        return item[1][0].waits_for is not None, -len(item[1]), item[1][0].line

    ordered = sorted(found.items(), key=rank)
    return tuple(
        _fault_group(table, header, message, cells, at)
        for at, ((header, message), cells) in enumerate(ordered)
    )


def _fault_group(table: Table, header: str, message: str, cells: list[RowFault], at: int) -> FaultGroup:
    """Return a fault with proposals. Only the first faults get proposals, because pages show no more."""
    column, value = cells[0].column, cells[0].value
    lines = tuple(dict.fromkeys(cell.line for cell in cells))
    places = tuple(dict.fromkeys(cell.place for cell in cells if cell.place is not None))
    if len({cell.value for cell in cells}) > 1 or not normalize_text(value):
        return FaultGroup(header, message, lines, column, places=places)
    if (waits := cells[0].waits_for) is not None:
        line = cells[0].waits_line
        return FaultGroup(header, message, lines, column, waits_for=waits, waits_line=line, places=places)
    allowed = table.allowed.get(column) if at < MAX_PROPOSED else None
    proposals = allowed.proposals(value) if allowed is not None else NO_PROPOSALS
    return FaultGroup(header, message, lines, column, value, proposals, places=places)


def set_values(target: Any, new: Mapping[str, Any]) -> Cells:
    """Set differing values. Return each value before and after."""
    differ = {
        name: (getattr(target, name), value) for name, value in new.items() if getattr(target, name) != value
    }
    for name, (_, value) in differ.items():
        setattr(target, name, value)
    return differ


def new_values(values: Mapping[str, Any]) -> Cells:
    """Return the values of a new row as changes, without earlier values."""
    return {name: (None, value) for name, value in values.items() if value not in (None, "", [])}


def _shown(cells: Cells) -> tuple[CellChange, ...]:
    return tuple(CellChange(name, _text(old), _text(new)) for name, (old, new) in cells.items())


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "; ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
