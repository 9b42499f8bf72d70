"""Parsing of the import form: options, column mapping, and replacements of cells."""

from __future__ import annotations

import re
from typing import Final

from flask import request

from scheduler.plugins import IMPORTERS
from scheduler.plugins.loading import load
from scheduler.services.imports.choices import ImportChoices
from scheduler.services.spreadsheets.columns import ImportKind
from scheduler.services.spreadsheets.file_fixes import CellAddress, Replacement, SubmittedFixes
from scheduler.services.text import clean_line
from scheduler.sheets.tables import MAX_COLUMNS

ENDINGS: Final = (".xlsx", ".xls", ".xlsb", ".ods", ".csv", ".txt", ".tsv")
"""File name endings of spreadsheets."""
MOST_FIXES = 200
"""Maximum number of errors on a page with a field for a replacement."""


EVERY_COLUMN = "every"
"""Value in place of a column's position."""
MOST_LETTERS = 10
"""Maximum digits of a number in a field's name."""
_CELL = re.compile(r"cell-([0-9]{1,7})-([0-9]{1,3})")
_DROP = re.compile(r"drop-([0-9]{1,7})")
_EMPTY = re.compile(r"empty-([0-9]{1,7})-([0-9]{1,3})")
_ALL = re.compile(r"all-([0-9]{1,3})-([0-9]{1,6})")


def accepted_endings() -> list[str]:
    """Return the file name endings that file pickers offer: of spreadsheets, then those of importers."""
    of_plugins = (ending for importer in load(IMPORTERS).values() for ending in importer.endings)
    return list(dict.fromkeys((*ENDINGS, *of_plugins)))


def pressed(sheet: str) -> tuple[SubmittedFixes, list[Replacement]]:
    """Parse the corrections of a sheet, and replacements of all equal cells, which may be remembered.

    Only changed fields count: a hidden field beside each has its original value.
    """
    form = request.form
    cells: dict[CellAddress, str] = {}
    dropped, emptied, replaced = set(), set(), []
    for name, text in form.items():
        if match := _CELL.fullmatch(name):
            if clean_line(text) != clean_line(form.get(f"was-{name}", "")):
                cells[sheet, int(match[1]), int(match[2])] = text
        elif match := _DROP.fullmatch(name):
            dropped.add((sheet, int(match[1])))
        elif match := _EMPTY.fullmatch(name):
            emptied.add((sheet, int(match[1]), int(match[2])))
        elif (match := _ALL.fullmatch(name)) and text.strip():
            of = form.get(f"of-{name}", "")
            replaced.append(Replacement(sheet, int(match[1]), of, text, bool(form.get(f"in-{name}"))))
    column, inside = form.get("find-column", ""), bool(form.get("inside"))
    if form.get("find", "") and column.isascii() and column.isdigit() and len(column) < MOST_LETTERS:
        replaced.append(Replacement(sheet, int(column), form["find"], form.get("replace", ""), inside))
    elif form.get("find", "") and column == EVERY_COLUMN:
        replaced.append(Replacement(sheet, None, form["find"], form.get("replace", ""), inside))
    by_rule = {
        (sheet, line, at)
        for (_, line, at), text in cells.items()
        for rule in replaced
        if rule.is_in(sheet, at) and rule.of(form.get(f"was-cell-{line}-{at}", "")) == text
    }
    given = SubmittedFixes(
        {place: text for place, text in cells.items() if place not in by_rule} | dict.fromkeys(emptied, ""),
        frozenset(dropped),
        replaced,
        columns(),
        frozenset(form.getlist("undo")),
    )
    return given, replaced


def columns() -> dict[str, dict[str, str]]:
    """Return the changed column mapping: our columns by header, for each kind."""
    form = request.form
    found: dict[str, dict[str, str]] = {}
    for kind in ImportKind:
        for at in range(MAX_COLUMNS):
            header = form.get(f"header-{kind.value}-{at}")
            column = form.get(f"column-{kind.value}-{at}")
            if header is None or column is None:
                break
            if column != form.get(f"was-{kind.value}-{at}"):
                found.setdefault(kind.value, {})[header] = column
    return found


def choices() -> ImportChoices:
    """Parse the form: options, changed columns, and replacements of cell values."""
    form = request.form
    return ImportChoices(
        keep_empty=bool(form.get("keep_empty")),
        withdraw=form.getlist("withdraw"),
        columns=columns(),
        values=_values(),
    )


def _values() -> dict[str, dict[str, dict[str, str]]]:
    """Return replacements of cell values by kind and column.

    Entered and selected values count with any button. A suggested value counts only with its own button, or
    the one for all suggestions.
    """
    form = request.form
    pressed = form.get("fix", "")
    values: dict[str, dict[str, dict[str, str]]] = {}
    for at in range(MOST_FIXES):
        kind, column, of, meant = (
            form.get(f"fix{part}-{at}", "") for part in ("-kind", "-column", "-of", "")
        )
        picked = form.get(f"pick-{at}", "")
        if pressed in (str(at), "all") or picked != form.get(f"likely-{at}", ""):
            meant = meant or picked
        if meant:
            values.setdefault(kind, {}).setdefault(column, {})[of] = meant
    kind, column, of = (form.get("forget", "").split(":", 2) + [""] * 3)[:3]
    if kind:
        values.setdefault(kind, {}).setdefault(column, {})[of] = ""
    return values
