"""Effect of an import on each row of the file, a page at a time."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from scheduler.domain import names
from scheduler.services.identity.actors import Actor
from scheduler.services.identity.rights import Right
from scheduler.services.imports.error_grid import PAGE_SIZE, ColumnPositions, Parts
from scheduler.services.imports.sheet_import import ImportPart, ImportPreview
from scheduler.services.participants.editing import RECORD_TABLES
from scheduler.services.spreadsheets.changes import CellChange, ImportResult, RowChange
from scheduler.services.spreadsheets.columns import ImportKind
from scheduler.services.spreadsheets.options import ImportOptions
from scheduler.storage.in_list import in_chunks


class Effect(StrEnum):
    """What the import does with a row of the file, or with a record that is not in it."""

    ADDED = "added"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    ERROR = "error"
    REMOVED = "removed"
    KEPT = "kept"


class RowFilter(StrEnum):
    """Rows to list: those of the file, or the records that are missing from it."""

    ALL = "all"
    ADDED = "added"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    MISSING = "missing"


_EFFECTS: Final[Mapping[RowFilter, frozenset[Effect]]] = {
    RowFilter.ALL: frozenset((Effect.ADDED, Effect.CHANGED, Effect.UNCHANGED, Effect.ERROR)),
    RowFilter.ADDED: frozenset((Effect.ADDED,)),
    RowFilter.CHANGED: frozenset((Effect.CHANGED,)),
    RowFilter.UNCHANGED: frozenset((Effect.UNCHANGED,)),
    RowFilter.MISSING: frozenset((Effect.REMOVED, Effect.KEPT)),
}
RecordNames = Callable[[ImportKind, Collection[str]], Mapping[str, str]]
"""Returns names of records of the event by key."""


@dataclass(frozen=True, slots=True)
class RowEffect:
    """A row with its effect. `names` identify it, as the corrected file has them.

    `line` is 0 for a record that is not in the file. `cells` are the changed values, `faults` the reasons of
    an error.
    """

    line: int
    effect: Effect
    names: tuple[str, ...]
    cells: tuple[CellChange, ...] = ()
    faults: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class EffectPage:
    """One page of rows, by the position of their sheet in the preview."""

    sheets: tuple[tuple[int, ImportPart, int], ...]
    """Position, part and number of rows of the sheets that have such rows."""
    groups: tuple[tuple[int, ImportPart, tuple[RowEffect, ...]], ...]
    total: int
    start: int

    @property
    def last(self) -> int:
        return min(self.start + PAGE_SIZE, self.total)


def count_rows(look: ImportPreview) -> dict[RowFilter, int]:
    """Return the preview's numbers of rows by filter. Rows with errors are among all rows."""
    done = [part.done for part in look.parts if part.done]
    counts = {
        RowFilter.ADDED: look.added,
        RowFilter.CHANGED: look.changed,
        RowFilter.UNCHANGED: sum(each.unchanged for each in done),
    }
    missing = look.withdrawn + sum(len(each.missing_keys) for each in done)
    return {RowFilter.ALL: sum(counts.values()) + look.left_out, **counts, RowFilter.MISSING: missing}


def list_row_effects(
    parts: Parts,
    look: ImportPreview,
    options: ImportOptions,
    wanted: RowFilter,
    *,
    sheet: int | None,
    start: int,
    record_names: RecordNames,
) -> EffectPage:
    """Return the page of rows that begins at or before `start`, sheet by sheet in the order of the file.

    `sheet` filters by the position of a sheet in the preview. Names and faults are looked up for the rows of
    the page alone.
    """
    found: list[tuple[int, _Found]] = []
    sheets = []
    for at, part in enumerate(look.parts):
        rows = list(_found(part.done, _EFFECTS[wanted])) if part.done else []
        if rows:
            sheets.append((at, part, len(rows)))
        if sheet in (None, at):
            found += [(at, row) for row in rows]
    start = min(max(start, 0), max(len(found) - 1, 0)) // PAGE_SIZE * PAGE_SIZE
    groups = []
    for at, shown in groupby(found[start : start + PAGE_SIZE], key=lambda pair: pair[0]):
        part = look.parts[at]
        of_sheet = [row for _, row in shown]
        groups.append((at, part, _named(parts, part, options, of_sheet, record_names)))
    return EffectPage(tuple(sheets), tuple(groups), len(found), start)


def list_record_names(
    session: Session, actor: Actor, kind: ImportKind, keys: Collection[str]
) -> dict[str, str]:
    """Return names of the event's exhibitors, people or interpreters by key. Runs one query, or none."""
    actor.require(Right.IMPORT)
    table = RECORD_TABLES.get(kind)
    if table is None or not keys:
        return {}
    query = select(table.key, table.name, table.latin_name)
    rows = session.execute(query.where(table.event_id == actor.event_id, in_chunks(table.key, keys)))
    return {key: names.record_name(name, latin_name) for key, name, latin_name in rows}


@dataclass(frozen=True, slots=True)
class _Found:
    """A row before its names are looked up."""

    line: int
    effect: Effect
    change: RowChange | None = None
    key: str = ""


def _found(done: ImportResult, wanted: Collection[Effect]) -> Iterator[_Found]:
    """Return the rows of a sheet in the order of the file, then the records that are not in it."""
    rows = []
    for change in done.rows:
        effect = Effect.REMOVED if change.is_gone else Effect.ADDED if change.is_new else Effect.CHANGED
        if effect in wanted:
            rows.append(_Found(change.line, effect, change, change.key))
    if Effect.UNCHANGED in wanted:
        rows += [_Found(line, Effect.UNCHANGED) for line in done.unchanged_lines]
    if Effect.ERROR in wanted:
        wrong = {line for group in done.wrong for line in group.lines}
        rows += [_Found(line, Effect.ERROR) for line in wrong]
    if Effect.KEPT in wanted:
        rows += [_Found(0, Effect.KEPT, key=key) for key in done.missing_keys]
    yield from sorted(rows, key=lambda row: row.line)


def _named(
    parts: Parts,
    part: ImportPart,
    options: ImportOptions,
    rows: Sequence[_Found],
    record_names: RecordNames,
) -> tuple[RowEffect, ...]:
    """Return rows of one sheet with their names and faults."""
    kind = part.kind
    sheet = next((each for of, each in parts if of is kind and each.name == part.sheet), None)
    if kind is None or sheet is None or part.done is None:
        return ()
    where = ColumnPositions.of(kind, sheet, options)
    lines = {row.line for row in rows}
    cells = {row.number: row.cells for row in sheet.rows if row.number in lines}
    faults: dict[int, list[str]] = {}
    for group in part.done.wrong:
        for line in lines.intersection(group.lines):
            faults.setdefault(line, []).append(group.message)
    known = record_names(kind, [row.key for row in rows if not row.line])

    def name(row: _Found) -> tuple[str, ...]:
        if not row.line:
            return tuple(
                dict.fromkeys((known.get(row.key) or (row.change and row.change.name) or row.key, row.key))
            )
        own = cells.get(row.line, ())
        texts = (
            options.fixes.cell(sheet.name, row.line, at, own[at] if at < len(own) else "")
            for at in where.names
        )
        given = tuple(text for text in texts if text)
        if where.is_key_first and len(given) > 1:
            given = given[::-1]
        return given or ((row.change.name or row.change.key,) if row.change else ())

    return tuple(
        RowEffect(
            row.line,
            row.effect,
            name(row),
            row.change.cells if row.change and row.effect is Effect.CHANGED else (),
            tuple(dict.fromkeys(faults.get(row.line, ()))) if row.effect is Effect.ERROR else (),
        )
        for row in rows
    )
