"""Clock skew of this machine against the database, for logs and Date headers."""

from __future__ import annotations

from datetime import timedelta

import structlog

from scheduler.storage.database import AWAY, Database

log = structlog.get_logger()

TOLERATED = timedelta(seconds=5)


def log_clock_skew(database: Database) -> timedelta | None:
    """Log and return the lead of this clock over the database's.

    None if it is small or the database is unavailable.
    """
    try:
        ahead = database.machine_is_ahead()
    except AWAY:
        return None
    if abs(ahead) <= TOLERATED:
        return None
    log.warning("this machine's clock is wrong", ahead_of_the_database=round(ahead.total_seconds(), 1))
    return ahead
