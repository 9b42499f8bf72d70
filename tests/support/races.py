"""Concurrent steps in separate transactions."""

from __future__ import annotations

import threading
from collections.abc import Callable

from sqlalchemy.orm import Session

from scheduler.domain.errors import InvalidInput, WrongState
from scheduler.storage.database import Database


def race(database: Database, *steps: Callable[[Session], object]) -> list[object]:
    """Run each step in its own transaction, all started at once. Return their results or errors."""
    gate = threading.Barrier(len(steps))
    results: list[object] = [None] * len(steps)

    def run(i: int) -> None:
        gate.wait()
        try:
            with database.write() as session:
                results[i] = steps[i](session)
        except (InvalidInput, WrongState) as error:
            results[i] = error

    threads = [threading.Thread(target=run, args=(i,)) for i in range(len(steps))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results
