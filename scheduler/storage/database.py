"""Sessions: a snapshot to read from, a transaction to write in, and the clock that all machines share."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TypeVar

import structlog
from sqlalchemy import ColumnElement, bindparam, func, quoted_name, select, text, type_coerce
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError, SQLAlchemyError, TimeoutError
from sqlalchemy.orm import Session, sessionmaker

from scheduler.storage.base import UtcDateTime
from scheduler.storage.engines import WORKER, Limits, make_engine

log = structlog.get_logger()

PAUSES = (0.05, 0.25)
"""Seconds, more or less, before a transaction is tried for the second and the third time."""
_CONFLICTS = ("40001", "40P01")  # serialization_failure, deadlock_detected

AWAY = (OperationalError, InterfaceError, TimeoutError)
"""It cannot be reached, it ends a wait that takes too long, or no connection to it gets free."""

T = TypeVar("T")


class Database:
    """One engine. `read()` and `write()` give a session in a transaction of that kind.

    On SQLite a writer takes the lock when it begins (BEGIN IMMEDIATE): a deferred transaction that
    turns into a writer loses updates or fails with "database is locked" without waiting.
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
        self._writers = sessionmaker(writes, expire_on_commit=False)

    def fold_in(self) -> None:
        """Put what the file `-wal` has into a SQLite database's own file, which then is all of it."""
        if self.is_sqlite:
            with self.engine.connect() as connection:
                connection.connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")

    @property
    def is_sqlite(self) -> bool:
        return self.url.get_backend_name() == "sqlite"

    @contextmanager
    def write(self) -> Iterator[Session]:
        """A session that commits at the end, or rolls back on an error."""
        with self._writers() as session:
            session.connection()
            yield session
            session.commit()

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A session that sees the database as it was at its first question, and cannot write.

        What was left to do `afterwards` is done in transactions of its own.
        """
        with self._readers() as session:
            yield session
            end_reading(session)
        self.do_afterwards(session)

    def do_afterwards(self, session: Session) -> None:
        """What a reading session that has ended left to do. Where it fails, the next one leaves it again."""
        for work in session.info.pop(_AFTERWARDS, ()):
            try:
                self.transact(work)
            except SQLAlchemyError:
                log.warning("what was read is not kept", exc_info=True)

    def transact(self, work: Callable[[Session], T]) -> T:
        """Do `work` in a transaction that writes. Returns what it gives.

        Where the database ends the transaction so that another one can go on (a deadlock), it is done again,
        twice at most. So `work` changes nothing but the database.
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
        """The time, aware, in UTC, by the database's clock: one clock, however many machines ask for it.

        A DTSTAMP by the clock of each would make messages look older than those before them.
        """
        if self.is_sqlite:
            return _now_here()
        with self.read() as session:
            return self.now_in(session)

    def now_in(self, session: Session) -> datetime:
        """As `now`, asked over a session that is open."""
        if self.is_sqlite:
            return _now_here()
        return session.execute(_CLOCK).scalar_one()

    def clock(self) -> ColumnElement[datetime]:
        """The time as a column, for a query that asks something else too."""
        return _MOMENT_HERE if self.is_sqlite else _MOMENT

    def machine_is_ahead(self) -> timedelta:
        """The lead of this machine's clock over the database's. It is negative if the clock is behind."""
        before = _now_here()
        there = self.now()
        return before + (_now_here() - before) / 2 - there

    def count_anew(self, tables: Iterable[str]) -> None:
        """Have PostgreSQL look what is in these tables now (ANALYZE), each in a transaction of its own.

        Until it does, it plans as if many new rows were not there. SQLite plans without. What goes wrong is
        only logged: it does the same by itself some minutes later.
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
    """Have something kept for later readers, once a reading session has ended without an error.

    Of a session that writes it is not kept: it holds what nobody else may ever see.
    """
    session.info.setdefault(_AFTERWARDS, []).append(work)


def once_per_session(session: Session, name: str, work: Callable[[], T]) -> T:
    """What `work` gives, asked for once by a reading session, to which nothing changes while it reads."""
    if not session.get_bind().get_execution_options().get("reads"):
        return work()
    known: dict[str, T] = session.info.setdefault(_ONCE, {})
    if name not in known:
        known[name] = work()
    return known[name]


def keep_alive(session: Session, row: T) -> T:
    """The row, kept until the session ends: one that nothing else keeps is forgotten, and asked for again."""
    session.info.setdefault(_HELD, []).append(row)
    return row


def end_reading(session: Session) -> None:
    """End a transaction that has only read, by COMMIT where no error has ended it.

    After a ROLLBACK psycopg deallocates the connection's prepared statements, in case one used a table that
    was dropped. Each query would be planned again, which takes longer than most queries.
    """
    if session.is_active:
        session.commit()


_MOMENT = type_coerce(func.clock_timestamp(), UtcDateTime())
_CLOCK = select(_MOMENT)


def _now_here() -> datetime:
    """SQLite is a file, and its clock this machine's. The only place that asks for that one."""
    return datetime.now(UTC)  # noqa: TID251


_MOMENT_HERE = bindparam("here", type_=UtcDateTime(), callable_=_now_here)
"""As `_MOMENT` one object, so that a query with it is made once. Asked each time that the query is."""
