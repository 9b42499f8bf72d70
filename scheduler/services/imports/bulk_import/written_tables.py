"""Records the tables a session writes to, so that they can be ANALYZEd afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import event
from sqlalchemy.orm import Session


@contextmanager
def record_written_tables(session: Session) -> Iterator[set[str]]:
    """Collect the names of tables whose rows are flushed inside the block."""
    names: set[str] = set()

    def note(flushed: Session, _context: object) -> None:
        rows = (*flushed.new, *flushed.dirty, *flushed.deleted)
        names.update(row.__table__.name for row in rows)

    event.listen(session, "after_flush", note)
    try:
        yield names
    finally:
        event.remove(session, "after_flush", note)
