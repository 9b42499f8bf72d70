"""PostgreSQL test databases: copied from a template, and emptied and reused because copying is slower."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from weakref import WeakKeyDictionary

import psycopg
from sqlalchemy import make_url
from sqlalchemy.pool import QueuePool

from scheduler.config import PREFIX
from scheduler.storage.database import Database
from scheduler.storage.schema import upgrade_schema
from tests.support import clocks

TEMPLATE = "template_chainmeet"
OWNER, APPLICATION = "tests_owner", "tests_application"
"""The role that owns and migrates the tables, and the role of tests, with the fewest privileges."""
LATER_VERSION = "LATER_VERSION_PYTHON"
"""Environment variable with the Python program of a later version, whose schema the databases then have.

`tests.support.last_release` sets it."""
LARGEST = 4 << 20
"""Maximum growth of a reusable database in bytes, because deleted rows stay in its files."""

_FORM = """
SELECT string_agg(concat(what, n, ' ', last), ',' ORDER BY what) FROM (
    SELECT 'class' AS what, count(*) AS n, max(xmin::text::bigint) AS last FROM pg_class
    UNION ALL SELECT 'attribute', count(*), max(xmin::text::bigint) FROM pg_attribute
    UNION ALL SELECT 'constraint', count(*), max(xmin::text::bigint) FROM pg_constraint
    UNION ALL SELECT 'function', count(*), max(xmin::text::bigint) FROM pg_proc
    UNION ALL SELECT 'trigger', count(*), max(xmin::text::bigint) FROM pg_trigger
    UNION ALL SELECT 'setting', count(*), 0 FROM pg_db_role_setting, unnest(setconfig) AS one
      WHERE one NOT LIKE 'tests.clock_by=%' AND setdatabase IN (
        0, (SELECT oid FROM pg_database WHERE datname = current_database()))
    UNION ALL SELECT 'version ' || string_agg(version_num, ' '), count(*), 0 FROM alembic_version
) AS catalogs
"""
"""Fingerprint of the schema, which differs if a test changed more than rows."""
_ALONE = """
SELECT count(*) = 0 FROM pg_stat_activity
WHERE datname = current_database() AND pid <> ALL(%s) AND backend_type = 'client backend'
"""
"""True if no other connection remains that could write into the next test's database."""
TABLES = """
SELECT quote_ident(relname) FROM pg_class
WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND relname <> 'alembic_version'
"""
"""Query of the names of all tables with rows of ours."""
_FIRST = "SELECT setval(oid::regclass, 1, false) FROM pg_class WHERE relkind = 'S'"

_CLOCK = """
CREATE SCHEMA tests;
GRANT USAGE ON SCHEMA tests TO PUBLIC;
CREATE FUNCTION tests.clock_timestamp() RETURNS timestamptz LANGUAGE sql VOLATILE RETURN
    pg_catalog.clock_timestamp() + current_setting('tests.clock_by')::interval;
"""
"""The test clock, which the search path finds before the server's own: see `clocks`."""
_PATH = "SET search_path = public, tests, pg_catalog"


def upgrade_with(python: str, database: Database) -> None:
    """Upgrade a database by the `chainmeet db upgrade` of another version, given by its Python program."""
    command = [python, "-I", "-m", "chainmeet.cli", "db", "upgrade", "--application-role", APPLICATION]
    settings = {
        "DATABASE_URL": database.url.render_as_string(hide_password=False),
        "REDIS_URL": "redis://127.0.0.1:1",
        "SECRET_KEY": "a secret key that an upgrade does not use",
    }
    environment = {f"{PREFIX}{name}": value for name, value in settings.items()}
    subprocess.run(command, env={**os.environ, **environment}, check=True)


class Databases:
    """The databases of a server. `url` is that of its maintenance database."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._made = 0
        self._free: list[str] = []
        self._own: dict[str, psycopg.Connection] = {}
        self._opened: dict[str, Database] = {}
        self._say(_CLOCK, "template1")
        for role in (OWNER, APPLICATION):
            self._say(f"CREATE ROLE {role} LOGIN")
        template = Database(self.create(TEMPLATE, "template1"))
        upgrade_schema(template, application=APPLICATION)
        if later := os.environ.get(LATER_VERSION):
            upgrade_with(later, template)
        template.dispose()
        with self._connected(TEMPLATE) as connection:
            tables = [name for (name,) in connection.execute(TABLES)]
            self._form = _one(connection, _FORM)
            self._size = _one(connection, "SELECT pg_database_size(current_database())")
        deletes = "".join(f"DELETE FROM {name};" for name in tables)
        self._empty = f"SET session_replication_role = replica; {deletes} {_FIRST}"

    def named(self, name: str, role: str = "postgres") -> str:
        return make_url(self.url).set(database=name, username=role).render_as_string(hide_password=False)

    @contextmanager
    def one(self) -> Iterator[str]:
        """Yield the URL of an empty migrated database, for the role that owns it and may migrate it."""
        name = self._take()
        self._set_clock(name)
        yield self.named(name, OWNER)
        self._give_back(name, [])

    @contextmanager
    def one_opened(self) -> Iterator[Database]:
        """Yield an empty migrated database for the role of the application.

        Its idle connections of earlier tests stay open, because a new one first reads the catalogs of all
        tables again.
        """
        name = self._take()
        by = self._set_clock(name)
        database = self._opened.setdefault(name, Database(for_application(self.named(name))))
        _run_on_idle(database, f"RESET ALL; SET tests.clock_by = '{by} s'")
        _superusers[database] = self._own_connection(name)
        yield database
        self._give_back(name, _run_on_idle(database, "SELECT pg_advisory_unlock_all()"))

    def _take(self) -> str:
        if self._free:
            return self._free.pop()
        self._made += 1
        name = f"test_{self._made}"
        self.create(name)
        return name

    def _give_back(self, name: str, idle: list[int]) -> None:
        """Empty the database for another test, or drop it if it then differs from the template.

        `idle` are the process numbers of the connections that stay open.
        """
        if self._emptied(name, idle):
            self._free.append(name)
            return
        if name in self._opened:
            self._opened.pop(name).dispose()
        self._own.pop(name).close()
        self._say(f"DROP DATABASE {name} WITH (FORCE)")

    def _emptied(self, name: str, idle: list[int]) -> bool:
        """Empty the database. Return True if it then equals the template."""
        own = self._own_connection(name)
        if not _one(own, _ALONE, [[*idle, own.info.backend_pid]]) or _one(own, _FORM) != self._form:
            return False
        if _one(own, "SELECT pg_database_size(current_database())") > self._size + LARGEST:
            return False
        own.execute(self._empty)
        return True

    def create(self, name: str, template: str = TEMPLATE) -> str:
        """Create a named database that lasts as long as the server. Return its URL."""
        self._say(f"CREATE DATABASE {name} OWNER {OWNER} TEMPLATE {template}")
        self._say(f"ALTER DATABASE {name} {_PATH}")
        self._set_clock(name)
        return self.named(name, OWNER)

    def _set_clock(self, name: str) -> float:
        """Set a database's clock, for later connections, to that of this process.

        Return the seconds that it is ahead of the server's.
        """
        own = self._own_connection("postgres")
        by: float = (clocks.now() - _one(own, "SELECT clock_timestamp()")).total_seconds()
        own.execute(f"ALTER DATABASE {name} SET tests.clock_by = '{by} s'")
        return by

    def _say(self, statement: str, name: str = "postgres") -> None:
        with self._connected(name) as connection:
            connection.execute(statement)

    def _own_connection(self, name: str) -> psycopg.Connection:
        """Return the connection of this class to a database, which stays open."""
        if name not in self._own or self._own[name].closed:
            self._own[name] = psycopg.connect(self._plain(name), autocommit=True)
        return self._own[name]

    @contextmanager
    def _connected(self, name: str) -> Iterator[psycopg.Connection]:
        with psycopg.connect(self._plain(name), autocommit=True) as connection:
            yield connection

    def _plain(self, name: str) -> str:
        return self.named(name).replace("+psycopg", "")


_superusers: WeakKeyDictionary[Database, psycopg.Connection] = WeakKeyDictionary()


def superuser(database: Database) -> psycopg.Connection:
    """Return the superuser's connection to a database of `Databases.one_opened`."""
    return _superusers[database]


def end_connections(database: Database) -> None:
    """End the connections of the application, as a restart of PostgreSQL does. Returns once they are gone.

    Needs `Databases.one_opened`.
    """
    superuser(database).execute(
        "SELECT pg_terminate_backend(pid, 30000) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )


@contextmanager
def locked(database: Database, table: str) -> Iterator[None]:
    """Have all that write into a table wait until the end of the block. Needs `Databases.one_opened`."""
    own = superuser(database)
    with own.transaction():
        own.execute(f"LOCK TABLE {table} IN EXCLUSIVE MODE")
        yield


def without_timeouts(database: Database) -> str:
    """Return the URL of a database for a process that waits for locks as long as a test holds them."""
    endless = "-c lock_timeout=0 -c statement_timeout=0"
    return database.url.update_query_dict({"options": endless}).render_as_string(hide_password=False)


def for_application(url: str) -> str:
    """Return the URL of a database for the role of the application."""
    return make_url(url).set(username=APPLICATION).render_as_string(hide_password=False)


@contextmanager
def owning(database: Database) -> Iterator[Database]:
    """Yield the database for the role that owns its tables, without restrictions."""
    if database.is_sqlite:
        yield database
        return
    owner = Database(database.url.set(username=OWNER).render_as_string(hide_password=False))
    try:
        yield owner
    finally:
        owner.dispose()


def _run_on_idle(database: Database, statements: str) -> list[int]:
    """Run statements on every idle connection of the pool. Return their process numbers.

    If one is lost, all are closed.
    """
    pool = database.engine.pool
    assert isinstance(pool, QueuePool)
    connections = [database.engine.raw_connection() for _ in range(pool.checkedin())]
    numbers = []
    try:
        for connection in connections:
            driver = connection.driver_connection
            assert isinstance(driver, psycopg.Connection)
            driver.execute(statements)
            driver.commit()
            numbers.append(driver.info.backend_pid)
    except psycopg.Error:
        return []
    finally:
        for connection in connections:
            connection.close()
        if len(numbers) < len(connections):
            database.dispose()
    return numbers


def _one(connection: psycopg.Connection, query: str, values: list[Any] | None = None) -> Any:
    row = connection.execute(query, values).fetchone()
    return row and row[0]
