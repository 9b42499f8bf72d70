"""Many rows written while others write: some at a time, with a rest after them as long as they took."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from sqlalchemy.orm import Session

from scheduler.storage.database import Database

BATCH_SIZE: Final = 200
"""Rows of one transaction."""


@contextmanager
def batch_transaction(database: Database) -> Iterator[Session]:
    """A transaction of at most `PORTION` rows. It ends before the rest begins.

    So nobody waits long for the one writer of SQLite, or for a row of PostgreSQL.
    """
    began = time.monotonic()
    with database.write() as session:
        yield session
    time.sleep(time.monotonic() - began)
