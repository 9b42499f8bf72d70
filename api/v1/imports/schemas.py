"""Rows of an import as JSON, and their effect."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from api.v1.schemas.base import Input, Output
from scheduler.services.imports.bulk_import import api_import
from scheduler.services.imports.sheet_import import ImportPreview
from scheduler.services.spreadsheets.changes import MAX_SHOWN, CellChange, ImportResult
from scheduler.services.spreadsheets.columns import ImportKind

MAX_ROWS = 5_000
"""Of a kind, in one call."""
_COUNTS = ("added", "changed", "unchanged", "missing", "moved", "meetings")
Cell = Annotated[str, Field(max_length=4_000)]


def _as_text(value: Any) -> Any:
    """A cell as a spreadsheet has it as text: numbers and truths too, and a list with semicolons."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        return "; ".join(value)
    return value


CellIn = Annotated[Cell, BeforeValidator(_as_text)]
Column = Annotated[str, Field(min_length=1, max_length=64)]
Rows = Annotated[list[dict[Column, CellIn]], Field(max_length=MAX_ROWS)]


class ImportIn(Input):
    """Rows by kind, with the same columns in a kind. A missing column is unchanged; "" empties it."""

    rows: Annotated[dict[ImportKind, Rows], Field(min_length=1, max_length=len(ImportKind))]
    dry_run: bool = Field(True, description="Only report what the rows would do.")
    skip_errors: bool = Field(False, description="Import the other rows if some have errors.")
    keep_empty: bool = Field(False, description="Empty cells leave the current value.")
    notify: bool = Field(
        False, description="Email people who were invited about requests that the rows add or end."
    )
    remove_missing: Annotated[list[ImportKind], Field(max_length=len(ImportKind))] = Field(
        default_factory=list, description="Kinds whose records are removed if they are not among the rows."
    )


class ImportRowOut(Output):
    """A row that adds, changes or removes a record. `row` counts from 0, and is null for a removed record."""

    row: int | None
    key: str
    name: str
    is_new: bool
    is_removed: bool
    cells: list[CellChange]


class ImportErrorOut(Output):
    """An error in some rows, and how to fix it."""

    column: str
    message: str
    rows: list[int]


class ImportResultOut(Output):
    """The effect of the rows of a kind."""

    kind: ImportKind
    added: int
    changed: int
    unchanged: int
    skipped: int = Field(description="Rows with errors.")
    missing: int = Field(description="Records of the event that are not among the rows, and stay.")
    removed: int
    moved: int = Field(description="Firms that get another booth.")
    meetings: int = Field(description="Published meetings at their old booths.")
    errors: list[ImportErrorOut]
    rows: list[ImportRowOut] = Field(description="The first 500 rows with an effect.")


class ImportOut(Output):
    """The effect of the rows, or of a dry run."""

    dry_run: bool
    notified: int = Field(description="People who get an email about requests, with `notify`.")
    readdressed: int = Field(
        description="People with meetings who get another address; with `notify`, these go there at once."
    )
    address_notices: int = Field(
        description="Emails to the old and the new addresses of people who were notified before, sent also"
        " without `notify`."
    )
    kinds: list[ImportResultOut]


def kinds_of(look: ImportPreview) -> Iterator[dict[str, Any]]:
    """The effect of each kind's rows, as `ImportResultOut` has it: rows by their place in the list."""
    for part in look.parts:
        if part.kind is None:
            continue
        done = part.done or ImportResult(0)
        whole = [{"column": "", "message": str(fault), "rows": []} for fault in part.faults]
        yield {
            **{name: getattr(done, name) for name in _COUNTS},
            "kind": part.kind,
            "skipped": done.left_out,
            "removed": done.withdrawn,
            "errors": whole
            + [
                {
                    "column": each.column or each.header,
                    "message": each.message,
                    "rows": [api_import.row_position(line) for line in each.lines],
                }
                for each in done.wrong
            ],
            "rows": [
                {
                    **asdict(row),
                    "row": None if row.is_gone else api_import.row_position(row.line),
                    "is_removed": row.is_gone,
                }
                for row in done.rows[:MAX_SHOWN]
            ],
        }
