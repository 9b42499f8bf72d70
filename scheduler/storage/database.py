"""Engines and sessions: SQLite in WAL with honest locking, or PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Engine, create_engine, event, func, select
from sqlalchemy.engine import make_url
from sqlalchemy.orm import Session, sessionmaker


class Database:
    """One engine. `read()` and `write()` give a session in a transaction of that kind.

    On SQLite a writer takes the lock when it begins (BEGIN IMMEDIATE): a deferred transaction that
    turns into a writer loses updates or fails with "database is locked" without waiting.
    """

    def __init__(self, url: str, *, echo: bool = False) -> None:
        self.url = make_url(url)
        self.engine = _sqlite(url, echo) if self.is_sqlite else _postgresql(url, echo)
        self._sessions = sessionmaker(self.engine, expire_on_commit=False)

    @property
    def is_sqlite(self) -> bool:
        return self.url.get_backend_name() == "sqlite"

    @contextmanager
    def write(self) -> Iterator[Session]:
        """A session that commits at the end, or rolls back on an error."""
        with self._sessions() as session:
            session.connection(execution_options={"writes": True})
            yield session
            session.commit()

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A session that is rolled back at the end."""
        with self._sessions() as session:
            yield session

    def now(self) -> datetime:
        """The time, aware, in UTC, by the database's clock: one clock, however many machines ask for it.

        A DTSTAMP by the clock of each would make messages look older than those before them.
        """
        if self.is_sqlite:  # a file: its clock is this machine's
            return datetime.now(UTC)
        with self.engine.connect() as connection:
            moment: datetime = connection.execute(select(func.clock_timestamp())).scalar_one()
        return moment.astimezone(UTC)

    def dispose(self) -> None:
        self.engine.dispose()


def _postgresql(url: str, echo: bool) -> Engine:
    return create_engine(url, echo=echo, pool_pre_ping=True, pool_size=5, max_overflow=10)


def _sqlite(url: str, echo: bool) -> Engine:
    engine = create_engine(url, echo=echo, connect_args={"timeout": 30, "check_same_thread": False})

    @event.listens_for(engine, "connect")
    def set_pragmas(connection: Any, _record: object) -> None:
        connection.isolation_level = None  # the driver must not begin transactions by itself
        for pragma in ("journal_mode=WAL", "busy_timeout=30000", "foreign_keys=ON", "synchronous=NORMAL"):
            connection.execute(f"PRAGMA {pragma}")
        # SQLite's own lower() knows ASCII only; searching needs every script
        connection.create_function("lower", 1, _lower, deterministic=True)

    @event.listens_for(engine, "begin")
    def begin(connection: Any) -> None:
        writes = connection.get_execution_options().get("writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _lower(value: str | None) -> str | None:
    return None if value is None else str(value).lower()
