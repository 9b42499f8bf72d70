"""Schema gate: pauses a process while its database is being upgraded or belongs to another version."""

from __future__ import annotations

import threading
import time

import structlog
from sqlalchemy.exc import SQLAlchemyError

from scheduler.storage import schema
from scheduler.storage.database import Database
from scheduler.storage.schema import DatabaseUnavailable

log = structlog.get_logger()

EVERY_SECONDS = 1.0
"""Maximum interval between checks, regardless of load."""


class SchemaGate:
    """Checked before each request, task and tick. It costs at most two small queries per second."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock = threading.Lock()
        self._until = 0.0
        self._why: DatabaseUnavailable | None = None

    def require(self) -> None:
        """Raise DatabaseUnavailable if the process must pause."""
        if (why := self.why()) is not None:
            raise why.with_traceback(None)

    def why(self) -> DatabaseUnavailable | None:
        """Return why the process must pause, or None. An unreachable database is None too."""
        if time.monotonic() >= self._until and self._lock.acquire(blocking=False):
            try:
                self._look()
            finally:
                self._lock.release()
        return self._why

    def _look(self) -> None:
        before, self._why = self._why, self._found()
        self._until = time.monotonic() + EVERY_SECONDS
        if str(before) != str(self._why):
            log.warning("stands back" if self._why else "goes on", reason=str(self._why or before))

    def _found(self) -> DatabaseUnavailable | None:
        """Check with the raw driver, since a SQLAlchemy transaction would cost more than the query."""
        engine = self._database.engine
        try:
            connection = engine.raw_connection()
            try:
                driver = connection.driver_connection
                state = schema.read_state(driver, is_sqlite=self._database.is_sqlite)  # type: ignore[arg-type]
                schema.raise_refusal(state)
            finally:
                connection.close()
        except DatabaseUnavailable as why:
            return why
        except (SQLAlchemyError, engine.dialect.loaded_dbapi.Error):
            return None
        return None
