"""Every foreign key has an index; otherwise each deleted row scans a table."""

from __future__ import annotations

from sqlalchemy import Table, UniqueConstraint

from scheduler.storage.base import Base


def indexed(table: Table) -> set[str]:
    """Return the columns with an index: the first of each full index and unique key."""
    whole = [
        index
        for index in table.indexes
        if all(index.dialect_options[name].get("where") is None for name in ("sqlite", "postgresql"))
    ]
    unique = [each for each in table.constraints if isinstance(each, UniqueConstraint)]
    return {
        next(iter(each.columns)).name for each in (*whole, *unique, table.primary_key) if len(each.columns)
    }


def test_every_foreign_key_has_an_index() -> None:
    tables = Base.metadata.sorted_tables
    keys = [(table, key.parent.name) for table in tables for key in table.foreign_keys]
    assert len(keys) > 100
    assert [f"{table.name}.{column}" for table, column in keys if column not in indexed(table)] == []
