"""What the form of a file says: how it is taken, and what its headers and cells mean."""

from __future__ import annotations

from flask import request

from scheduler.services.cells.columns import ImportKind
from scheduler.services.imports.choices import ImportChoices
from scheduler.sheets.tables import MAX_COLUMNS

MOST_MENDS = 200
"""Faults of a page that have a field for what to read instead."""


def choices() -> ImportChoices:
    """What the form says: options, columns that were changed, and what is read instead of cells."""
    form = request.form
    columns: dict[str, dict[str, str]] = {}
    for kind in ImportKind:
        for at in range(MAX_COLUMNS):
            header = form.get(f"header-{kind.value}-{at}")
            column = form.get(f"column-{kind.value}-{at}")
            if header is None or column is None:
                break
            if column != form.get(f"was-{kind.value}-{at}"):
                columns.setdefault(kind.value, {})[header] = column
    return ImportChoices(
        keep_empty=bool(form.get("keep_empty")),
        withdraw=form.getlist("withdraw"),
        columns=columns,
        values=_values(),
    )


def _values() -> dict[str, dict[str, dict[str, str]]]:
    """What to read instead of cells, by kind and column: what was typed, and what was chosen and pressed.

    A value that is only proposed counts when its button is pressed, or the one for all of them.
    """
    form = request.form
    pressed = form.get("mend", "")
    values: dict[str, dict[str, dict[str, str]]] = {}
    for at in range(MOST_MENDS):
        kind, column, of, meant = (
            form.get(f"mend{part}-{at}", "") for part in ("-kind", "-column", "-of", "")
        )
        if pressed in (str(at), "all"):
            meant = meant or form.get(f"pick-{at}", "")
        if meant:
            values.setdefault(kind, {}).setdefault(column, {})[of] = meant
    kind, column, of = (form.get("forget", "").split(":", 2) + [""] * 3)[:3]
    if kind:
        values.setdefault(kind, {}).setdefault(column, {})[of] = ""
    return values
