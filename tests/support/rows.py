"""All rows of a database, whatever its schema, and the difference between two snapshots."""

from __future__ import annotations

from typing import Any

from sqlalchemy import MetaData, select

from scheduler.storage.database import Database

Rows = dict[str, list[dict[str, Any]]]


def rows_of(database: Database) -> Rows:
    """Return every row of every table."""
    with database.engine.connect() as connection:
        known = MetaData()
        known.reflect(connection)
        return {
            name: [dict(row) for row in connection.execute(select(table)).mappings()]
            for name, table in known.tables.items()
            if name != "alembic_version"
        }


def lost_or_changed(before: Rows, after: Rows) -> dict[str, set[str]]:
    """Return by table the columns, of those in both snapshots, that changed, or "row" if a row is missing."""
    found: dict[str, set[str]] = {}
    for name, rows in before.items():
        known = rows[0].keys() if rows else ()
        now = {
            key_of({column: row[column] for column in row if column in known}): row
            for row in after.get(name, ())
        }
        for row in rows:
            kept = now.get(key_of(row))
            if kept is None:
                found.setdefault(name, set()).add("row")
                continue
            changed = {column for column in row.keys() & kept.keys() if row[column] != kept[column]}
            if changed:
                found.setdefault(name, set()).update(changed)
    return found


def key_of(row: dict[str, Any]) -> object:
    return row["id"] if "id" in row else tuple(sorted((name, str(value)) for name, value in row.items()))
