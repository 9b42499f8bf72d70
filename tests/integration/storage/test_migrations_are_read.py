"""Squawk checks each migration after the baseline for table rewrites and data loss on PostgreSQL."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy import event

from scheduler.storage import schema
from scheduler.storage.database import Database
from scheduler.storage.schema import alembic_config
from tests.conftest import skip_or_fail
from tests.support.databases import Databases

pytestmark = pytest.mark.postgres

ALLOWED: dict[str, tuple[str, ...]] = {
    # Roles stand back meanwhile, and go on with the new names.
    "0111": ("renaming-table", "renaming-column", "renaming-object"),
    # An event has at most two rows: checking them takes no time.
    "0122": ("ban-drop-constraint", "constraint-missing-not-valid"),
    # Ids of new tables are made like those of all others.
    "0124": ("prefer-identity",),
    "0125": ("prefer-identity",),
    "0126": ("prefer-identity",),
    "0128": ("prefer-identity",),
    # An installation has few tokens: checking them takes no time. Roles stand back meanwhile, so that no
    # earlier code reads a token without an event.
    "0130": ("ban-drop-not-null", "constraint-missing-not-valid"),
}
"""By migration: the rules that it violates, and the table. Scans of large tables need another solution."""
LEFT_OUT = (
    "prefer-bigint-over-int",  # no table grows that large
    "prefer-text-field",  # lengths equal the forms'
    "prefer-robust-stmts",  # an upgrade is one transaction: no statement is repeated
    "require-concurrent-index-creation",  # impossible in a transaction; other processes pause meanwhile
    "require-statement-timeout",  # migrations may be long, but never wait long for a lock
)
"""Rules that do not apply here."""
_PARAMETER = re.compile(r"%\(\w+\)s")


def squawk() -> str:
    """Return the environment's program, which the lock file pins."""
    program = Path(sys.executable).with_name("squawk")
    if not program.exists():
        skip_or_fail("squawk-cli is missing: make .venv/dev.stamp installs it")
    return str(program)


def broken(sql: str) -> set[str]:
    """Return the Squawk rules that these statements violate."""
    command_line = [squawk(), "--reporter=json", "--assume-in-transaction", "--pg-version=15"]
    command_line += [f"--exclude={','.join(LEFT_OUT)}", "--stdin-filepath=migration.sql"]
    done = subprocess.run(command_line, input=sql, capture_output=True, text=True, check=False)
    return {found["rule_name"] for found in json.loads(done.stdout)}


def as_sent(database: Database, revision: str) -> str:
    """Upgrade to a revision. Return the statements sent to the database."""
    said = [f"SET LOCAL lock_timeout = {schema.LOCK_MILLISECONDS}"]

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        said.append(_PARAMETER.sub("NULL", statement))

    with database.engine.connect().execution_options(writes=True) as connection, connection.begin():
        event.listen(database.engine, "before_cursor_execute", note)
        command.upgrade(alembic_config(connection), revision)
        event.remove(database.engine, "before_cursor_execute", note)
    return ";\n".join(said) + ";\n"


def by_migration(database: Database) -> Iterator[tuple[str, str]]:
    """Yield the statements of each migration after the baseline, in order."""
    as_sent(database, schema.baseline())
    newer = ScriptDirectory(str(schema.MIGRATIONS)).iterate_revisions("head", schema.baseline())
    for script in reversed(list(newer)):
        yield script.revision, as_sent(database, script.revision)


def test_new_migrations_lock_no_table_for_long_and_lose_nothing(postgres_databases: Databases) -> None:
    database = Database(postgres_databases.create("read_by_squawk", "template1"))
    found = {revision: broken(sql) for revision, sql in by_migration(database)}
    database.dispose()
    assert {revision: rules for revision, rules in found.items() if rules} == {
        revision: set(rules) for revision, rules in ALLOWED.items()
    }


@pytest.mark.parametrize(
    ("statement", "rule"),
    [
        ("ALTER TABLE firm ALTER COLUMN name TYPE integer", "changing-column-type"),
        (
            "ALTER TABLE firm ADD COLUMN made timestamptz DEFAULT clock_timestamp()",
            "adding-field-with-default",
        ),
        ("ALTER TABLE firm DROP COLUMN name", "ban-drop-column"),
        ("ALTER TABLE firm RENAME COLUMN name TO called", "renaming-column"),
        ("ALTER TABLE firm ADD COLUMN x bigint NOT NULL", "adding-required-field"),
        ("TRUNCATE firm CASCADE", "ban-truncate-cascade"),
    ],
)
def test_a_statement_that_would_be_in_the_way_is_found(statement: str, rule: str) -> None:
    before = f"SET LOCAL lock_timeout = {schema.LOCK_MILLISECONDS};\n"
    assert broken(f"{before}{statement};\n") == {rule}
    assert broken(f"{before}ALTER TABLE firm ADD COLUMN x varchar(20);\n") == set()
