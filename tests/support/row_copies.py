"""Copies of the rows of a prepared database, which take less time than preparing it again."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Hashable
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from scheduler.storage.database import Database
from tests.support import databases

_SEQUENCES = """
SELECT string_agg(format('setval(%L, %s)', quote_ident(sequencename), last_value), ', ') FROM pg_sequences
WHERE schemaname = 'public' AND last_value IS NOT NULL
"""


_made: dict[tuple[Hashable, bool], tuple[type[Any], bytes, Callable[[Database], None]]] = {}
"""By key and engine: a class, pickled attributes, and a function that puts the rows into a database."""

T = TypeVar("T")


def made_once(key: Hashable, database: Database, make: Callable[[], T]) -> T:
    """Return `make()`, or a copy of what it returned before, with its rows put into this empty database.

    It is an object with the attribute `database`.
    """
    place = key, database.is_sqlite
    if place not in _made:
        made = make()
        attributes = {name: value for name, value in vars(made).items() if name != "database"}
        _made[place] = type(made), pickle.dumps(attributes), copy_rows(database)
        return made
    kind, pickled, put = _made[place]
    put(database)
    again: T = object.__new__(kind)
    vars(again).update(pickle.loads(pickled), database=database)
    return again


def copy_rows(database: Database) -> Callable[[Database], None]:
    """Return a function that puts the present rows into an empty database of the same engine.

    On PostgreSQL both must be databases of the fixture.
    """
    if database.is_sqlite:
        database.fold_in()
        return partial(_put_file, _path(database).read_bytes())
    own, tables = databases.superuser(database), {}
    for (table,) in own.execute(databases.TABLES).fetchall():
        with own.cursor().copy(f"COPY {table} TO STDOUT") as copied:
            if rows := b"".join(map(bytes, copied)):
                tables[table] = rows
    (sequences,) = own.execute(_SEQUENCES).fetchone() or ("",)
    return partial(_put_tables, tables, f"SELECT {sequences}")


def _put_file(octets: bytes, database: Database) -> None:
    database.dispose()
    path = _path(database)
    for ending in ("-wal", "-shm"):
        path.with_name(path.name + ending).unlink(missing_ok=True)
    path.write_bytes(octets)


def _put_tables(tables: dict[str, bytes], sequences: str, database: Database) -> None:
    own = databases.superuser(database)
    with own.transaction():
        own.execute("SET LOCAL session_replication_role = replica")
        for table, rows in tables.items():
            with own.cursor().copy(f"COPY {table} FROM STDIN") as copied:
                copied.write(rows)
        own.execute(sequences)


def _path(database: Database) -> Path:
    assert database.url.database is not None
    return Path(database.url.database)
