"""Per-thread count and duration of database statements."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Engine, event


@dataclass(slots=True)
class StatementCount:
    """Statements of a thread since `start_counting`, and the seconds spent in the database."""

    statements: int = 0
    seconds: float = 0.0
    since: float = 0.0


class _OfThread(threading.local):
    spent: StatementCount | None = None


_thread = _OfThread()


def start_counting() -> None:
    """Start counting from zero in this thread."""
    _thread.spent = StatementCount()


def stop_counting() -> StatementCount:
    """Stop counting, and return the counts since `start_counting`."""
    spent, _thread.spent = _thread.spent, None
    return spent or StatementCount()


def count_statements(engine: Engine) -> None:
    """Instrument an engine to count statements in threads that are counting."""

    @event.listens_for(engine, "before_cursor_execute")
    def asked(*_: Any) -> None:
        if (spent := _thread.spent) is not None:
            spent.since = time.perf_counter()

    @event.listens_for(engine, "after_cursor_execute")
    def answered(*_: Any) -> None:
        if (spent := _thread.spent) is not None:
            spent.statements += 1
            spent.seconds += time.perf_counter() - spent.since
