"""Checks of the stored data, which the worker also does once a day."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy.exc import SQLAlchemyError

from scheduler.config import Settings
from scheduler.domain.findings import Finding, error, ok
from scheduler.services.operations import invariants
from scheduler.services.operations.invariants import Invariant
from scheduler.storage.database import Database

ADVICE = "See Daily data check in docs/operators.md."


def check_data(settings: Settings, database: Database) -> Iterator[Finding]:
    """Check all invariants. A database that can't be read was reported before."""
    try:
        broken = invariants.check_invariants(database, settings)
    except (OSError, SQLAlchemyError) as failure:
        said = str(getattr(failure, "orig", None) or failure).strip().partition("\n")[0]
        yield error("data", f"The stored data weren't checked: {said}", "Correct it, and check again.")
        return
    for each in broken:
        yield error("data", each.reason, ADVICE)
    yield ok("data", f"{len(Invariant) - len(broken)} of {len(Invariant)} invariants hold.")
