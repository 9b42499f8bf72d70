"""Migration generator: compares the models with a fully migrated database."""

from __future__ import annotations

import tempfile
from pathlib import Path

from alembic import command

from scheduler.domain.errors import ChainmeetError
from scheduler.storage.database import Database
from scheduler.storage.schema import MIGRATIONS, alembic_config, upgrade_schema


def write_revision(message: str) -> Path:
    """Write the next migration and return its path. Its number is the highest so far plus one."""
    number = 1 + max((int(path.name[:4]) for path in (MIGRATIONS / "versions").glob("[0-9]*.py")), default=0)
    with tempfile.TemporaryDirectory(prefix="chainmeet-") as name:
        database = Database(f"sqlite:///{name}/empty.db")
        upgrade_schema(database)
        with database.engine.connect() as connection:
            script = command.revision(
                alembic_config(connection), message=message, autogenerate=True, rev_id=f"{number:04}"
            )
        database.dispose()
    if script is None or isinstance(script, list) or script.path is None:
        raise ChainmeetError("No migration was written.")
    return Path(script.path)
