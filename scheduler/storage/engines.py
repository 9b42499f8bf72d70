"""Engines: SQLite in WAL with honest locking, or PostgreSQL with limits on every wait."""

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

POOL_SIZE, POOL_OVERFLOW = 8, 0
"""Connections that a process keeps: one for each of eight threads. None is opened besides: it would be closed
after use, and the statements that it has planned with it."""
PING_AFTER = 1.0
"""Seconds without use after which a connection is asked whether it is still there."""
CONNECT_SECONDS = 5
UNSTORABLE = gettext_lazy("A text has a character that cannot be kept. Type it, where you have copied it.")
_DISK_FULL = ("53100", "SQLITE_FULL")
"""SQLSTATE disk_full, and SQLite's name of the same."""
_OF_DATA = ("22", "23")
"""Classes of SQLSTATE: data_exception, integrity_constraint_violation."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Timeouts in seconds.

    Those of PostgreSQL are for a statement, a wait for a lock, and an idle transaction. The last is for a
    thread that waits for a free connection.
    """

    statement: float
    lock: float
    idle: float
    pool: float


WEB = Limits(statement=30, lock=5, idle=60, pool=5)
"""A person waits, and so does a thread."""
WORKER = Limits(statement=600, lock=60, idle=300, pool=30)


def make_engine(url: URL, limits: Limits, *, echo: bool = False) -> Engine:
    """An engine that never logs the values of parameters: they are people's words and secrets."""
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
        pool_use_lifo=True,  # the one used last has its statements planned
        connect_args={
            "connect_timeout": CONNECT_SECONDS,
            "prepare_threshold": 2,  # asked twice, a statement is parsed and planned for good
            "options": _options(url, limits),
            # a server that is gone without a word is noticed after a minute
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
    """The server's settings for a connection. Those that the address has are kept, and win."""
    own = {
        "statement_timeout": limits.statement,
        "lock_timeout": limits.lock,
        "idle_in_transaction_session_timeout": limits.idle,
    }
    given = url.query.get("options", "")
    texts = [f"-c {name}={round(seconds * 1000)}" for name, seconds in own.items()]
    return " ".join([*texts, given if isinstance(given, str) else " ".join(given)]).strip()


def _leave_values_out(engine: Engine) -> None:
    """Cut what PostgreSQL adds to an error of bad data: the whole row that was refused."""

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
    """Have a text that the driver cannot send be its writer's fault: NUL to PostgreSQL, lone surrogates.

    Whatever a stranger's text is compared with or kept in, this is the last that it passes.
    """

    @event.listens_for(engine, "handle_error")
    def refuse(context: ExceptionContext) -> None:
        error = context.original_exception
        is_nul = isinstance(error, engine.dialect.loaded_dbapi.DataError) and "NUL (0x00)" in str(error)
        if is_nul or isinstance(error, UnicodeEncodeError):
            raise InvalidInput([Fault("", UNSTORABLE)])


def _note_full_disk(engine: Engine) -> None:
    """Remember when the disk of a database was full, for whoever is asked what is the matter."""

    @event.listens_for(engine, "handle_error")
    def note(context: ExceptionContext) -> None:
        error = context.original_exception
        names = getattr(error, "sqlstate", None), getattr(error, "sqlite_errorname", None)
        if any(name in _DISK_FULL for name in names):
            _full_at[engine] = time.monotonic()
            _tell_full.get(engine, _tell_nobody)()


def on_disk_full(engine: Engine, tell: Callable[[], None]) -> None:
    """Call `tell` whenever the database says that its disk is full. It raises nothing, and is quick."""
    _tell_full[engine] = tell


def was_disk_full(engine: Engine, *, within: float) -> bool:
    """Whether this process was told so in these seconds."""
    at = _full_at.get(engine)
    return at is not None and time.monotonic() - at <= within


def _tell_nobody() -> None:
    pass


_full_at: WeakKeyDictionary[Engine, float] = WeakKeyDictionary()
_tell_full: WeakKeyDictionary[Engine, Callable[[], None]] = WeakKeyDictionary()


def _ping_after_idleness(engine: Engine) -> None:
    """Notice connections that a restarted server has dropped, without a round trip each time.

    One that was in use a moment ago is taken as it is. If it is gone all the same, what asks gets an error,
    and the pool forgets its connections.
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
    engine = create_engine(
        url, echo=echo, hide_parameters=True, connect_args={"timeout": 30, "check_same_thread": False}
    )

    @event.listens_for(engine, "connect")
    def set_pragmas(connection: Any, _record: object) -> None:
        connection.isolation_level = None  # the driver must not begin transactions by itself
        for pragma in ("journal_mode=WAL", "busy_timeout=30000", "foreign_keys=ON", "synchronous=NORMAL"):
            connection.execute(f"PRAGMA {pragma}")
        # SQLite's own lower() knows only ASCII, and a search needs every script
        connection.create_function("lower", 1, _lower, deterministic=True)

    _refuse_unstorable(engine)
    _note_full_disk(engine)

    @event.listens_for(engine, "begin")
    def begin(connection: Any) -> None:
        options = connection.get_execution_options()
        connection.exec_driver_sql(f"PRAGMA query_only={'ON' if options.get('reads') else 'OFF'}")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if options.get("writes") else "BEGIN")

    return engine


def _lower(value: str | None) -> str | None:
    return None if value is None else str(value).lower()
