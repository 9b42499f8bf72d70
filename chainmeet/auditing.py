"""What operators do with the trail."""

from __future__ import annotations

from scheduler.services.trail import verifying
from scheduler.services.trail.verifying import Chain
from scheduler.storage.database import Database


def chains(database: Database) -> tuple[Chain, ...]:
    """Every chain of the trail, looked through from its first row to its last."""
    with database.read() as session:
        return verifying.verify(session)
