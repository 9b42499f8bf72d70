"""Upgrading existing databases, tested with the migration of a future release."""

from __future__ import annotations

import shutil
import sqlite3
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import inspect, select, text
from sqlalchemy.exc import IntegrityError

from scheduler.domain.brand import BrandPicture
from scheduler.services.branding import brands
from scheduler.services.branding.brands import BrandForm
from scheduler.storage import schema
from scheduler.storage.database import Database
from scheduler.storage.models import Event
from scheduler.storage.schema import (
    SchemaBroken,
    SchemaBusy,
    SchemaOutOfDate,
    alembic_config,
    require_usable,
    upgrade_schema,
)
from tests.support import clocks
from tests.support.databases import Databases, owning, upgrade_with
from tests.support.everything import NOWHERE, Everything
from tests.support.factories import NOW, make_event
from tests.support.next_release import COLUMN, REVISION, TABLE, next_release
from tests.support.raster_images import picture
from tests.support.rows import lost_or_changed, rows_of
from tests.support.web import web_app

pytestmark = pytest.mark.own_schema


@pytest.fixture
def database(database: Database) -> Iterator[Database]:
    """Return the database with the owner's role, which may change tables."""
    with owning(database) as owner:
        yield owner


@pytest.fixture
def today(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Simulate code of a future release. Return the databases' current revision."""
    with next_release(tmp_path, monkeypatch) as revision:
        yield revision


def test_a_full_database_keeps_every_row(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clocks.hold(monkeypatch, NOW)
    Everything(database, web_app(database, NOWHERE))
    before = rows_of(database)
    with next_release(tmp_path, monkeypatch):
        with pytest.raises(SchemaOutOfDate, match="Run: chainmeet db upgrade"):
            require_usable(database)
        upgrade_schema(database)
        require_usable(database)
    assert COLUMN in {column["name"] for column in inspect(database.engine).get_columns(TABLE)}
    assert lost_or_changed(before, rows_of(database)) == {}


def migrate(database: Database, step: Callable[[Config, str], None], revision: str) -> None:
    with database.engine.connect().execution_options(writes=True) as connection, connection.begin():
        step(alembic_config(connection), revision)


def test_the_banner_picture_of_an_event_is_kept_by_its_new_name(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session)
    form = BrandForm(accent="#c8102e", files={BrandPicture.BANNER_PICTURE: picture(900, 300, "jpeg")})
    brands.save_brand(database, expo.organiser_actor(), form, now=NOW)
    before = rows_of(database)
    migrate(database, command.downgrade, "0121")
    with database.read() as session:
        assert session.scalars(text("SELECT kind FROM event_picture")).all() == ["hero"]
    migrate(database, command.upgrade, "head")
    changed = lost_or_changed(before, rows_of(database))  # rows count as changed when they get their time
    assert all(columns == {"updated_at"} for columns in changed.values()), changed


@pytest.mark.postgres
def test_tests_of_the_last_release_get_databases_of_this_version(postgres_databases: Databases) -> None:
    database = Database(postgres_databases.create("of_last_release", "template1"))
    upgrade_with(sys.executable, database)
    schema.require_usable(database)
    database.dispose()


def test_a_file_is_copied_before_and_the_copy_is_what_it_was(
    tmp_path: Path, sqlite_template: Path, today: str
) -> None:
    path = tmp_path / "site.db"
    shutil.copy(sqlite_template, path)
    database = Database(f"sqlite:///{path}")
    with database.write() as session:
        make_event(session)
    before = rows_of(database)
    upgrade_schema(database)
    copy = Database(f"sqlite:///{path}.before-{today}")
    assert rows_of(copy) == before
    with pytest.raises(SchemaOutOfDate, match=today):
        require_usable(copy)
    assert path.stat().st_mode == path.with_name(f"site.db.before-{today}").stat().st_mode
    upgrade_schema(database)
    assert not list(tmp_path.glob("*.part")) and not list(tmp_path.glob(f"*before-{REVISION}"))
    database.dispose()
    copy.dispose()


def test_a_file_whose_rows_refer_to_none_stays_as_it_was(
    tmp_path: Path, sqlite_template: Path, today: str
) -> None:
    path = tmp_path / "site.db"
    shutil.copy(sqlite_template, path)
    database = Database(f"sqlite:///{path}")
    with database.write() as session:
        make_event(session)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("UPDATE firm SET event_id = 999")
    with pytest.raises(SchemaBroken, match=f"stays at {today}: rows refer to others"):
        upgrade_schema(database)
    with pytest.raises(SchemaOutOfDate, match=today):
        require_usable(database)
    with database.write() as session, pytest.raises(IntegrityError):  # constraints are enforced again
        session.execute(text("UPDATE hall SET event_id = 998"))
    database.dispose()


@pytest.mark.postgres
def test_an_upgrade_lets_those_go_first_who_use_its_tables(
    postgres_databases: Databases, monkeypatch: pytest.MonkeyPatch, today: str
) -> None:
    """Another session reads a table to be changed: the upgrade retries, rather than block later sessions."""
    monkeypatch.setattr(schema, "LOCK_MILLISECONDS", 50)
    monkeypatch.setattr(schema.time, "sleep", lambda _pause: None)
    with postgres_databases.one() as url:
        database = Database(url)
        tries: list[float] = []
        with database.engine.connect() as reader:
            reader.execute(text("SELECT count(*) FROM meeting_request"))
            monkeypatch.setattr(schema, "PAUSES", ())
            with pytest.raises(SchemaBusy, match="its schema is as it was"):
                upgrade_schema(database)
            with pytest.raises(SchemaOutOfDate, match=today):
                require_usable(database)
            monkeypatch.setattr(schema, "PAUSES", (1.0,))

            def sleep(pause: float) -> None:
                tries.append(pause)
                if pause == 1.0:
                    reader.rollback()

            monkeypatch.setattr(schema.time, "sleep", sleep)
            upgrade_schema(database)
        assert tries == [schema.SETTLE_SECONDS, 1.0]
        require_usable(database)
        database.dispose()


def test_a_file_is_all_of_its_database_once_it_is_folded_in(tmp_path: Path, sqlite_template: Path) -> None:
    """A killed process leaves rows in the write-ahead log."""
    path, alone = tmp_path / "site.db", tmp_path / "alone.db"
    shutil.copy(sqlite_template, path)
    database, other = Database(f"sqlite:///{path}"), Database(f"sqlite:///{path}")
    with other.write() as session:
        expo = make_event(session)
    database.fold_in()
    shutil.copy(path, alone)
    copy = Database(f"sqlite:///{alone}")
    with copy.read() as session:
        assert session.scalars(select(Event.key)).all() == [expo.event.key]
    for each in (database, other, copy):
        each.dispose()
