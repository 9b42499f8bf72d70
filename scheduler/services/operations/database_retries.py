"""Work whose result is too dear to be thrown away because the database is away for some minutes."""

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


def patiently(work: Callable[[], T]) -> T:
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
