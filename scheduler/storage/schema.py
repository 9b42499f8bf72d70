"""The database's schema: upgrade it, and say whether it is the one that the code wants."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import structlog
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, func, select, text
from sqlalchemy.exc import DBAPIError

from scheduler.domain.errors import ChainmeetError
from scheduler.storage.database import Database

MIGRATIONS = Path(__file__).parent / "migrations"
_LOCK = 0x636861696E  # "chain": of our migrations, among the advisory locks of the database

log = structlog.get_logger()


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
    """Bring the schema up to date. It is safe to call at every start, and from several machines at once."""
    with database.engine.connect().execution_options(writes=True) as connection:
        if not database.is_sqlite:  # there a writer is alone anyway
            for name in ("statement_timeout", "lock_timeout"):
                connection.execute(text(f"SET LOCAL {name} = 0"))
            connection.execute(select(func.pg_advisory_xact_lock(_LOCK)))
        command.upgrade(alembic_config(connection), "head")
        connection.commit()


def require_current(database: Database) -> None:
    """Raises SchemaOutOfDate unless the schema is the one that this code was written for."""
    with database.engine.connect() as connection:
        check(connection)


def check(connection: Connection) -> None:
    """As `require_current`, over a connection that is open."""
    has = MigrationContext.configure(connection).get_current_revision()
    if has != wanted():
        raise SchemaOutOfDate(has, wanted())


def check_at_start(database: Database) -> None:
    """As `require_current`. A database that does not answer yet is left to those who will ask it."""
    try:
        require_current(database)
    except DBAPIError as error:
        log.warning("schema not checked, as the database does not answer", error=str(error.orig))


@lru_cache(maxsize=1)
def wanted() -> str | None:
    """The revision that this code was written for."""
    return ScriptDirectory(str(MIGRATIONS)).get_current_head()
