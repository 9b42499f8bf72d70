"""A simulated next release: today's migrations, and one more. Also databases that it has upgraded."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import text

from scheduler.storage import schema
from scheduler.storage.database import Database
from tests.support.databases import owning

REVISION = "9000"
TABLE, COLUMN = "meeting_request", "of_next_release"
_MIGRATION = f'''
"""a column more; on SQLite by a copy of its table, to which others refer."""

import sqlalchemy as sa
from alembic import op

revision = "{REVISION}"
down_revision = "%s"
branch_labels = None
depends_on = None
ADDITIVE = %s


def upgrade() -> None:
    copy = "always" if op.get_bind().dialect.name == "sqlite" else "auto"
    with op.batch_alter_table("{TABLE}", recreate=copy) as table:
        table.add_column(sa.Column("{COLUMN}", sa.Integer(), nullable=False, server_default="0"))
'''


@contextmanager
def next_release(folder: Path, patch: pytest.MonkeyPatch, *, is_additive: bool = False) -> Iterator[str]:
    """Simulate the code of the next release with its migrations. Yield today's revision.

    On PostgreSQL its migration adds a column with a default, which today's code can work with.
    """
    today = str(schema.head_revision())
    migrations = folder / "migrations"
    shutil.copytree(schema.MIGRATIONS, migrations, ignore=shutil.ignore_patterns("__pycache__"))
    (migrations / "versions" / f"{REVISION}_next_release.py").write_text(_MIGRATION % (today, is_additive))
    with patch.context() as within:
        within.setattr(schema, "MIGRATIONS", migrations)
        _forget()
        yield today
    _forget()


@contextmanager
def at_revision(database: Database, revision: str, *, oldest_code: str | None = None) -> Iterator[None]:
    """Simulate a database upgraded by another version. By default, only that version works with it."""
    with owning(database) as owner, owner.read() as session:
        before = schema.connection_state(session.connection())
    _set_state(database, revision, oldest_code or revision)
    try:
        yield
    finally:
        _set_state(database, before.revision, before.oldest_code)


def _set_state(database: Database, revision: str | None, oldest_code: str | None) -> None:
    statement = text("UPDATE alembic_version SET version_num = :revision, oldest_code = :oldest_code")
    with owning(database) as owner, owner.write() as session:
        session.execute(statement, {"revision": revision, "oldest_code": oldest_code})


def _forget() -> None:
    for kept in (schema.head_revision, schema.known_revisions, schema.baseline):
        kept.cache_clear()
