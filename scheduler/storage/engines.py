"""Engines: SQLite in WAL mode with explicit locking, or PostgreSQL with a timeout on every wait."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import URL, ExceptionContext
from sqlalchemy.exc import InvalidatePoolError

from scheduler.domain.errors import Fault, InvalidInput
from scheduler.i18n import gettext_lazy
from scheduler.storage import statement_counts
from scheduler.storage.base import machine_time

POOL_SIZE, POOL_OVERFLOW = 8, 0
"""Connections per process, one for each of eight threads. No overflow: such a connection would be closed
after use, and lose its prepared statements.
"""
PING_AFTER = 1.0
"""Idle seconds after which a connection is pinged before use."""
CONNECT_SECONDS = 5
SYNCHRONOUS = "synchronous"
"""Name of the option in the URL of an SQLite file."""
UNSTORABLE = gettext_lazy("A text has a character that can't be saved. If you copied it, type it instead.")
_DISK_FULL = ("53100", "SQLITE_FULL")
"""SQLSTATE disk_full, and SQLite's equivalent."""
_OF_DATA = ("22", "23")
"""SQLSTATE classes data_exception and integrity_constraint_violation."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Timeouts in seconds.

    The PostgreSQL ones are for a statement, a lock and an idle transaction. `pool` is for a thread that waits
    for a free connection.
    """

    statement: float
    lock: float
    idle: float
    pool: float


WEB = Limits(statement=30, lock=5, idle=60, pool=5)
"""A person and a thread are waiting."""
WORKER = Limits(statement=600, lock=60, idle=300, pool=30)


def make_engine(url: URL, limits: Limits, *, echo: bool = False) -> Engine:
    """Return an engine that never logs parameter values, which may be personal or secret."""
    is_sqlite = url.get_backend_name() == "sqlite"
    engine = _sqlite(url, echo) if is_sqlite else _postgresql(url, limits, echo)
    statement_counts.count_statements(engine)
    return engine


def _postgresql(url: URL, limits: Limits, echo: bool) -> Engine:
    engine = create_engine(
        url,
        echo=echo,
        hide_parameters=True,
        pool_size=POOL_SIZE,
        max_overflow=POOL_OVERFLOW,
        pool_timeout=limits.pool,
        pool_use_lifo=True,  # the most recently used one has its statements prepared
        connect_args={
            "connect_timeout": CONNECT_SECONDS,
            "prepare_threshold": 2,  # a statement is prepared on its second execution
            "options": _options(url, limits),
            # detects a silently lost server after a minute
            "keepalives_idle": 30,
            "keepalives_interval": 10,
            "keepalives_count": 3,
            "tcp_user_timeout": 30_000,
        },
    )
    _ping_after_idleness(engine)
    _leave_values_out(engine)
    _refuse_unstorable(engine)
    _note_full_disk(engine)
    return engine


def _options(url: URL, limits: Limits) -> str:
    """Return the server settings of a connection. Those in the URL take precedence."""
    own = {
        "statement_timeout": limits.statement,
        "lock_timeout": limits.lock,
        "idle_in_transaction_session_timeout": limits.idle,
    }
    given = url.query.get("options", "")
    texts = [f"-c {name}={round(seconds * 1000)}" for name, seconds in own.items()]
    return " ".join([*texts, given if isinstance(given, str) else " ".join(given)]).strip()


def _leave_values_out(engine: Engine) -> None:
    """Strip the rejected row that PostgreSQL appends to errors about data."""

    @event.listens_for(engine, "handle_error")
    def cut(context: ExceptionContext) -> None:
        error = context.original_exception
        if (getattr(error, "sqlstate", None) or "")[:2] not in _OF_DATA or not error.args:
            return
        whole = str(error.args[0])
        error.args = (whole.partition("\n")[0],)
        if context.sqlalchemy_exception is not None:
            text = str(context.sqlalchemy_exception.args[0])
            context.sqlalchemy_exception.args = (text.replace(whole, error.args[0]),)


def _refuse_unstorable(engine: Engine) -> None:
    """Raise InvalidInput for text that the driver cannot encode: NUL for PostgreSQL, lone surrogates.

    The last line of defence for any user text that is stored or compared.
    """

    @event.listens_for(engine, "handle_error")
    def refuse(context: ExceptionContext) -> None:
        error = context.original_exception
        is_nul = isinstance(error, engine.dialect.loaded_dbapi.DataError) and "NUL (0x00)" in str(error)
        if is_nul or isinstance(error, UnicodeEncodeError):
            raise InvalidInput([Fault("", UNSTORABLE)])


def _note_full_disk(engine: Engine) -> None:
    """Record when a database's disk was full, for health checks."""

    @event.listens_for(engine, "handle_error")
    def note(context: ExceptionContext) -> None:
        error = context.original_exception
        names = getattr(error, "sqlstate", None), getattr(error, "sqlite_errorname", None)
        if any(name in _DISK_FULL for name in names):
            _full_at[engine] = time.monotonic()
            _tell_full.get(engine, _tell_nobody)()


def on_disk_full(engine: Engine, tell: Callable[[], None]) -> None:
    """Register a callback for disk-full errors. `tell` must be fast and must not raise."""
    _tell_full[engine] = tell


def was_disk_full(engine: Engine, *, within: float) -> bool:
    """Return True if this process saw a disk-full error within these seconds."""
    at = _full_at.get(engine)
    return at is not None and time.monotonic() - at <= within


def _tell_nobody() -> None:
    pass


_full_at: WeakKeyDictionary[Engine, float] = WeakKeyDictionary()
_tell_full: WeakKeyDictionary[Engine, Callable[[], None]] = WeakKeyDictionary()


def _ping_after_idleness(engine: Engine) -> None:
    """Detect connections dropped by a server restart, without pinging on every checkout.

    A recently used connection is not pinged. If it was dropped, its user gets an error, and the pool discards
    its connections.
    """

    @event.listens_for(engine, "checkin")
    def note(_connection: Any, record: Any) -> None:
        record.info["used_at"] = time.monotonic()

    @event.listens_for(engine, "checkout")
    def ping(connection: Any, record: Any, _proxy: Any) -> None:
        used_at = record.info.get("used_at")
        if used_at is None or time.monotonic() < used_at + PING_AFTER:
            return
        try:
            engine.dialect.do_ping(connection)
        except engine.dialect.loaded_dbapi.Error as error:
            raise InvalidatePoolError("the server has dropped the connection") from error


def _sqlite(url: URL, echo: bool) -> Engine:
    """Return the engine of a file. `?synchronous=full` in its URL has each commit reach the disk.

    Without it, a power failure can lose the last commits, but never damages the file:
    https://www.sqlite.org/pragma.html#pragma_synchronous.
    """
    is_full = url.query.get(SYNCHRONOUS) == "full"
    engine = create_engine(
        url.difference_update_query([SYNCHRONOUS]),
        echo=echo,
        hide_parameters=True,
        connect_args={"timeout": 30, "check_same_thread": False},
    )
    pragmas = "journal_mode=WAL", "busy_timeout=30000", "foreign_keys=ON"
    synchronous = f"synchronous={'FULL' if is_full else 'NORMAL'}"

    @event.listens_for(engine, "connect")
    def set_pragmas(connection: Any, _record: object) -> None:
        connection.isolation_level = None  # the driver must not start transactions itself
        for pragma in (*pragmas, synchronous):
            connection.execute(f"PRAGMA {pragma}")
        # SQLite's own lower() only handles ASCII, and searches need all scripts
        connection.create_function("lower", 1, _lower, deterministic=True)
        connection.create_function("clock_timestamp", 0, _clock_timestamp)  # as PostgreSQL has it

    _refuse_unstorable(engine)
    _note_full_disk(engine)

    @event.listens_for(engine, "begin")
    def begin(connection: Any) -> None:
        options = connection.get_execution_options()
        connection.exec_driver_sql(f"PRAGMA query_only={'ON' if options.get('reads') else 'OFF'}")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if options.get("writes") else "BEGIN")

    return engine


def _clock_timestamp() -> str:
    """Return the current time as SQLAlchemy stores times on SQLite, in UTC."""
    return machine_time().strftime("%Y-%m-%d %H:%M:%S.%f")


def _lower(value: str | None) -> str | None:
    return None if value is None else str(value).lower()
