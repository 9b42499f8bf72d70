"""`python -m tests.e2e.sender MINUTES`: send what is due, by a clock that is so many minutes ahead."""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime, timedelta

from scheduler.config import Settings
from scheduler.services import sending
from scheduler.storage.database import Database


def main(minutes: float) -> None:
    settings = Settings.from_env()
    database = Database(settings.database_url)
    ahead = timedelta(minutes=minutes)
    sending.deliver(database, settings, worker=f"sender:{os.getpid()}", now=lambda: datetime.now(UTC) + ahead)
    database.dispose()


if __name__ == "__main__":
    main(float(sys.argv[1]))
