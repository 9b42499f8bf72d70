"""While the database is upgraded, or has another version's schema, every role pauses with a message."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import Envelope
from sqlalchemy import Connection, event, func, select, text

from api import health
from scheduler.services.operations import job_intervals
from scheduler.storage import schema, schema_gate
from scheduler.storage.database import Database
from scheduler.storage.schema import SchemaOutOfDate, SchemaUpgrading, upgrade_schema
from scheduler.storage.schema_gate import SchemaGate
from scheduler.watchdog import Watchdog
from tests.support.databases import Databases
from tests.support.everything import NOWHERE
from tests.support.factories import make_event, make_request
from tests.support.next_release import REVISION, at_revision, next_release
from tests.support.publishing import SETTINGS
from tests.support.web import web_app
from tests.support.workers import eventually, settings_for, worker
from workers import clock, dispatch
from workers.celery_app import make_celery
from workers.clock import Clock
from workers.lmtp_receiver import Receiver

NEWER, OLDER = "9999", "0087"


@pytest.fixture(autouse=True)
def _look_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schema_gate, "EVERY_SECONDS", 0.0)
    monkeypatch.setattr(health, "KEPT_SECONDS", 0.0)


@contextmanager
def being_upgraded(database: Database) -> Iterator[None]:
    """Simulate an upgrade by another process."""
    with database.engine.connect() as connection:
        connection.execute(select(func.pg_advisory_lock(schema._SIGN)))
        yield
        connection.execute(select(func.pg_advisory_unlock(schema._SIGN)))


@pytest.mark.postgres
def test_the_web_waits_for_an_upgrade(postgres_databases: Databases) -> None:
    with postgres_databases.one() as url:
        database = Database(url)
        client = web_app(database, NOWHERE).test_client()
        with being_upgraded(database):
            page, program, ready = (client.get(path) for path in ("/sign-in", "/api/v1/me", "/readyz"))
            assert (page.status_code, page.headers["Retry-After"]) == (503, "30")
            assert "Chainmeet is being upgraded. Nothing was changed." in page.text
            assert program.status_code == 503
            assert program.get_json()["type"] == "urn:chainmeet:error:schema-upgrading"
            assert (ready.status_code, ready.get_json()["not_ready"]) == (503, ["schema", "broker"])
            assert "is being upgraded" in ready.get_json()["schema"]
            assert client.get("/healthz").status_code == 200
        assert client.get("/sign-in").status_code == 200
        database.dispose()


@pytest.mark.parametrize(
    ("revision", "way"),
    [(NEWER, "A newer version of Chainmeet"), (OLDER, "older than this version can upgrade")],
)
def test_no_role_uses_a_database_of_another_version(
    database: Database, monkeypatch: pytest.MonkeyPatch, revision: str, way: str
) -> None:
    client = web_app(database, NOWHERE).test_client()
    ticking, receiver = Clock(database, SETTINGS), Receiver(database, SETTINGS)
    with at_revision(database, revision):
        page = client.get("/sign-in")
        assert (page.status_code, page.headers["Retry-After"]) == (503, "30")
        assert way in client.get("/readyz").get_json()["schema"]
        turns(ticking, monkeypatch)
        to = receiver.handle_RCPT(None, None, Envelope(), "replies@expo.example", [])  # type: ignore[arg-type]
        assert asyncio.run(to).startswith("451")
    with database.read() as session:
        assert job_intervals.last_run_at(session, job_intervals.TICK) is None
    turns(ticking, monkeypatch)
    with database.read() as session:
        assert job_intervals.last_run_at(session, job_intervals.TICK) is not None
    assert client.get("/sign-in").status_code == 200


def turns(ticking: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run the clock's loop once."""
    stop = threading.Event()
    monkeypatch.setattr(stop, "wait", lambda _seconds: stop.set())
    for name in ("deliver", "fetch", "refetch"):
        monkeypatch.setattr(clock.dispatch, name, lambda **_: True)
    ticking.run(stop, Watchdog())


@pytest.mark.parametrize(
    ("revision", "way"),
    [(NEWER, "start that version, or restore the backup"), (OLDER, "Databases from before 0.9.0")],
)
def test_a_database_of_another_version_is_not_touched_by_an_upgrade(
    database: Database, revision: str, way: str
) -> None:
    statements: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        statements.append(statement)

    with at_revision(database, revision):
        event.listen(database.engine, "before_cursor_execute", note)
        with pytest.raises(SchemaOutOfDate, match=way):
            upgrade_schema(database)
        event.remove(database.engine, "before_cursor_execute", note)
    assert all(each.startswith(("SELECT", "SET", "PRAGMA")) for each in statements), statements


@pytest.mark.own_schema
@pytest.mark.postgres
def test_whoever_is_at_work_is_told_before_the_first_statement(
    postgres_databases: Databases, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with postgres_databases.one() as url, next_release(tmp_path, monkeypatch) as today:
        database, role = Database(url), Database(url)
        gate, seen = SchemaGate(role), []

        def pause(seconds: float) -> None:
            with role.read() as session:
                has = session.scalar(text("SELECT version_num FROM alembic_version"))
            seen.append((seconds, has, type(gate.why())))

        monkeypatch.setattr(schema.time, "sleep", pause)
        upgrade_schema(database)
        assert seen == [(schema.SETTLE_SECONDS, today, SchemaUpgrading)]
        assert gate.why() is None
        upgrade_schema(database)
        assert len(seen) == 1, "there was nothing to upgrade: nobody waits"
        for each in (database, role):
            each.dispose()


@pytest.mark.own_schema
@pytest.mark.postgres
def test_the_previous_version_works_while_and_after_the_schema_is_only_added_to(
    postgres_databases: Databases, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with postgres_databases.one() as url:
        database, web = Database(url), Database(url)
        client = web_app(web, NOWHERE).test_client()
        found: list[schema.SchemaState | str] = []
        upgrade_to_head = schema._upgrade_to_head

        def upgrade_beside_a_reader(connection: Connection) -> None:
            upgrade_to_head(connection)
            with web.read() as session:  # before the upgrade is committed
                found.append(schema.connection_state(session.connection()))

        monkeypatch.setattr(schema, "_upgrade_to_head", upgrade_beside_a_reader)
        monkeypatch.setattr(schema.time, "sleep", lambda _seconds: found.append("pause"))
        with next_release(tmp_path, monkeypatch, is_additive=True) as today:
            upgrade_schema(database)
            assert schema.oldest_code() == "0133", "0134 and the simulated migration are additive"
        assert found == [schema.SchemaState(today, "0133", is_upgrading=False)], "nobody pauses"
        assert client.get("/sign-in").status_code == 200
        assert client.get("/readyz").get_json()["schema"] == "ok"
        with database.write() as session:  # rows without the new column
            make_request(session, make_event(session), 0, 1)
        upgrade_schema(database)
        with database.read() as session:
            version = session.execute(text("SELECT version_num, oldest_code FROM alembic_version")).one()
            assert version == (REVISION, "0133"), "the previous version's upgrade changes nothing"
            with pytest.raises(SchemaOutOfDate, match="A newer version of Chainmeet"):
                schema.require_own(session.connection())
        assert today == schema.head_revision()
        for each in (database, web):
            each.dispose()


@pytest.mark.own_schema
@pytest.mark.postgres
def test_a_version_from_before_a_change_that_is_not_additive_waits(
    postgres_databases: Databases, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with postgres_databases.one() as url:
        database = Database(url)
        monkeypatch.setattr(schema.time, "sleep", lambda _seconds: None)
        with next_release(tmp_path, monkeypatch):
            upgrade_schema(database)
        assert isinstance(SchemaGate(database).why(), SchemaOutOfDate)
        database.dispose()


@pytest.mark.own_schema
@pytest.mark.postgres
def test_open_connections_see_the_oldest_code_once_an_upgrade_records_it(
    postgres_databases: Databases,
) -> None:
    """psycopg prepares a repeated statement, which must not fail for a column that is added meanwhile."""
    with postgres_databases.one() as url:
        database, owner = Database(url), Database(url)
        with owner.write() as session:
            session.execute(text("ALTER TABLE alembic_version DROP COLUMN oldest_code"))
        before = [state_of(database) for _ in range(5)]
        with owner.write() as session:
            session.execute(text("ALTER TABLE alembic_version ADD COLUMN oldest_code VARCHAR(32)"))
            session.execute(text("UPDATE alembic_version SET oldest_code = '0133'"))
        head, numbers = schema.head_revision(), {number for _, number in before}
        assert [state for state, _ in before] == [schema.SchemaState(head)] * 5
        (after, number) = state_of(database)
        assert after == schema.SchemaState(head, "0133")
        assert {number} == numbers, "the same connection of the pool"
        for each in (database, owner):
            each.dispose()


def state_of(database: Database) -> tuple[schema.SchemaState, int]:
    """Return the state of the schema, and the server's process number of the connection."""
    with database.read() as session:  # its COMMIT leaves statements prepared, which a ROLLBACK would not
        number = session.scalars(text("SELECT pg_backend_pid()")).one()
        return schema.connection_state(session.connection()), number


def test_a_worker_leaves_its_tasks_and_takes_them_again(
    database: Database, broker_url: str, tmp_path: Path
) -> None:
    settings = settings_for(database, broker_url)
    app = make_celery(settings)
    with worker(settings, "jobs", tmp_path) as running:
        eventually(lambda: "ready" in running.log.read_text())
        with at_revision(database, NEWER):
            eventually(lambda: is_said(app, running, "task left"))
        eventually(lambda: is_said(app, running, "rows of deleted events deleted"))
        assert "Traceback" not in running.log.read_text()


def is_said(app: Any, running: Any, words: str) -> bool:
    """Return True if the worker reports this for a task; it may have checked a moment earlier."""
    dispatch.delete_rows(app=app)
    return words in running.log.read_text()
