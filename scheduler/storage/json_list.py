"""Conditions on a JSON list of strings, equivalent on SQLite and PostgreSQL."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, SQLColumnExpression, String, TableValuedAlias, column, func, select
from sqlalchemy.orm import Session


def json_items(session: Session, listed: SQLColumnExpression[Any]) -> TableValuedAlias:
    """Return the items of a JSON list as a joinable table with the column `value`, one row per item.

    Each database has its own function for it. The argument may be a column of a preceding table in FROM
    (lateral).
    """
    expand = func.json_each if session.get_bind().dialect.name == "sqlite" else func.json_array_elements_text
    return expand(listed).table_valued(column("value", String()))


def json_contains(session: Session, listed: SQLColumnExpression[Any], item: str) -> ColumnElement[bool]:
    """Return a condition that the JSON list contains exactly this item."""
    table = json_items(session, listed)
    return select(table.c.value).where(table.c.value == item).exists()
