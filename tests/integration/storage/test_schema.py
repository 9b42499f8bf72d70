"""The migrations create the tables of the models, on both databases."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator

import pytest
from alembic import command
from alembic.script import Script, ScriptDirectory
from sqlalchemy import inspect, text
from sqlalchemy.event import listen
from sqlalchemy.exc import IntegrityError

from scheduler.storage import schema
from scheduler.storage.base import Base
from scheduler.storage.database import Database
from scheduler.storage.schema import SchemaOutOfDate, alembic_config, require_usable, upgrade_schema
from tests.support.additive_migrations import additive_faults
from tests.support.databases import Databases, owning
from tests.support.factories import make_event, make_request, meet
from tests.support.publishing import draft, publish
from tests.support.workers import ROOT

pytestmark = pytest.mark.own_schema


@pytest.fixture
def database(database: Database) -> Iterator[Database]:
    """Return the database with the owner's role, which may change tables."""
    with owning(database) as owner:
        yield owner


def test_upgrading_from_empty_makes_every_table(database: Database) -> None:
    tables = set(inspect(database.engine).get_table_names())
    assert tables - {"alembic_version"} == set(Base.metadata.tables)


def test_migrations_and_models_agree(database: Database) -> None:
    with database.engine.connect() as connection:
        command.check(alembic_config(connection))


def test_every_constraint_and_index_has_the_name_that_the_models_give_it(database: Database) -> None:
    """Alembic compares neither the names of primary and foreign keys nor those of checks."""
    found = inspect(database.engine)
    for name, table in Base.metadata.tables.items():
        wanted = {str(each.name) for each in table.constraints}
        if database.is_sqlite and table.dialect_options["sqlite"]["autoincrement"]:
            wanted.discard(str(table.primary_key.name))  # it stands in its column, without a name
        assert constraints_of(database, name) == wanted
        unique = {str(each["name"]) for each in found.get_unique_constraints(name)}
        indexes = {str(each["name"]) for each in found.get_indexes(name)} - unique
        assert indexes == {str(index.name) for index in table.indexes}


def constraints_of(database: Database, table: str) -> set[str]:
    """The names of all constraints. SQLite has them in its statement alone."""
    with database.engine.connect() as connection:
        if not database.is_sqlite:
            names = (
                "SELECT conname FROM pg_constraint WHERE conrelid = to_regclass(:table) AND contype <> 'n'"
            )
            return set(connection.scalars(text(names), {"table": table}))
        statement = "SELECT sql FROM sqlite_master WHERE type = 'table' AND name = :table"
        return set(
            re.findall(r"CONSTRAINT (\w+)", connection.scalars(text(statement), {"table": table}).one())
        )


@pytest.mark.postgres
def test_sequences_have_the_names_of_their_tables(postgres_databases: Databases) -> None:
    with postgres_databases.one() as url:
        database = Database(url)
        found = set(inspect(database.engine).get_sequence_names())
        database.dispose()
    with_id = {name for name, table in Base.metadata.tables.items() if "id" in table.c}
    assert found - {"event_id_seq"} <= {f"{name}_id_seq" for name in with_id}


def test_upgrading_twice_changes_nothing(database: Database) -> None:
    upgrade_schema(database)
    require_usable(database)


def test_a_database_that_was_not_upgraded_is_refused_by_name(tmp_path) -> None:
    empty = Database(f"sqlite:///{tmp_path / 'empty.db'}")
    with pytest.raises(SchemaOutOfDate, match="chainmeet db upgrade"):
        require_usable(empty)


def test_a_kind_of_mail_that_is_none_is_refused_by_the_database(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session)
        publish(session, expo, draft(session, expo, [meet(make_request(session, expo, 0, 1), expo)]), None)
    with database.engine.connect() as connection:
        for column in ("kind", "method"):
            with pytest.raises(IntegrityError), connection.begin_nested():
                connection.execute(text(f"UPDATE outbox_email SET {column} = 'letter'"))


def test_the_revisions_are_those_of_the_migrations() -> None:
    script = ScriptDirectory(str(schema.MIGRATIONS))
    assert schema.head_revision() == script.get_current_head()
    assert schema.baseline() == script.get_base()
    assert schema.known_revisions() == {each.revision for each in script.walk_revisions()}


@pytest.mark.postgres
def test_additive_migrations_only_add(postgres_databases: Databases) -> None:
    """Code from before them works on, so they must not change what it knows."""
    with postgres_databases.one() as url:
        database = Database(url)
        newest_first = list(ScriptDirectory(str(schema.MIGRATIONS)).walk_revisions())
        additive = [each for each in newest_first if getattr(each.module, "ADDITIVE", False)]
        assert additive, "0134 at least"
        for each in reversed(additive):
            assert additive_faults(statements_of(database, each)) == []
        database.dispose()


def statements_of(database: Database, migration: Script) -> list[str]:
    """Return the statements that a migration executes after its predecessor."""
    found: list[str] = []
    with database.engine.connect().execution_options(writes=True) as connection, connection.begin() as work:
        command.downgrade(alembic_config(connection), str(migration.down_revision))
        listen(connection, "before_cursor_execute", lambda *args: found.append(args[2]))
        command.upgrade(alembic_config(connection), migration.revision)
        work.rollback()
    return found


@pytest.mark.parametrize(
    ("statement", "is_additive"),
    [
        ("CREATE TABLE note (id SERIAL NOT NULL, name TEXT UNIQUE, PRIMARY KEY (id))", True),
        ("CREATE TABLE note (of INTEGER REFERENCES event (id) ON DELETE CASCADE)", True),
        ("CREATE TABLE note (of INTEGER REFERENCES event (id))", False),
        ("CREATE TABLE note (of INTEGER REFERENCES event (id) ON DELETE RESTRICT)", False),
        ("CREATE TABLE note (a INT REFERENCES a (id) ON DELETE CASCADE, b INT REFERENCES b (id))", False),
        ("CREATE INDEX ix_event_key ON event (key)", True),
        ("ALTER TABLE event ADD COLUMN note TEXT", True),
        ("ALTER TABLE event ADD COLUMN note TEXT DEFAULT '' NOT NULL", True),
        ("ALTER TABLE event ADD COLUMN price NUMERIC(10, 2)", True),
        ("ALTER TABLE event ADD COLUMN of INTEGER REFERENCES account (id) ON DELETE SET NULL", True),
        ("ALTER TABLE event ADD COLUMN of INTEGER REFERENCES account (id) ON DELETE CASCADE", False),
        ("ALTER TABLE event ADD COLUMN of INTEGER REFERENCES account (id)", False),
        ("ALTER TABLE event ADD COLUMN note\n  TEXT NOT NULL", False),
        ("ALTER TABLE event ADD COLUMN note TEXT UNIQUE", False),
        ("ALTER TABLE event ADD COLUMN note TEXT CHECK (note <> key)", False),
        ("ALTER TABLE event ADD COLUMN note TEXT, DROP COLUMN key", False),
        ("ALTER TABLE event ADD COLUMN note TEXT; DROP TABLE event", False),
        ("CREATE UNIQUE INDEX ix_event_key ON event (key)", False),
        ("ALTER TABLE event ADD CONSTRAINT ck CHECK (id > 0)", False),
        ("ALTER TABLE event RENAME COLUMN key TO slug", False),
        ("ALTER TABLE event DROP COLUMN key", False),
        ("DROP INDEX ix_event_key", False),
        ("UPDATE event SET key = ''", False),
    ],
)
def test_what_is_additive(statement: str, is_additive: bool) -> None:
    assert (additive_faults([statement]) == []) is is_additive


def test_a_process_that_upgrades_nothing_does_not_load_the_migrations_tool() -> None:
    program = (
        "import sys, api.app, workers.tasks; from scheduler.storage import schema; schema.head_revision();"
        "sys.exit('alembic' in sys.modules)"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    assert subprocess.run([sys.executable, "-c", program], env=environment, check=False).returncode == 0
