"""A step of a test in a thread of its own, whose end or error the test waits for."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

from sqlalchemy import text

from scheduler.storage.database import Database

PATIENCE = 30.0
"""Seconds; only a step that stands for ever takes so long."""


_STANDING = text(
    "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
)


class Step:
    """`work`, begun at once; `done()` waits for its end, and returns or raises what it did."""

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
        """Whether it waits for another one's lock on PostgreSQL, rather than goes on to its end."""
        with database.engine.connect() as connection:
            while self._thread.is_alive():
                if connection.execute(_STANDING).scalar():
                    return True
                connection.rollback()  # what stands is shown as of the transaction's beginning
                time.sleep(0.01)
        return False

    def done(self, seconds: float = PATIENCE) -> Any:
        self._thread.join(seconds)
        if self._thread.is_alive():
            raise TimeoutError(f"still at work after {seconds:g} s")
        if self._error is not None:
            raise self._error
        return self._answer
