"""Rows of an import as JSON, and what they do."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from api.v1.schemas.base import Input, Output
from scheduler.services.imports.bulk_import import api_import
from scheduler.services.imports.sheet_import import ImportPreview
from scheduler.services.spreadsheets.changes import CellChange, ImportResult
from scheduler.services.spreadsheets.columns import ImportKind

MAX_ROWS = 5_000
"""Of a kind, in one call."""
_COUNTS = ("added", "changed", "unchanged", "left_out", "missing", "withdrawn", "moved", "meetings")
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
    """Rows by kind, those of one with the same columns. A column that they lack stays; "" empties it."""

    rows: Annotated[dict[ImportKind, Rows], Field(min_length=1, max_length=len(ImportKind))]
    dry_run: bool = Field(True, description="Only say what the rows would do.")
    leave_out: bool = Field(False, description="Take the other rows where some have faults.")
    keep_empty: bool = Field(False, description="An empty cell leaves what is there.")
    notify: bool = Field(
        False, description="Email people who were invited about requests that the rows add or end."
    )
    withdraw: Annotated[list[ImportKind], Field(max_length=len(ImportKind))] = Field(
        default_factory=list, description="Kinds of which what is not among the rows goes."
    )


class ImportRowOut(Output):
    """A row that adds, changes or withdraws something. `row` counts from 0, and is null for what goes."""

    row: int | None
    key: str
    name: str
    is_new: bool
    is_gone: bool
    cells: list[CellChange]


class ImportFaultOut(Output):
    """What is wrong in rows, and what fixes it."""

    column: str
    message: str
    rows: list[int]


class ImportResultOut(Output):
    """What the rows of a kind do."""

    kind: ImportKind
    added: int
    changed: int
    unchanged: int
    left_out: int = Field(description="Rows with faults.")
    missing: int = Field(description="What is in the event and not among the rows. It stays.")
    withdrawn: int
    moved: int = Field(description="Firms that get another booth.")
    meetings: int = Field(description="Published meetings at their old booths.")
    faults: list[ImportFaultOut]
    rows: list[ImportRowOut] = Field(description="The first 500 that do something.")


class ImportOut(Output):
    """What the rows did, or would do."""

    dry_run: bool
    told: int = Field(description="People who get an email about requests, with `notify`.")
    readdressed: int = Field(
        description="People with meetings who get another address; with `notify`, these go there at once."
    )
    address_notices: int = Field(
        description="Emails to the old and the new addresses of people who were notified before, sent also"
        " without `notify`."
    )
    kinds: list[ImportResultOut]


def kinds_of(look: ImportPreview) -> Iterator[dict[str, Any]]:
    """What each kind's rows do, as `ImportResultOut` has it: rows by their place in the list."""
    for part in look.parts:
        if part.kind is None:
            continue
        done = part.done or ImportResult(0)
        whole = [{"column": "", "message": str(fault), "rows": []} for fault in part.faults]
        yield {
            **{name: getattr(done, name) for name in _COUNTS},
            "kind": part.kind,
            "faults": whole
            + [
                {
                    "column": each.column or each.header,
                    "message": each.message,
                    "rows": [api_import.row_position(line) for line in each.lines],
                }
                for each in done.wrong
            ],
            "rows": [
                {**asdict(row), "row": None if row.is_gone else api_import.row_position(row.line)}
                for row in done.rows
            ],
        }
