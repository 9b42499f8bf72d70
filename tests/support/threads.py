"""A step of a test in a thread, whose end or error the test waits for."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

from sqlalchemy import text

from scheduler.storage.database import Database

PATIENCE = 30.0
"""Timeout in seconds, which only a step that hangs exceeds."""


_STANDING = text(
    "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
)


class Step:
    """Runs `work` in a thread. `done()` waits for its end, and returns its result or raises its error."""

    def __init__(self, work: Callable[[], Any]) -> None:
        self._work = work
        self._answer: Any = None
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            self._answer = self._work()
        except BaseException as error:  # raised again in the test's own thread
            self._error = error

    def stands(self, database: Database) -> bool:
        """True once it waits for a lock on PostgreSQL. False if it ends without."""
        with database.engine.connect() as connection:
            while self._thread.is_alive():
                if connection.execute(_STANDING).scalar():
                    return True
                connection.rollback()  # pg_stat_activity is a snapshot of the transaction
                time.sleep(0.01)
        return False

    def done(self, seconds: float = PATIENCE) -> Any:
        self._thread.join(seconds)
        if self._thread.is_alive():
            raise TimeoutError(f"still at work after {seconds:g} s")
        if self._error is not None:
            raise self._error
        return self._answer
