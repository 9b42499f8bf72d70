"""The database's schema: upgrade it, and say whether it is the one that the code wants."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from scheduler.domain.errors import ChainmeetError
from scheduler.storage.database import Database

MIGRATIONS = Path(__file__).parent / "migrations"


class SchemaOutOfDate(ChainmeetError):
    """The database was not upgraded to this version of the code."""

    code = "schema-out-of-date"

    def __init__(self, has: str | None, wants: str | None) -> None:
        self.has, self.wants = has, wants
        super().__init__(f"The database is at {has}, the code needs {wants}. Run: chainmeet db upgrade")


def alembic_config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.set_main_option("file_template", "%%(rev)s_%%(slug)s")
    config.attributes["connection"] = connection
    return config


def upgrade(database: Database) -> None:
    """Bring the schema up to date; safe to call at every start."""
    with database.engine.connect().execution_options(writes=True) as connection:
        command.upgrade(alembic_config(connection), "head")
        connection.commit()


def require_current(database: Database) -> None:
    """Raises SchemaOutOfDate unless the schema is the newest."""
    with database.engine.connect() as connection:
        has = MigrationContext.configure(connection).get_current_revision()
    wants = ScriptDirectory(str(MIGRATIONS)).get_current_head()
    if has != wants:
        raise SchemaOutOfDate(has, wants)
