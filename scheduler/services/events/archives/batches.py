"""Batched writes that let other writers in: each batch is followed by a pause of the same length."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from sqlalchemy.orm import Session

from scheduler.storage.database import Database

BATCH_SIZE: Final = 200
"""Rows per transaction."""


@contextmanager
def batch_transaction(database: Database) -> Iterator[Session]:
    """Open a transaction for at most `BATCH_SIZE` rows, then sleep as long as it took.

    No other writer of SQLite, or of a row in PostgreSQL, waits long.
    """
    began = time.monotonic()
    with database.write() as session:
        yield session
    time.sleep(time.monotonic() - began)
