"""Serialisation of import previews to JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from scheduler.domain.errors import Fault
from scheduler.services.imports.create_from_workbook import NewEventPreview, NewEventRef
from scheduler.services.imports.sheet_import import ImportPart, ImportPreview
from scheduler.services.spreadsheets.changes import CellChange, FaultGroup, ImportResult, RowChange
from scheduler.services.spreadsheets.columns import ImportKind
from scheduler.services.spreadsheets.options import Substitution
from scheduler.services.spreadsheets.proposals import NO_PROPOSALS, Proposals


def serialize_preview(look: ImportPreview) -> dict[str, Any]:
    """Return the preview as JSON."""
    return asdict(look)


def parse_preview(document: dict[str, Any]) -> ImportPreview:
    """Parse a preview from the JSON of `serialize_preview`."""
    return ImportPreview(
        tuple(map(_parse_part, document["parts"])),
        document["digest"],
        document.get("notified", 0),
        document.get("readdressed", 0),
        document.get("address_notices", 0),
    )


def serialize_new_event_preview(look: NewEventPreview) -> dict[str, Any]:
    """Return the preview of a new event as JSON."""
    return asdict(look)


def parse_new_event_preview(document: Mapping[str, Any]) -> NewEventPreview:
    """Parse a preview from the JSON of `serialize_new_event_preview`."""
    return NewEventPreview(
        document["typed"],
        parse_preview(document["look"]),
        NewEventRef(**document["event"]) if document["event"] else None,
        tuple(Fault(**fault) for fault in document["faults"]),
    )


def _parse_part(part: dict[str, Any]) -> ImportPart:
    return ImportPart(
        part["sheet"],
        ImportKind(part["kind"]) if part["kind"] else None,
        tuple(Fault(**fault) for fault in part["faults"]),
        _parse_result(part["done"]) if part["done"] else None,
        _parse_pairs(part["headers"]),
    )


def _parse_result(done: dict[str, Any]) -> ImportResult:
    return ImportResult(
        **done
        | {
            "not_taken": tuple(done["not_taken"]),
            "headers": _parse_pairs(done["headers"]),
            "wrong": tuple(map(_parse_faults, done["wrong"])),
            "read_as": tuple(Substitution(**each) for each in done.get("read_as", ())),
            "rows": tuple(
                RowChange(**row | {"cells": tuple(CellChange(**cell) for cell in row["cells"])})
                for row in done["rows"]
            ),
            "unchanged_lines": tuple(done.get("unchanged_lines", ())),
            "missing_keys": tuple(done["missing_keys"]),
        }
    )


def _parse_faults(cells: dict[str, Any]) -> FaultGroup:
    given = cells.get("proposals")  # previews stored before an upgrade lack it
    proposals = Proposals(**given | {"choices": _parse_pairs(given["choices"])}) if given else NO_PROPOSALS
    waits = ImportKind(cells["waits_for"]) if cells.get("waits_for") else None
    places = tuple((line, at) for line, at in cells.get("places", ()))
    read = {"lines": tuple(cells["lines"]), "proposals": proposals, "waits_for": waits, "places": places}
    return FaultGroup(**cells | read)


def _parse_pairs(pairs: list[list[str]]) -> tuple[tuple[str, str], ...]:
    return tuple((first, second) for first, second in pairs)
