"""What a file would do, as JSON that is kept with the file until somebody reads it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from scheduler.domain.errors import Fault
from scheduler.services.imports.first_file import ComingEvent, NewEventLook
from scheduler.services.imports.taking import ImportLook, ImportPart
from scheduler.services.spreadsheets.changes import CellChange, Imported, RowChange, WrongCells
from scheduler.services.spreadsheets.columns import ImportKind
from scheduler.services.spreadsheets.options import ReadAs
from scheduler.services.spreadsheets.proposals import NONE, Proposals


def document_of(look: ImportLook) -> dict[str, Any]:
    """As JSON has it."""
    return asdict(look)


def look_of(document: dict[str, Any]) -> ImportLook:
    """The look that `document_of` was given."""
    return ImportLook(
        tuple(map(_part, document["parts"])),
        document["digest"],
        document.get("told", 0),
        document.get("readdressed", 0),
        document.get("address_notices", 0),
    )


def of_new_event(look: NewEventLook) -> dict[str, Any]:
    """What would come of a workbook, as JSON has it."""
    return asdict(look)


def new_event_of(document: Mapping[str, Any]) -> NewEventLook:
    """The look that `of_new_event` was given."""
    return NewEventLook(
        document["typed"],
        look_of(document["look"]),
        ComingEvent(**document["event"]) if document["event"] else None,
        tuple(Fault(**fault) for fault in document["faults"]),
    )


def _part(part: dict[str, Any]) -> ImportPart:
    return ImportPart(
        part["sheet"],
        ImportKind(part["kind"]) if part["kind"] else None,
        tuple(Fault(**fault) for fault in part["faults"]),
        _imported(part["done"]) if part["done"] else None,
        _pairs(part["headers"]),
    )


def _imported(done: dict[str, Any]) -> Imported:
    return Imported(
        **done
        | {
            "not_taken": tuple(done["not_taken"]),
            "headers": _pairs(done["headers"]),
            "wrong": tuple(map(_wrong, done["wrong"])),
            "read_as": tuple(ReadAs(**each) for each in done.get("read_as", ())),
            "rows": tuple(
                RowChange(**row | {"cells": tuple(CellChange(**cell) for cell in row["cells"])})
                for row in done["rows"]
            ),
            "missing_keys": tuple(done["missing_keys"]),
        }
    )


def _wrong(cells: dict[str, Any]) -> WrongCells:
    given = cells.get("proposals")  # a look that was kept before an update has none
    proposals = Proposals(**given | {"choices": _pairs(given["choices"])}) if given else NONE
    waits = ImportKind(cells["waits_for"]) if cells.get("waits_for") else None
    places = tuple((line, at) for line, at in cells.get("places", ()))
    read = {"lines": tuple(cells["lines"]), "proposals": proposals, "waits_for": waits, "places": places}
    return WrongCells(**cells | read)


def _pairs(pairs: list[list[str]]) -> tuple[tuple[str, str], ...]:
    return tuple((first, second) for first, second in pairs)
