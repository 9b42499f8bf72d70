"""Retries of work that is too expensive to lose while the database is unavailable.

A database restart at the end of a solve once lost an hour of solving. So the plan is stored first, in its own
transaction, which is retried for 600 seconds. Everything else is derived from it, in another attempt if
needed. A run that was considered lost but not claimed again belongs to its worker again. The worker does
nothing else during that time. After it the plan is lost.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

import structlog

from scheduler.storage.database import AWAY

log = structlog.get_logger()

MOST_SECONDS = 600.0
"""The work is given up after this time without a database."""
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 5.0

T = TypeVar("T")


def retry_while_unavailable(work: Callable[[], T]) -> T:
    """Repeat `work` while the database is unavailable, for at most `MOST_SECONDS`. Return its result."""
    ends, pause = time.monotonic() + MOST_SECONDS, FIRST_PAUSE
    while True:
        try:
            return work()
        except AWAY as error:
            if time.monotonic() > ends:
                raise
            log.warning("database does not answer, trying again", error=str(error).partition("\n")[0])
        time.sleep(pause)
        pause = min(2 * pause, LONGEST_PAUSE)
