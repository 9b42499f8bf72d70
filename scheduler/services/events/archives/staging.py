"""Staging: a new event is invisible until all its rows are inserted.

In one transaction, copying a large event locked SQLite's only writer for 1.8 s, and an import for its whole
duration. So the event's row is inserted as deleted (`deleted_at` six hours ahead, an invalid key). Its rows
follow in transactions of 200 with a pause after each, and the last transaction sets the key. On failure the
rows are deleted. Rows that a killed process left are deleted after the six hours.

The requesting process does this itself, because a job would need a page that waits. A copy takes twice the
time of its work, and a key that is taken meanwhile is rejected at the end. With 620 firms at a load of 14:
copy 6.4 s, longest wait of another writer 0.55 s; export 9.6 s and 0.07 s (benchmarks.deletion).
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy.orm import Session

from scheduler.domain.errors import ChainmeetError
from scheduler.services.events.archives import deletion, event_tables
from scheduler.services.events.archives.row_insertion import RowInserter, Values
from scheduler.storage.database import Database
from scheduler.storage.models import Event

STAGING_TIMEOUT: Final = timedelta(hours=6)
"""An event that is not finished within this time is deleted, because its process has died."""


class StagingExpired(ChainmeetError):
    """The event was not finished in time, and its rows are deleted."""

    code = "not-finished"

    def __init__(self) -> None:
        super().__init__("The event was not made in time, and is not here. Begin again.")


def stage_event(put: RowInserter, row: Values) -> int:
    """Insert an event's row, hidden and inactive. Return its id."""
    hidden = {
        "key": f"made.{secrets.token_hex(8)}",  # valid keys have no dot
        "deleted_at": put.database.now() + STAGING_TIMEOUT,
        "archived_at": put.now,
        "mails_paused_at": put.now,
    }
    put.put(event_tables.find_table("event"), [row | hidden])
    (event_id,) = put.ids["event"].values()
    return event_id


@contextmanager
def delete_on_failure(database: Database, event_id: int) -> Iterator[None]:
    """Delete the event and its rows if the block fails."""
    try:
        yield
    except BaseException:
        deletion.delete_event(database, event_id)
        raise


def finish_event(session: Session, event_id: int, row: Values, *, now: datetime) -> Event:
    """Make the event visible under its key. Raises StagingExpired and IntegrityError."""
    event = session.get(Event, event_id, with_for_update={"key_share": True})
    if event is None or event.deleted_at is None or event.deleted_at <= now:
        raise StagingExpired
    shown: dict[str, Any] = {name: row.get(name) for name in ("key", "archived_at", "mails_paused_at")}
    for name, value in (shown | {"deleted_at": None, "deleted_by_id": None}).items():
        setattr(event, name, value)
    session.flush()
    return event
