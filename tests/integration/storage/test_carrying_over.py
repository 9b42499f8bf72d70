"""Whoever has data keeps it: full databases of earlier revisions come up at the code of today."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError

from scheduler.storage import schema
from scheduler.storage.database import Database
from scheduler.storage.models import Event
from scheduler.storage.schema import (
    SchemaBroken,
    SchemaBusy,
    SchemaOutOfDate,
    alembic_config,
    require_current,
    upgrade,
)
from tests.support import clocks
from tests.support.databases import Databases, owning
from tests.support.everything import NOWHERE, Everything
from tests.support.factories import NOW, make_event
from tests.support.rows import lost_or_changed, rows_of
from tests.support.web import web_app

EARLIER = {
    "0013": {"organiser": {"row"}},  # they are members of a team now
    "0066": {
        "digest_choice": {"row"},
        "run": {"max_moved"},
    },  # a row a kind of email; 0 says something else now
}
"""Revisions that are carried over, with what a migration changes because it is there for that."""


@pytest.fixture
def database(database: Database) -> Iterator[Database]:
    """For the role that owns it: it changes tables."""
    with owning(database) as owner:
        yield owner


def go_back(database: Database, revision: str) -> None:
    """Downgrade what is full: without foreign keys on SQLite, as an upgrade goes."""
    with database.engine.connect().execution_options(writes=True) as connection:
        driver = connection.connection.dbapi_connection
        if database.is_sqlite:
            driver.cursor().execute("PRAGMA foreign_keys=OFF")
        with connection.begin():
            command.downgrade(alembic_config(connection), revision)
        if database.is_sqlite:
            driver.cursor().execute("PRAGMA foreign_keys=ON")


@pytest.mark.parametrize("revision", EARLIER)
def test_a_full_database_of_an_earlier_revision_keeps_every_row(
    database: Database, monkeypatch: pytest.MonkeyPatch, revision: str
) -> None:
    clocks.hold(monkeypatch, NOW)
    Everything(database, web_app(database, NOWHERE))
    go_back(database, revision)
    before = rows_of(database)
    upgrade(database)
    require_current(database)
    after = rows_of(database)
    assert lost_or_changed(before, after) == EARLIER[revision]
    live = {row["id"] for row in after["event"] if row["live_at"]}
    invited = {row["attendee_id"] for row in after["invitation"]}
    told = [row for row in after["attendee"] if row["id"] in invited and row["event_id"] in live]
    assert told and all(row["welcomed_at"] for row in told), "nobody is invited a second time"


def test_a_file_is_copied_before_and_the_copy_is_what_it_was(tmp_path: Path, sqlite_template: Path) -> None:
    path = tmp_path / "site.db"
    shutil.copy(sqlite_template, path)
    database = Database(f"sqlite:///{path}")
    with database.write() as session:
        make_event(session)
    go_back(database, "0087")
    before = rows_of(database)
    upgrade(database)
    copy = Database(f"sqlite:///{path}.before-0087")
    assert rows_of(copy) == before
    with pytest.raises(SchemaOutOfDate, match="0087"):
        require_current(copy)
    assert path.stat().st_mode == path.with_name("site.db.before-0087").stat().st_mode
    upgrade(database)
    assert not list(tmp_path.glob("*.part")) and not list(tmp_path.glob("*before-0088"))
    database.dispose()
    copy.dispose()


def test_a_file_whose_rows_refer_to_none_stays_as_it_was(tmp_path: Path, sqlite_template: Path) -> None:
    path = tmp_path / "site.db"
    shutil.copy(sqlite_template, path)
    database = Database(f"sqlite:///{path}")
    with database.write() as session:
        make_event(session)
    go_back(database, "0087")
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("UPDATE firm SET event_id = 999")
    with pytest.raises(SchemaBroken, match="stays at 0087: rows refer to others"):
        upgrade(database)
    with pytest.raises(SchemaOutOfDate, match="0087"):
        require_current(database)
    with database.write() as session, pytest.raises(IntegrityError):  # they hold again
        session.execute(text("UPDATE hall SET event_id = 998"))
    database.dispose()


@pytest.mark.postgres
def test_an_upgrade_lets_those_go_first_who_use_its_tables(
    postgres_databases: Databases, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody reads a table that it changes: it does not make others wait behind it, and begins again."""
    monkeypatch.setattr(schema, "LOCK_MILLISECONDS", 50)
    monkeypatch.setattr(schema.time, "sleep", lambda _pause: None)
    with postgres_databases.one() as url:
        database = Database(url)
        go_back(database, "0013")
        tries: list[float] = []
        with database.engine.connect() as reader:
            reader.execute(text("SELECT count(*) FROM meeting_request"))
            monkeypatch.setattr(schema, "PAUSES", ())
            with pytest.raises(SchemaBusy, match="its schema is as it was"):
                upgrade(database)
            with pytest.raises(SchemaOutOfDate, match="0013"):
                require_current(database)
            monkeypatch.setattr(schema, "PAUSES", (1.0,))

            def sleep(pause: float) -> None:
                tries.append(pause)
                if pause == 1.0:
                    reader.rollback()

            monkeypatch.setattr(schema.time, "sleep", sleep)
            upgrade(database)
        assert tries == [schema.SETTLE_SECONDS, 1.0]
        require_current(database)
        database.dispose()


def test_a_file_is_all_of_its_database_once_it_is_folded_in(tmp_path: Path, sqlite_template: Path) -> None:
    """Another process that was killed leaves its rows in the file beside it."""
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
