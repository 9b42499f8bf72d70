"""Check of the secret keys: everything that they made opens, and none is left over."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy.exc import SQLAlchemyError

from chainmeet.keys import key_changes
from scheduler.config import Settings
from scheduler.domain.findings import Finding, error, ok, warning
from scheduler.storage.database import Database

ADVICE = (
    "Add the key with its number again. If it was ended, for example after a backup that was restored, run "
    "chainmeet key end NUMBER."
)
NO_FILE = "They are in the environment, so a changed key needs a restart of each process."


def check_secret_keys(settings: Settings, database: Database) -> Iterator[Finding]:
    """Check what the keys made. Other checks report a database that does not answer."""
    try:
        uses = key_changes.check_keys(database, settings)
    except SQLAlchemyError:
        return
    keys = settings.secret_key
    faults = list(key_changes.faults(uses, keys))
    for fault in faults:
        yield error("secret keys", fault, ADVICE)
    for number in keys:
        if number != keys.newest and not any(use.counts[number] for use in uses):
            yield warning("secret keys", f"Key {number} isn't used.", f"Run: chainmeet key end {number}")
    if not faults:
        where = "All processes follow their file." if keys.path else NO_FILE
        yield ok("secret keys", f"Everything opens with the keys {', '.join(map(str, keys))}. {where}")
