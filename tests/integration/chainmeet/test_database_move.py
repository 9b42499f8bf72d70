"""A small installation moves to PostgreSQL: every row and the journal, and it continues there."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import text, update

from chainmeet.cli import main
from chainmeet.database_move import MoveRefused, move
from chainmeet.stack.data_folder import DataFolder, FolderInUse
from scheduler.config import Settings
from scheduler.secret_keys import SecretKeys
from scheduler.services.audit_log.recording import NamedDoer
from scheduler.services.availability.busy_times import ADDRESS
from scheduler.services.identity import encryption
from scheduler.services.operations import restored_copy, site_pause
from scheduler.services.operations.restored_copy import CopyKind
from scheduler.services.operations.site_pause import RestoredDatabase
from scheduler.storage.base import Base
from scheduler.storage.database import Database
from scheduler.storage.models import Account, BusySource, Installation
from scheduler.storage.schema import SchemaOutOfDate, head_revision, upgrade_schema
from scheduler.storage.send_journal import SendJournal
from tests.support.databases import Databases
from tests.support.factories import NOW, SECRET_KEY
from tests.support.filled import releases
from tests.support.next_release import at_revision

pytestmark = pytest.mark.postgres
INSTALLATION = "f" * 32
_numbers = count(1)


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> DataFolder:
    """Return the data folder of a full event in the middle of sending, with a journal."""
    folder = DataFolder.open(tmp_path_factory.mktemp("filled") / "data")
    newest = next(release for release in reversed(releases()) if release.engine == "sqlite")
    newest.restore_into(folder.database_url)
    database = Database(folder.database_url)
    upgrade_schema(database)
    with database.write() as session:
        row = site_pause.lock_installation(session)
        row.key, row.epoch = INSTALLATION, 7
        address = encryption.encrypt(SECRET_KEY, ADDRESS, "https://calendar.example/li.ics")
        session.execute(update(BusySource).values(address=address))
    database.fold_in()
    database.dispose()
    (folder.root / "journal").mkdir()
    SendJournal(folder.root / "journal").begin(INSTALLATION)
    return folder


@pytest.fixture
def folder(filled: DataFolder, tmp_path: Path) -> DataFolder:
    """Return a copy of it."""
    shutil.copytree(filled.root, tmp_path / "data")
    return DataFolder(tmp_path / "data")


@pytest.fixture
def target(postgres_databases: Databases) -> Iterator[Database]:
    database = Database(postgres_databases.create(f"moved_{next(_numbers)}", "template1"))
    yield database
    database.dispose()


@pytest.fixture
def settings(target: Database, tmp_path: Path) -> Settings:
    """Return the settings of the new installation, with the keys of the old one."""
    return Settings(
        database_url=target.url.render_as_string(hide_password=False),
        redis_url="redis://127.0.0.1:1",
        secret_key=SECRET_KEY,
        journal=str(tmp_path / "new" / "journal"),
    )


def rows_by_table(database: Database) -> dict[str, list[tuple[object, ...]]]:
    """Return all rows, as the application reads them."""
    with database.engine.connect() as connection:
        return {
            name: sorted((tuple(row) for row in connection.execute(table.select())), key=repr)
            for name, table in Base.metadata.tables.items()
        }


def test_every_row_is_there_and_both_continue_apart(
    folder: DataFolder, target: Database, settings: Settings
) -> None:
    old = Database(folder.database_url)
    before = rows_by_table(old)
    moved = move(folder, target, settings)
    assert rows_by_table(target) == before
    assert (moved.rows, moved.has_journal) == (sum(map(len, before.values())), True)
    # The new installation continues the journal. The old one stays paused, also if somebody resumes it.
    assert restored_copy.pause_if_copied(target, settings, now=NOW)
    with old.write() as session:
        assert session.get_one(Installation, site_pause.THE_ROW).copy_kind == CopyKind.MOVED
        with pytest.raises(RestoredDatabase):
            site_pause.resume(session, NamedDoer(name="operator"), now=NOW)
    old.dispose()


def test_new_rows_get_new_numbers_and_the_rules_of_the_schema_hold_again(
    folder: DataFolder, target: Database, settings: Settings
) -> None:
    move(folder, target, settings)
    with target.write() as session:
        highest = max(account.id for account in session.query(Account))
        account = Account(email="new@example.org", name="New", created_at=NOW)
        session.add(account)
        session.flush()
        assert account.id == highest + 1
    with target.engine.connect() as connection:
        on = connection.scalar(text("SELECT count(*) FROM pg_trigger WHERE tgenabled = 'D'"))
        deferrable = connection.scalar(
            text("SELECT count(*) FROM pg_constraint WHERE contype = 'f' AND condeferrable")
        )
    assert (on, deferrable) == (0, 0)
    with pytest.raises(Exception, match="audit log"), target.write() as session:
        session.execute(text("DELETE FROM audit_log_entry"))


def test_nothing_is_changed_where_a_step_is_missing(
    folder: DataFolder, target: Database, settings: Settings, tmp_path: Path
) -> None:
    other_keys = replace(settings, secret_key=SecretKeys("another secret key of some other installation"))
    with pytest.raises(MoveRefused, match="secret_key"):
        move(folder, target, other_keys)
    with pytest.raises(MoveRefused, match="CHAINMEET_JOURNAL"):
        move(folder, target, replace(settings, journal=""))
    with pytest.raises(MoveRefused, match="no database"):
        move(DataFolder.open(tmp_path / "empty"), target, settings)
    with folder.lock(), pytest.raises(FolderInUse):
        move(folder, target, settings)
    old = Database(folder.database_url)
    with pytest.raises(MoveRefused, match="SQLite"):
        move(folder, old, settings)
    with old.read() as session:
        assert not site_pause.is_paused(session)
    old.dispose()
    upgrade_schema(target)
    with target.write() as session:
        session.add(Account(email="other@example.org", name="Other", created_at=NOW))
    with pytest.raises(MoveRefused, match="not empty"):
        move(folder, target, settings)
    assert not Path(settings.journal).exists()


def test_a_database_that_a_newer_version_has_upgraded_is_not_moved(
    folder: DataFolder, target: Database, settings: Settings
) -> None:
    """This version would leave out tables and columns that it doesn't know."""
    old = Database(folder.database_url)
    upgrade_schema(target)
    for upgraded in (old, target):
        newer = at_revision(upgraded, "9000", oldest_code=head_revision())
        with newer, pytest.raises(SchemaOutOfDate, match="A newer version"):
            move(folder, target, settings)
    with old.read() as session:
        assert not site_pause.is_paused(session)
    with target.read() as session:
        assert session.query(Account).count() == 0
    old.dispose()


def test_a_row_that_is_not_the_same_leaves_the_target_empty(
    folder: DataFolder, target: Database, settings: Settings
) -> None:
    """PostgreSQL stores no NUL, which SQLite does."""
    old = Database(folder.database_url)
    with old.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE firm SET name = name || char(0) WHERE id = 1")
    old.dispose()
    with pytest.raises(MoveRefused, match="firm"):
        move(folder, target, settings)
    assert not any(rows_by_table(target)["firm"])
    assert not SendJournal(Path(settings.journal)).path.exists()
    # Once the row is corrected, the same target is fine.
    with old.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE firm SET name = 'Firm ' || id")
    old.dispose()
    assert move(folder, target, settings).has_journal


def test_the_command_says_what_it_moved(
    folder: DataFolder, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in settings.to_env().items():
        monkeypatch.setenv(name, value)
    done = CliRunner().invoke(main, ["db", "move", str(folder.root)], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    assert "The journal was copied. The old database is paused." in done.output
