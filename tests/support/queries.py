"""Query counts of a step, to detect N+1 queries."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from sqlalchemy import Connection, Engine, event
from sqlalchemy.orm import Session

from scheduler.storage.database import Database


@contextmanager
def statements(engine: Engine | Connection) -> Iterator[list[str]]:
    """Yield the list of statements sent during the block.

    The listener is removed, because engines outlive tests.
    """
    seen: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        seen.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(engine, "before_cursor_execute", note)


def count_selects(database: Database, step: Callable[[Session], object], *, beginning: str = "SELECT") -> int:
    """Return the number of SELECTs, or other statements by prefix, that a step sends in a read session."""
    return _count(database, step, beginning, database.read())


def count_of_look(database: Database, step: Callable[[Session], object]) -> int:
    """Return the number of SELECTs of a step that writes and is rolled back."""

    def looked(session: Session) -> None:
        step(session)
        session.rollback()

    return _count(database, looked, "SELECT", database.write())


def _count(
    database: Database,
    step: Callable[[Session], object],
    beginning: str,
    transaction: AbstractContextManager[Session],
) -> int:
    with statements(database.engine) as seen, transaction as session:
        step(session)
    return len([statement for statement in seen if statement.startswith(beginning)])


def count_rows(database: Database, step: Callable[[Session], object]) -> int:
    """Return the number of rows that a step's SELECTs return. PostgreSQL only."""
    seen: list[int] = []

    def note(_connection: object, cursor: Any, *_: object) -> None:
        seen.append(cursor.rowcount)

    event.listen(database.engine, "after_cursor_execute", note)
    try:
        with database.read() as session:
            step(session)
    finally:
        event.remove(database.engine, "after_cursor_execute", note)
    return sum(seen)


@contextmanager
def rows_written(database: Database) -> Iterator[list[int]]:
    """Yield the list of rows changed by each committed transaction."""
    counts: list[int] = []

    def begin(connection: Connection) -> None:
        connection.info["rows"] = -_changes(connection)

    def count(connection: Connection, cursor: Any, statement: str, *_: object) -> None:
        if not database.is_sqlite and statement.startswith(("DELETE", "UPDATE", "INSERT")):
            connection.info["rows"] += cursor.rowcount

    def commit(connection: Connection) -> None:
        counts.append(connection.info["rows"] + _changes(connection))

    listeners = (("begin", begin), ("after_cursor_execute", count), ("commit", commit))
    for name, listener in listeners:
        event.listen(database.engine, name, listener)
    try:
        yield counts
    finally:
        for name, listener in listeners:
            event.remove(database.engine, name, listener)


def _changes(connection: Connection) -> int:
    """Return all rows that a SQLite connection has changed, or 0 for other databases."""
    return int(getattr(connection.connection.dbapi_connection, "total_changes", 0))
