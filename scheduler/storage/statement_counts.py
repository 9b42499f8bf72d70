"""What a piece of work asks the database for: how many statements, and how long they take."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Engine, event


@dataclass(slots=True)
class StatementCount:
    """Statements of a thread since `begin`, and the seconds that the database took for them."""

    statements: int = 0
    seconds: float = 0.0
    since: float = 0.0


class _OfThread(threading.local):
    spent: StatementCount | None = None


_thread = _OfThread()


def start_counting() -> None:
    """Count from nothing in this thread."""
    _thread.spent = StatementCount()


def stop_counting() -> StatementCount:
    """What was counted since `begin`. From now on nothing is."""
    spent, _thread.spent = _thread.spent, None
    return spent or StatementCount()


def count_statements(engine: Engine) -> None:
    """Have the statements of an engine counted, in the threads that have begun."""

    @event.listens_for(engine, "before_cursor_execute")
    def asked(*_: Any) -> None:
        if (spent := _thread.spent) is not None:
            spent.since = time.perf_counter()

    @event.listens_for(engine, "after_cursor_execute")
    def answered(*_: Any) -> None:
        if (spent := _thread.spent) is not None:
            spent.statements += 1
            spent.seconds += time.perf_counter() - spent.since
