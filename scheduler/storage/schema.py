"""The database's schema: upgrade it, and say whether it is the one that the code wants."""

from __future__ import annotations

import shutil
import time
from collections.abc import Sequence
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Any, cast

import structlog
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, func, select, text
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DBAPIError

from scheduler.domain.errors import ChainmeetError
from scheduler.i18n import gettext_lazy
from scheduler.storage import grants
from scheduler.storage.database import Database

MIGRATIONS = Path(__file__).parent / "migrations"
_LOCK = 0x636861696E  # "chain": of our migrations, among the advisory locks of the database
_SIGN = _LOCK + 1
"""Held by who upgrades, for others to see."""

LOCK_MILLISECONDS = 2_000
"""An upgrade of PostgreSQL waits for a lock of others at most so long: all who come later wait behind it."""
PAUSES = (1.0, 2.0, 3.0, 5.0, 5.0, 5.0, 10.0, 10.0, 10.0, 10.0)
"""Seconds until it is tried again."""
_IN_THE_WAY = ("55P03", "40P01")  # lock_not_available, deadlock_detected
SETTLE_SECONDS = 2.5
"""Longer than a process goes without looking whether the database is being upgraded."""
MAX_BROKEN = 5

log = structlog.get_logger()


class DatabaseUnavailable(ChainmeetError):
    """The database is not for this version of the code, or not at this time: nothing may use it."""

    general = gettext_lazy("Chainmeet is being upgraded. Nothing was changed. Try again in a minute.")


class SchemaOutOfDate(DatabaseUnavailable):
    """The database is at another revision than this version of the code was written for."""

    code = "schema-out-of-date"

    def __init__(self, has: str | None, wants: str | None) -> None:
        self.has, self.wants = has, wants
        super().__init__(f"The database is at {has}, the code needs {wants}. {_way_on(has)}")


def _way_on(has: str | None) -> str:
    """What to do about a database at a revision that the code was not written for."""
    if has is None or has in known_revisions():
        return "Run: chainmeet db upgrade"
    return _OLDER if has < baseline() else _NEWER


_NEWER = (
    "A newer version of Chainmeet has upgraded it: start that version, "
    "or restore the backup of before the upgrade"
)
UPGRADES_EARLIER = "f8e15793"
"""The commit of a version that brings databases from before the baseline to it."""
_OLDER = (
    "That is older than this version can upgrade_schema. Install the version of commit "
    f"{UPGRADES_EARLIER}, run its chainmeet db upgrade, then this version's: "
    "see Databases from before 0.9.0 in docs/operators.md"
)


class SchemaUpgrading(DatabaseUnavailable):
    """Another process is upgrading the database at this moment."""

    code = "schema-upgrading"

    def __init__(self) -> None:
        super().__init__("The database is being upgraded. Chainmeet goes on by itself when that is done.")


class SchemaBusy(ChainmeetError):
    """Other processes use tables that the upgrade changes, for longer than it tries."""

    code = "schema-busy"

    def __init__(self) -> None:
        super().__init__(
            "The database is in use, so its schema is as it was. Stop Chainmeet's other processes "
            "(docker compose stop api worker and clock services), then run: chainmeet db upgrade"
        )


class SchemaBroken(ChainmeetError):
    """Rows would refer to others that are not there, so nothing was upgraded."""

    code = "schema-broken"

    def __init__(self, has: str | None, rows: Sequence[Sequence[Any]]) -> None:
        named = ", ".join(f"{row[0]} row {row[1]} to {row[2]}" for row in rows)
        super().__init__(f"The database stays at {has}: rows refer to others that are not there ({named}).")


def alembic_config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.set_main_option("file_template", "%%(rev)s_%%(slug)s")
    config.attributes["connection"] = connection
    return config


def upgrade_schema(database: Database, *, application: str = "") -> None:
    """Bring the schema up to date, or leave the database as it was.

    `application` names the PostgreSQL role that the application works as, where that is not the one that
    upgrades: it gets its rights in the same transaction. Raises RoleUnfit if it cannot be restricted.
    It is safe to call at every start, from several machines at once, and while others use the database: they
    stand back (`schema_gate.py`). A SQLite file is copied first, to `<file>.before-<revision>`. Raises
    SchemaOutOfDate for a database that is newer than this code or older than its baseline, SchemaBusy where
    what others do keeps it waiting, and SchemaBroken where rows would refer to others that are not there.
    """
    if database.is_sqlite:
        _upgrade_file(database)
    else:
        _upgrade_server(database, application)


def _is_behind(has: str | None) -> bool:
    """Whether there is something to upgrade. Raises SchemaOutOfDate for what is newer or too old."""
    if has is not None and has not in known_revisions():
        raise SchemaOutOfDate(has, head_revision())
    return has != head_revision()


def _upgrade_file(database: Database) -> None:
    """In one transaction, without foreign keys: a batch on SQLite drops tables that others refer to.

    So says https://www.sqlite.org/lang_altertable.html#otheralter, and to check them at the end.
    """
    with database.engine.connect().execution_options(writes=True) as connection:
        driver = _driver(connection)
        has = _revision_of(driver)
        if not _is_behind(has):
            return
        if has is not None and database.url.database:
            _copy(driver, Path(database.url.database), f".before-{has}")
        driver.cursor().execute("PRAGMA foreign_keys=OFF")  # a transaction that has begun would ignore it
        try:
            with connection.begin():
                command.upgrade(alembic_config(connection), "head")
                broken = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchmany(MAX_BROKEN)
                if broken:
                    raise SchemaBroken(has, broken)
        finally:
            driver.cursor().execute("PRAGMA foreign_keys=ON")


def _revision_of(driver: DBAPIConnection) -> str | None:
    """The revision of a SQLite file, None if it is empty; read without beginning a transaction."""
    cursor = driver.cursor()
    cursor.execute("SELECT count(*) FROM sqlite_master WHERE name = 'alembic_version'")
    if cursor.fetchone() == (0,):
        return None
    cursor.execute("SELECT version_num FROM alembic_version")
    row = cursor.fetchone()
    return str(row[0]) if row else None


def _copy(driver: DBAPIConnection, file: Path, suffix: str) -> None:
    """All of a SQLite database as one file beside it, in the place of an earlier one of this revision."""
    copy, part = (file.with_name(file.name + suffix + end) for end in ("", ".part"))
    part.unlink(missing_ok=True)
    driver.cursor().execute("VACUUM INTO ?", (str(part),))
    shutil.copymode(file, part)
    part.replace(copy)
    log.info("the database is copied before its schema is upgraded", copy=str(copy))


def _upgrade_server(database: Database, application: str) -> None:
    """One at a time, once those who use the database have had time to see it and stand back.

    What they see is a lock of this connection, which ends with this process however it ends.
    """
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.detach()
        for name in ("statement_timeout", "lock_timeout"):
            connection.execute(text(f"SET {name} = 0"))  # another migration may be long
        connection.execute(select(func.pg_advisory_lock(_LOCK)))
        if _is_behind(read_revision(_driver(connection), is_sqlite=False)[0]):
            connection.execute(select(func.pg_advisory_lock(_SIGN)))
            try:
                time.sleep(SETTLE_SECONDS)
                _try(database, application)
            finally:  # the server may take a moment to see that a connection is closed
                connection.execute(select(func.pg_advisory_unlock(_SIGN)))
        elif application:
            with database.engine.begin() as granting:
                grants.grant_role(granting, application)


def _try(database: Database, application: str) -> None:
    """In one transaction that waits for no lock for long, and is begun again where it waits or deadlocks."""
    for pause in (*PAUSES, None):
        try:
            with database.engine.connect().execution_options(writes=True) as connection:
                connection.execute(text("SET LOCAL statement_timeout = 0"))
                connection.execute(text(f"SET LOCAL lock_timeout = {LOCK_MILLISECONDS}"))
                command.upgrade(alembic_config(connection), "head")
                if application:
                    grants.grant_role(connection, application)
                connection.commit()
                return
        except DBAPIError as error:
            if getattr(error.orig, "sqlstate", None) not in _IN_THE_WAY:
                raise
            if pause is None:
                raise SchemaBusy from error
            log.info("the schema is in use; the upgrade begins again", seconds=pause)
        time.sleep(pause)


def require_current(database: Database) -> None:
    """Raises SchemaOutOfDate unless the schema is the one of this code, SchemaUpgrading while it changes."""
    with database.engine.connect() as connection:
        check_current(connection)


def check_current(connection: Connection) -> None:
    """As `require_current`, over a connection that is open."""
    raise_refusal(*read_revision(_driver(connection), is_sqlite=connection.dialect.name == "sqlite"))


def raise_refusal(has: str | None, is_upgrading: bool) -> None:
    """Raises what `look` found to be in the way."""
    if is_upgrading:
        raise SchemaUpgrading
    if has != head_revision():
        raise SchemaOutOfDate(has, head_revision())


def read_revision(driver: DBAPIConnection, *, is_sqlite: bool) -> tuple[str | None, bool]:
    """The revision of a database, None if it is empty, and whether somebody upgrades it."""
    if is_sqlite:
        return _revision_of(driver), False
    cursor = driver.cursor()
    cursor.execute(_LOOK)
    row = cursor.fetchone()
    is_there, is_upgrading = row if row is not None else (False, False)
    if not is_there:
        return None, bool(is_upgrading)
    cursor.execute("SELECT version_num FROM alembic_version")
    found = cursor.fetchone()
    return (str(found[0]) if found else None), bool(is_upgrading)


_LOOK = f"""
SELECT to_regclass('alembic_version') IS NOT NULL, EXISTS (
    SELECT 1 FROM pg_locks JOIN pg_database ON pg_database.oid = pg_locks.database
    WHERE datname = current_database() AND locktype = 'advisory' AND granted
    AND classid = {_SIGN >> 32} AND objid = {_SIGN & 0xFFFFFFFF} AND objsubid = 1
)
"""  # noqa: S608 -- of our own numbers


def _driver(connection: Connection) -> DBAPIConnection:
    return cast("DBAPIConnection", connection.connection.dbapi_connection)


def check_at_start(database: Database) -> None:
    """As `require_current`. A database that does not answer yet is left to those who will ask it.

    So is one that is being upgraded to this version.
    """
    try:
        with suppress(SchemaUpgrading):
            require_current(database)
        grants.warn_at_start(database)
    except DBAPIError as error:
        log.warning("schema not checked, as the database does not answer", error=str(error.orig))


@lru_cache(maxsize=1)
def head_revision() -> str | None:
    """The revision that this code was written for."""
    return ScriptDirectory(str(MIGRATIONS)).get_current_head()


@lru_cache(maxsize=1)
def known_revisions() -> frozenset[str]:
    """The revisions that this code knows: it can upgrade a database that is at one of them."""
    return frozenset(script.revision for script in ScriptDirectory(str(MIGRATIONS)).walk_revisions())


@lru_cache(maxsize=1)
def baseline() -> str:
    """The oldest revision that this code knows: its first migration makes the schema of it at once."""
    return str(ScriptDirectory(str(MIGRATIONS)).get_base())
