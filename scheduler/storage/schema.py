"""Database schema: upgrades, and checks that it matches the code."""

from __future__ import annotations

import shutil
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import structlog
from sqlalchemy import Connection, func, inspect, select, text
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DBAPIError

from scheduler.domain.errors import ChainmeetError
from scheduler.i18n import gettext_lazy
from scheduler.storage import grants
from scheduler.storage.database import Database

if TYPE_CHECKING:
    from alembic.config import Config

MIGRATIONS = Path(__file__).parent / "migrations"
_LOCK = 0x636861696E  # "chain": advisory lock id of our migrations
_SIGN = _LOCK + 1
"""Advisory lock held during an upgrade, as a signal to other processes."""

LOCK_MILLISECONDS = 2_000
"""Lock timeout of a PostgreSQL upgrade. Later transactions queue behind a waiting one."""
PAUSES = (1.0, 2.0, 3.0, 5.0, 5.0, 5.0, 10.0, 10.0, 10.0, 10.0)
"""Seconds between retries."""
_VERSION_TABLE, _OLDEST_CODE = "alembic_version", "oldest_code"
_IN_THE_WAY = ("55P03", "40P01")  # lock_not_available, deadlock_detected
SETTLE_SECONDS = 2.5
"""Longer than the interval at which processes check for an upgrade."""
MAX_BROKEN = 5

log = structlog.get_logger()


class DatabaseUnavailable(ChainmeetError):
    """The database is not usable by this code version, permanently or for now."""

    general = gettext_lazy("Chainmeet is being upgraded. Nothing was changed. Try again in a minute.")


class SchemaOutOfDate(DatabaseUnavailable):
    """The database is at a different revision than this code requires."""

    code = "schema-out-of-date"

    def __init__(self, has: str | None, wants: str | None) -> None:
        self.has, self.wants = has, wants
        super().__init__(f"The database is at {has}, the code needs {wants}. {_way_on(has)}")


def _way_on(has: str | None) -> str:
    """Return how to resolve an unexpected database revision."""
    if has is None or has in known_revisions():
        return "Run: chainmeet db upgrade"
    return _OLDER if has < baseline() else _NEWER


_NEWER = (
    "A newer version of Chainmeet has upgraded it: start that version, "
    "or restore the backup of before the upgrade"
)
UPGRADES_EARLIER = "f8e15793"
"""Commit of a version that upgrades databases from before the baseline to it."""
_OLDER = (
    "That is older than this version can upgrade. Install the version of commit "
    f"{UPGRADES_EARLIER}, run its chainmeet db upgrade, then this version's: "
    "see Databases from before 0.9.0 in docs/operators.md"
)


class SchemaUpgrading(DatabaseUnavailable):
    """Another process is upgrading the database."""

    code = "schema-upgrading"

    def __init__(self) -> None:
        super().__init__("The database is being upgraded. Chainmeet goes on by itself when that is done.")


class SchemaBusy(ChainmeetError):
    """Other processes hold locks on tables that the upgrade changes, beyond its retries."""

    code = "schema-busy"

    def __init__(self) -> None:
        super().__init__(
            "The database is in use, so its schema is as it was. Stop Chainmeet's other processes "
            "(docker compose stop api worker and clock services), then run: chainmeet db upgrade"
        )


class SchemaBroken(ChainmeetError):
    """The upgrade would leave dangling foreign keys, so nothing was changed."""

    code = "schema-broken"

    def __init__(self, has: str | None, rows: Sequence[Sequence[Any]]) -> None:
        named = ", ".join(f"{row[0]} row {row[1]} to {row[2]}" for row in rows)
        super().__init__(f"The database stays at {has}: rows refer to others that are not there ({named}).")


@dataclass(frozen=True, slots=True)
class SchemaState:
    """The schema of a database, as `read_state` finds it.

    `revision` is None if the database is empty. `oldest_code` is the revision of the oldest code that works
    with it, or None for only the code of this revision.
    """

    revision: str | None
    oldest_code: str | None = None
    is_upgrading: bool = False

    @property
    def is_own(self) -> bool:
        """True if it is the schema of this code."""
        return self.revision == head_revision()

    @property
    def is_usable(self) -> bool:
        """True if this code works with it: it is its own, or later migrations only added to it."""
        if self.is_own:
            return True
        is_newer = self.revision is not None and self.revision > head_revision()
        return is_newer and self.oldest_code is not None and self.oldest_code <= head_revision()


def alembic_config(connection: Connection) -> Config:
    from alembic.config import Config  # deferred: with all that it loads, 15 MB of each process

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.set_main_option("file_template", "%%(rev)s_%%(slug)s")
    config.attributes["connection"] = connection
    return config


def _upgrade_to_head(connection: Connection) -> None:
    """Run the migrations, and record the oldest code that works with the result in Alembic's own table."""
    from alembic import command  # as above

    command.upgrade(alembic_config(connection), "head")
    if _OLDEST_CODE not in {column["name"] for column in inspect(connection).get_columns(_VERSION_TABLE)}:
        connection.execute(text(f"ALTER TABLE {_VERSION_TABLE} ADD COLUMN {_OLDEST_CODE} VARCHAR(32)"))
    connection.execute(
        text(f"UPDATE {_VERSION_TABLE} SET {_OLDEST_CODE} = :oldest"),  # noqa: S608 -- our own names
        {"oldest": oldest_code()},
    )


def oldest_code() -> str:
    """Return the revision of the oldest code that works with this code's schema.

    All migrations after it are additive: they set `ADDITIVE = True`.
    """
    from alembic.script import ScriptDirectory  # as above

    newest_first = ScriptDirectory(str(MIGRATIONS)).walk_revisions()
    return next(each.revision for each in newest_first if not getattr(each.module, "ADDITIVE", False))


def upgrade_schema(database: Database, *, application: str = "") -> None:
    """Upgrade the schema to this code's revision, or leave the database unchanged.

    `application` is the PostgreSQL role that the application uses, if it differs from the upgrading one. It
    gets its privileges in the same transaction. Raises UnsuitableRole if it cannot be restricted.

    Safe to call at every start, concurrently from several machines, and while other processes use the
    database: they pause (`schema_gate.py`), or go on if all new migrations are additive. Does nothing if a
    newer version has upgraded the schema and this code works with it. A SQLite file is copied first, to
    `<file>.before-<revision>`. Raises SchemaOutOfDate for a database that is too new for this code or older
    than its baseline, SchemaBusy if locks of others persist, and SchemaBroken if foreign keys would dangle.
    """
    if database.is_sqlite:
        _upgrade_file(database)
    else:
        _upgrade_server(database, application)


def _is_behind(state: SchemaState) -> bool:
    """Return True if an upgrade is needed. Raises SchemaOutOfDate for a too new or too old revision."""
    if state.is_usable:
        return False
    if state.revision is not None and state.revision not in known_revisions():
        raise SchemaOutOfDate(state.revision, head_revision())
    return True


def _upgrade_file(database: Database) -> None:
    """Upgrade in one transaction with foreign keys off, since SQLite batch migrations drop referenced tables.

    https://www.sqlite.org/lang_altertable.html#otheralter prescribes this, and checking them at the end.
    """
    with database.engine.connect().execution_options(writes=True) as connection:
        driver = _driver(connection)
        state = _state_of_file(driver)
        if not _is_behind(state):
            return
        has = state.revision
        if has is not None and database.url.database:
            _copy(driver, Path(database.url.database), f".before-{has}")
        driver.cursor().execute("PRAGMA foreign_keys=OFF")  # ignored inside a transaction
        try:
            with connection.begin():
                _upgrade_to_head(connection)
                broken = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchmany(MAX_BROKEN)
                if broken:
                    raise SchemaBroken(has, broken)
        finally:
            driver.cursor().execute("PRAGMA foreign_keys=ON")


def _state_of_file(driver: DBAPIConnection) -> SchemaState:
    """Return the state of a SQLite file without starting a transaction."""
    cursor = driver.cursor()
    cursor.execute("SELECT count(*) FROM sqlite_master WHERE name = 'alembic_version'")
    if cursor.fetchone() != (1,):
        return SchemaState(None)
    cursor.execute("SELECT * FROM alembic_version")  # the second column was added later
    return _state_of_row(cursor.fetchone())


def _state_of_row(row: Sequence[Any] | None, *, is_upgrading: bool = False) -> SchemaState:
    revision, oldest = (*(row or ()), None, None)[:2]
    return SchemaState(revision, oldest, is_upgrading)


def _copy(driver: DBAPIConnection, file: Path, suffix: str) -> None:
    """Copy a SQLite database to one file beside it, replacing an earlier copy of this revision."""
    copy, part = (file.with_name(file.name + suffix + end) for end in ("", ".part"))
    part.unlink(missing_ok=True)
    driver.cursor().execute("VACUUM INTO ?", (str(part),))
    shutil.copymode(file, part)
    part.replace(copy)
    log.info("the database is copied before its schema is upgraded", copy=str(copy))


def _upgrade_server(database: Database, application: str) -> None:
    """Upgrade under an exclusive lock, once other processes have had time to notice and pause.

    They notice an advisory lock of this connection, which is released even if this process dies. Additive
    migrations pause nobody.
    """
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.detach()
        for name in ("statement_timeout", "lock_timeout"):
            connection.execute(text(f"SET {name} = 0"))  # another migration may be long
        connection.execute(select(func.pg_advisory_lock(_LOCK)))
        state = read_state(_driver(connection), is_sqlite=False)
        is_behind = _is_behind(state)
        if is_behind and state.revision is not None and state.revision >= oldest_code():
            _try(database, application)
        elif is_behind:
            connection.execute(select(func.pg_advisory_lock(_SIGN)))
            try:
                time.sleep(SETTLE_SECONDS)
                _try(database, application)
            finally:  # the server may notice a closed connection late
                connection.execute(select(func.pg_advisory_unlock(_SIGN)))
        elif application and state.is_own:
            with database.engine.begin() as granting:
                grants.grant_role(granting, application)


def _try(database: Database, application: str) -> None:
    """Upgrade in one transaction with a short lock timeout, retried on a timeout or deadlock."""
    for pause in (*PAUSES, None):
        try:
            with database.engine.connect().execution_options(writes=True) as connection:
                connection.execute(text("SET LOCAL statement_timeout = 0"))
                connection.execute(text(f"SET LOCAL lock_timeout = {LOCK_MILLISECONDS}"))
                _upgrade_to_head(connection)
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


def require_usable(database: Database) -> None:
    """Raise SchemaOutOfDate unless this code works with the schema, or SchemaUpgrading while it changes."""
    with database.engine.connect() as connection:
        check_usable(connection)


def check_usable(connection: Connection) -> None:
    """Like `require_usable`, over an open connection."""
    raise_refusal(connection_state(connection))


def require_own(connection: Connection) -> None:
    """Raise SchemaOutOfDate unless the schema is this code's: for work that must know every table."""
    state = connection_state(connection)
    if not state.is_own:
        raise SchemaOutOfDate(state.revision, head_revision())


def raise_refusal(state: SchemaState) -> None:
    """Raise the error for a state that this code does not work with, if any."""
    if state.is_upgrading:
        raise SchemaUpgrading
    if not state.is_usable:
        raise SchemaOutOfDate(state.revision, head_revision())


def connection_state(connection: Connection) -> SchemaState:
    """Return the state of the schema over an open connection."""
    return read_state(_driver(connection), is_sqlite=connection.dialect.name == "sqlite")


def read_state(driver: DBAPIConnection, *, is_sqlite: bool) -> SchemaState:
    """Return the state of the schema over a connection of the driver."""
    if is_sqlite:
        return _state_of_file(driver)
    cursor = driver.cursor()
    cursor.execute(_LOOK)
    is_there, is_upgrading = cursor.fetchone() or (False, False)
    if not is_there:
        return SchemaState(None, is_upgrading=bool(is_upgrading))
    cursor.execute(_READ_VERSION)
    return _state_of_row(cursor.fetchone(), is_upgrading=bool(is_upgrading))


_READ_VERSION = "SELECT version_num, to_jsonb(alembic_version) ->> 'oldest_code' FROM alembic_version"
"""As JSON, because connections stay open while an upgrade adds the second column. A prepared `SELECT *` would
fail afterwards: "cached plan must not change result type"."""
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
    """Like `require_usable`, but tolerate an unreachable database, which later queries will report.

    Also tolerates a database that is being upgraded to this version.
    """
    try:
        with suppress(SchemaUpgrading):
            require_usable(database)
        grants.warn_at_start(database)
    except DBAPIError as error:
        log.warning("schema not checked, as the database does not answer", error=str(error.orig))


@lru_cache(maxsize=1)
def head_revision() -> str:
    """Return the revision of this code's own schema."""
    return max(known_revisions())


@lru_cache(maxsize=1)
def known_revisions() -> frozenset[str]:
    """Return the revisions known to this code, from which it can upgrade.

    They are the numbers that the migrations' file names begin with.
    """
    return frozenset(path.name.partition("_")[0] for path in MIGRATIONS.glob("versions/[0-9]*_*.py"))


@lru_cache(maxsize=1)
def baseline() -> str:
    """Return the oldest known revision. Its migration creates the whole schema at once."""
    return min(known_revisions())
