"""Conditions on a JSON list of strings that mean the same on SQLite and on PostgreSQL."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, SQLColumnExpression, String, TableValuedAlias, column, func, select
from sqlalchemy.orm import Session


def json_items(session: Session, listed: SQLColumnExpression[Any]) -> TableValuedAlias:
    """The items of a JSON list as a table with the column `value`, to join: one row an item.

    Both databases have such a function, by another name. Its argument may be a column of a table that
    stands before it in FROM (lateral).
    """
    expand = func.json_each if session.get_bind().dialect.name == "sqlite" else func.json_array_elements_text
    return expand(listed).table_valued(column("value", String()))


def json_contains(session: Session, listed: SQLColumnExpression[Any], item: str) -> ColumnElement[bool]:
    """Rows whose JSON list has this very item."""
    table = json_items(session, listed)
    return select(table.c.value).where(table.c.value == item).exists()
