"""Sessions: snapshot reads, write transactions, and the shared database clock."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import TypeVar

import structlog
from sqlalchemy import ColumnElement, Connection, bindparam, func, quoted_name, select, text, type_coerce
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError, SQLAlchemyError, TimeoutError
from sqlalchemy.orm import Session, sessionmaker

from scheduler.storage.base import UtcDateTime, machine_time
from scheduler.storage.engines import WORKER, Limits, make_engine

log = structlog.get_logger()

PAUSES = (0.05, 0.25)
"""Seconds, with jitter, before the second and third attempt of a transaction."""
_CONFLICTS = ("40001", "40P01")  # serialization_failure, deadlock_detected

AWAY = (OperationalError, InterfaceError, TimeoutError)
"""The database is unreachable, ended a wait on timeout, or has no free connection."""

T = TypeVar("T")


class Database:
    """One engine. `read()` and `write()` open a session in a transaction of that kind.

    On SQLite a writer takes the lock at the start (BEGIN IMMEDIATE). A deferred transaction that is upgraded
    to a write would lose updates, or fail with "database is locked" without waiting.
    """

    def __init__(self, url: str, *, limits: Limits = WORKER, echo: bool = False) -> None:
        self.url = make_url(url)
        self.engine = make_engine(self.url, limits, echo=echo)
        snapshot = (
            {} if self.is_sqlite else {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
        )
        reads, writes = (
            self.engine.execution_options(reads=True, **snapshot),
            self.engine.execution_options(writes=True),
        )
        self._readers = sessionmaker(reads, autoflush=False, expire_on_commit=False)
        single = {} if self.is_sqlite else {"isolation_level": "AUTOCOMMIT"}
        self._single = self.engine.execution_options(reads=True, **single)
        self._writers = sessionmaker(writes, expire_on_commit=False)

    def fold_in(self) -> None:
        """Checkpoint a SQLite WAL, so that the database file is complete."""
        if self.is_sqlite:
            with self.engine.connect() as connection:
                connection.connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")

    @property
    def is_sqlite(self) -> bool:
        return self.url.get_backend_name() == "sqlite"

    @contextmanager
    def write(self) -> Iterator[Session]:
        """Open a session that commits at the end, or rolls back on an error."""
        with self._writers() as session:
            session.connection()
            yield session
            session.commit()

    @contextmanager
    def read(self) -> Iterator[Session]:
        """Open a read-only session with a snapshot as of its first query.

        Work registered with `after_session` runs afterwards, in transactions of its own.
        """
        with self._readers() as session:
            yield session
            end_reading(session)
        self.do_afterwards(session)

    @contextmanager
    def autocommit(self) -> Iterator[Connection]:
        """Open a connection that only reads, each query in a transaction of its own.

        For an address that is polled all the time: there is no unit of work, and PostgreSQL gets no BEGIN and
        COMMIT around one query.
        """
        with self._single.connect() as connection:
            yield connection

    def do_afterwards(self, session: Session) -> None:
        """Run the deferred work of an ended reading session. Failures are logged and left to the next one."""
        for work in session.info.pop(_AFTERWARDS, ()):
            try:
                self.transact(work)
            except SQLAlchemyError:
                log.warning("what was read is not kept", exc_info=True)

    def transact(self, work: Callable[[Session], T]) -> T:
        """Run `work` in a write transaction and return its result.

        On a deadlock or serialisation failure the transaction is retried, at most twice. `work` must
        therefore have no side effects outside the database.
        """
        for pause in PAUSES:
            try:
                with self.write() as session:
                    return work(session)
            except DBAPIError as error:
                if getattr(error.orig, "sqlstate", None) not in _CONFLICTS:
                    raise
                log.info("transaction is tried again", reason=str(error.orig).partition("\n")[0])
            time.sleep(random.uniform(0.5, 1.5) * pause)  # noqa: S311 -- it only keeps two from meeting again
        with self.write() as session:
            return work(session)

    def now(self) -> datetime:
        """Return the current time, aware, in UTC, from the database clock, which all machines share.

        With local clocks, a DTSTAMP could be earlier than those of previous messages.
        """
        if self.is_sqlite:
            return machine_time()
        with self.read() as session:
            return self.now_in(session)

    def now_in(self, session: Session) -> datetime:
        """Like `now`, over an open session."""
        if self.is_sqlite:
            return machine_time()
        return session.execute(_CLOCK).scalar_one()

    def clock(self) -> ColumnElement[datetime]:
        """Return the current time as a column, for use in other queries."""
        return _MOMENT_HERE if self.is_sqlite else _MOMENT

    def machine_is_ahead(self) -> timedelta:
        """Return how far this machine's clock is ahead of the database's. Negative if it is behind."""
        before = machine_time()
        there = self.now()
        return before + (machine_time() - before) / 2 - there

    def count_anew(self, tables: Iterable[str]) -> None:
        """Update PostgreSQL's planner statistics of these tables (ANALYZE), each in its own transaction.

        Until then, plans do not account for many new rows. SQLite does not need it. Errors are only logged,
        since autovacuum does the same some minutes later.
        """
        names = [quoted_name(name, quote=True) for name in sorted(tables)]
        if self.is_sqlite or not names:
            return
        quote = self.engine.dialect.identifier_preparer.quote
        try:
            with self.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                connection.execute(text(f"ANALYZE {', '.join(map(quote, names))}"))
        except SQLAlchemyError:
            log.warning("tables are not counted anew", tables=names, exc_info=True)

    def dispose(self) -> None:
        self.engine.dispose()


_AFTERWARDS, _ONCE, _HELD = "afterwards", "once", "held"


def after_session(session: Session, work: Callable[[Session], None]) -> None:
    """Register work to run after a reading session that ends without an error.

    A writing session never runs it, since it sees uncommitted data.
    """
    session.info.setdefault(_AFTERWARDS, []).append(work)


def once_per_session(session: Session, name: str, work: Callable[[], T]) -> T:
    """Return `work()`, cached for the rest of a reading session, whose snapshot is constant."""
    if not session.get_bind().get_execution_options().get("reads"):
        return work()
    known: dict[str, T] = session.info.setdefault(_ONCE, {})
    if name not in known:
        known[name] = work()
    return known[name]


def keep_alive(session: Session, row: T) -> T:
    """Return the row, referenced until the session ends. Otherwise it may be collected and queried again."""
    session.info.setdefault(_HELD, []).append(row)
    return row


def end_reading(session: Session) -> None:
    """End a read-only transaction, by COMMIT unless an error or a lost connection has ended it.

    After a ROLLBACK, psycopg deallocates the connection's prepared statements, in case one used a dropped
    table. Every query would then be planned again, which takes longer than most queries.

    A connection that is lost at the end is no error: what was read is complete.
    """
    if not session.is_active or not session.in_transaction():
        return
    if session.connection().invalidated:
        session.rollback()
        return
    try:
        session.commit()
    except (OperationalError, InterfaceError) as error:
        log.info("connection lost after reading", reason=str(error.orig).partition("\n")[0])


_MOMENT = type_coerce(func.clock_timestamp(), UtcDateTime())
_CLOCK = select(_MOMENT)


_MOMENT_HERE = bindparam("here", type_=UtcDateTime(), callable_=machine_time)
"""A single object like `_MOMENT`, so that a query with it is compiled once. Evaluated at each execution."""
