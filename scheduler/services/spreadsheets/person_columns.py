"""Columns shared by firms, people and interpreters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from scheduler.domain import fields
from scheduler.services.spreadsheets.table import Row


def present_values(row: Row, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values of the columns that the sheet has. Other columns do not change."""
    return {name: value for name, value in values.items() if name in row.values}


def list_active_keys(known: Mapping[str, Any]) -> frozenset[str]:
    """Return keys of the records that are not withdrawn."""
    return frozenset(key for key, row in known.items() if row.withdrawn_at is None)


def rename_keys(values: dict[str, Any], **names: str) -> dict[str, Any]:
    """Return the values with database names for columns that are named differently."""
    return {names.get(name, name): value for name, value in values.items()}


def latin_name(values: Mapping[str, Any], known: Any) -> dict[str, str]:
    """Return the Latin name. If it was never given, it equals the name and changes with it."""
    if "latin_name" in values:
        return {"latin_name": values["latin_name"] or values["name"]}
    follows = known is None or known.latin_name == known.name
    return {"latin_name": values["name"]} if follows else {}


def person_values(row: Row) -> dict[str, Any]:
    return {
        "key": row.key(),
        "name": row.text("name", fields.PersonName),
        "latin_name": row.text("latin_name", fields.PersonName),
        "email": row.email(),
        "languages": row.languages(),
    }
