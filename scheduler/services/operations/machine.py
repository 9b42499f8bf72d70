"""This machine: folders that Chainmeet writes to."""

from __future__ import annotations

import tempfile
from pathlib import Path

from scheduler.storage.database import Database

TEMPORARY, DATABASE = "temporary", "database"


def written_folders(database: Database) -> dict[str, str]:
    """Return the folders that must have free space: temporary files, and the one of a SQLite database."""
    folders = {TEMPORARY: tempfile.gettempdir()}
    if database.is_sqlite and database.url.database:
        folders[DATABASE] = str(Path(database.url.database).resolve().parent)
    return {name: folder for name, folder in folders.items() if Path(folder).is_dir()}
