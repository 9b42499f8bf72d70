"""Grid of rows with errors, for imports into an event and for new events."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from flask import request

from api.pages.imports import import_form
from scheduler.services.imports import error_grid, row_effects
from scheduler.services.imports.choices import ImportChoices
from scheduler.services.imports.error_grid import Parts
from scheduler.services.imports.row_effects import RecordNames, RowFilter
from scheduler.services.imports.sheet_import import ImportPreview
from scheduler.services.spreadsheets.columns import COLUMNS, COMPOSED, ImportKind
from scheduler.services.spreadsheets.file_fixes import Replacement, SubmittedFixes
from scheduler.services.spreadsheets.options import ImportOptions
from scheduler.sheets.tables import MAX_ROWS

CHANGED = "changed"
"""Value of `sheet` for all corrections."""
ERRORS = "errors"
"""Value of `rows` for the rows with errors."""


def values(
    parts: Parts, look: ImportPreview, options: ImportOptions, record_names: RecordNames
) -> dict[str, Any]:
    """Return the template values of the tab, sheet, error and rows in the query string."""
    tabs = error_grid.list_error_tabs(look)
    changes = error_grid.list_file_changes(parts, options)
    at = request.args.get("sheet", tabs[0][0] if tabs else -1, type=int)
    if at not in [tab for tab, _, _ in tabs]:
        at = tabs[0][0] if tabs else -1
    asked = request.args.get("rows", "")
    rows = RowFilter(asked) if asked in {*RowFilter} else None
    is_changed = rows is None and (
        request.args.get("sheet") == CHANGED or (not tabs and bool(changes) and asked != ERRORS)
    )
    start = min(max(request.args.get("from", 0, type=int), 0), MAX_ROWS)
    shown, effects = None, None
    sheet = request.args.get("sheet", None, type=int)
    if rows is not None:
        effects = row_effects.list_row_effects(
            parts, look, options, rows, sheet=sheet, start=start, record_names=record_names
        )
    elif not is_changed and at >= 0:
        cause = request.args.get("fault", None, type=int)
        shown = error_grid.error_page(parts, look, options, at, cause=cause, start=start)
    start = min(start, max(len(changes) - 1, 0)) // error_grid.PAGE_SIZE * error_grid.PAGE_SIZE
    return {
        "counts": row_effects.count_rows(look),
        "rows": rows,
        "sheet": sheet,
        "effects": effects,
        "tabs": tabs,
        "at": at,
        "part": look.parts[at] if at >= 0 and not is_changed and rows is None else None,
        "grid": shown,
        "fault": request.args.get("fault", None, type=int),
        "is_changed": is_changed,
        "all_changes": changes,
        "changes": changes[start : start + error_grid.PAGE_SIZE],
        "start": start,
        "most": error_grid.PAGE_SIZE,
        "columns": {kind: COLUMNS[kind] + COMPOSED[kind] for kind in ImportKind},
        "look": look,
    }


def pressed() -> tuple[SubmittedFixes, ImportChoices | None]:
    """Parse the submitted corrections, and the replacements to remember for later files."""
    given, replaced = import_form.pressed(request.form.get("sheet-name", ""))
    if not request.form.get("remember"):
        return given, None
    return given, ImportChoices(values=_words(replaced))


def back(path: str) -> str:
    """Return the URL of the grid with the same sheet and error."""
    kept = {name: request.form[name] for name in ("sheet", "fault") if request.form.get(name, "").isalnum()}
    return f"{path}?{urlencode(kept)}" if kept else path


def _words(replaced: list[Replacement]) -> dict[str, dict[str, dict[str, str]]]:
    """Return replacements for all cells of an error, as values of our column."""
    kind = request.form.get("kind", "")
    found: dict[str, dict[str, dict[str, str]]] = {}
    for each in replaced:
        column = request.form.get(f"column-of-{each.position}", "")
        if (
            each.position is not None
            and kind in [*ImportKind]
            and column in COLUMNS[ImportKind(kind)]
            and not each.inside
        ):
            found.setdefault(kind, {}).setdefault(column, {})[each.text] = each.value
    return found
