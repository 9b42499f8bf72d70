"""Retries of work that is too expensive to lose while the database is unavailable.

A database that restarted as a solve ended threw away an hour of solving. So the plan is kept first, in a
transaction of its own that is tried for 600 seconds; what follows is made from it, in another attempt too,
and a run that was taken for lost and that nobody took up is its worker's again. The worker does nothing else
in that time; after it the plan is lost.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

import structlog

from scheduler.storage.database import AWAY

log = structlog.get_logger()

MOST_SECONDS = 600.0
"""After this time without a database the work is given up."""
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 5.0

T = TypeVar("T")


def retry_while_unavailable(work: Callable[[], T]) -> T:
    """Repeat `work` while the database does not answer, for `MOST_SECONDS` at most. Returns its value."""
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
