"""Bulk import of rows sent through the API: a dry run, or all rows or none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from sqlalchemy.orm import Session

from scheduler.config import Settings
from scheduler.domain.errors import Fault, InvalidInput
from scheduler.services.identity.actors import Actor
from scheduler.services.identity.rights import Right
from scheduler.services.imports import choices, undoable_import
from scheduler.services.imports.sheet_import import ImportPart, ImportPreview
from scheduler.services.spreadsheets.columns import COLUMNS, ImportKind
from scheduler.services.spreadsheets.options import ImportOptions
from scheduler.sheets.tables import SheetRow, WorkbookSheet

EXCLUDED_KINDS: Final = frozenset((ImportKind.EVENT,))
REQUIRED_RIGHTS: Final[Mapping[ImportKind, Right]] = {
    **dict.fromkeys(
        (
            ImportKind.AREAS,
            ImportKind.TIMES,
            ImportKind.HALLS,
            ImportKind.WALKING,
            ImportKind.TABLES,
            ImportKind.CLOSURES,
            ImportKind.GUESTS,
        ),
        Right.CHANGE_VENUE,
    ),
    ImportKind.DELEGATIONS: Right.MANAGE_DELEGATIONS,
    ImportKind.REQUESTS: Right.REQUEST_MEETINGS,
}
"""Rights that a kind needs in addition to the right to import."""
CONTACT_COLUMNS: Final = frozenset(("email", "phone"))
HEADER_LINE: Final = 1
"""Line number of the header. The first row of a list is on the next line."""

Rows = Mapping[ImportKind, Sequence[Mapping[str, str]]]


def import_rows(
    session: Session,
    actor: Actor,
    rows: Rows,
    *,
    dry_run: bool,
    leave_out: bool,
    options: ImportOptions,
    settings: Settings,
    now: datetime,
) -> ImportPreview:
    """Import rows of several kinds as one step that can be undone on the imports page.

    With `dry_run`, nothing is stored. Raises InvalidInput with the JSON path of each fault, unless `dry_run`
    or `leave_out` is set.
    """
    _check(actor, rows, options)
    parts = [(kind, _sheet(kind, rows[kind])) for kind in ImportKind if kind in rows]
    if dry_run:
        look = undoable_import.preview_import(
            session, actor, parts, settings=settings, now=now, options=options
        )
    else:
        look = undoable_import.import_rows(session, actor, parts, settings=settings, now=now, options=options)
    faults = list(_faults(look))
    if faults and not dry_run and not (leave_out and look.does_anything and not _has_faults(look)):
        raise InvalidInput(faults)
    return look if actor.may(Right.READ_CONTACTS) else _mask_contacts(look)


def _check(actor: Actor, rows: Rows, options: ImportOptions) -> None:
    actor.require(Right.IMPORT)
    for kind in rows:
        if right := REQUIRED_RIGHTS.get(kind):
            actor.require(right)
    wrong = [Fault(f"rows.{kind.value}", "cannot be imported") for kind in rows if kind in EXCLUDED_KINDS]
    for kind, of_kind in rows.items():
        known = set(COLUMNS[kind])
        for at, row in enumerate(of_kind):
            path = f"rows.{kind.value}[{at}]"
            wrong += [
                Fault(f"{path}.{name}", "is no column of this kind") for name in row if name not in known
            ]
            if row.keys() != of_kind[0].keys():
                wrong.append(Fault(path, "must have the columns of the first row: a missing one is unclear"))
    for kind in options.withdraw:
        if kind not in choices.WITHDRAWABLE_KINDS or kind not in rows:
            wrong.append(Fault("withdraw", f"{kind.value} may not go, or has no rows here"))
    if wrong:
        raise InvalidInput(wrong[:100])


def _sheet(kind: ImportKind, rows: Sequence[Mapping[str, str]]) -> WorkbookSheet:
    """Build a sheet from the rows and their columns."""
    columns = tuple(column for column in COLUMNS[kind] if rows and column in rows[0])
    cells = [tuple(row.get(column, "") for column in columns) for row in rows]
    numbered = [SheetRow(HEADER_LINE + 1 + at, each) for at, each in enumerate(cells)]
    return WorkbookSheet(kind.value, (SheetRow(HEADER_LINE, columns), *numbered))


def row_position(line: int) -> int:
    """Return the zero-based index of a row in its list."""
    return line - HEADER_LINE - 1


def _has_faults(look: ImportPreview) -> bool:
    return any(part.faults for part in look.parts)


def _faults(look: ImportPreview) -> list[Fault]:
    found = []
    for part in look.parts:
        path = f"rows.{part.kind.value}" if part.kind else "rows"
        found += [Fault(path, str(fault)) for fault in part.faults]
        for wrong in part.done.wrong if part.done else ():
            column = wrong.column or wrong.header
            found += [Fault(f"{path}[{row_position(line)}].{column}", wrong.message) for line in wrong.lines]
    return found[:1_000]


def _mask_contacts(look: ImportPreview) -> ImportPreview:
    """Remove earlier email addresses and phone numbers, for readers without the right to see them."""
    return replace(look, parts=tuple(map(_mask_part, look.parts)))


def _mask_part(part: ImportPart) -> ImportPart:
    if part.done is None:
        return part
    rows = tuple(
        replace(
            row,
            cells=tuple(
                replace(cell, before="") if cell.column in CONTACT_COLUMNS else cell for cell in row.cells
            ),
        )
        for row in part.done.rows
    )
    return replace(part, done=replace(part.done, rows=rows))
