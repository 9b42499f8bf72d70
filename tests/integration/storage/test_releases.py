"""Databases of earlier releases, in the middle of sending, upgrade to the current code and continue."""

from __future__ import annotations

import email
import json
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import redis
from alembic.script import ScriptDirectory
from sqlalchemy import select, text

from scheduler import logs
from scheduler.domain.entities import JobState, OutboxKind, OutboxState
from scheduler.services.identity import api_tokens
from scheduler.services.planning.scenarios.scenario_changes import parse_changes
from scheduler.services.publishing import version_jobs
from scheduler.storage import schema
from scheduler.storage.base import Base
from scheduler.storage.database import Database
from scheduler.storage.models import (
    ApiToken,
    Event,
    MeetingRequest,
    OutboxEmail,
    RegistryChange,
    Scenario,
    VersionJob,
)
from scheduler.storage.schema import SchemaOutOfDate, require_usable, upgrade_schema
from scheduler.storage.schema_gate import SchemaGate
from tests.support import clocks
from tests.support.databases import Databases
from tests.support.everything import NOWHERE
from tests.support.filled import CLAIMED, SENT, Release, releases
from tests.support.rows import Rows, lost_or_changed, rows_of
from tests.support.web import web_app
from tests.support.workers import eventually, settings_for, worker
from tests.unit.invites.test_transport import Catcher, serving
from workers import dispatch
from workers.celery_app import make_celery
from workers.clock import Clock

CHANGED: dict[str, dict[str, set[str]]] = {}
"""Columns by table, by revision, that a later migration changes on purpose."""
RENAMING = "0111"
"""Gave tables and columns other names."""
LATER = timedelta(minutes=10)
"""Between dump and upgrade, so that the sender of unfinished emails counts as dead."""
_numbers = count(1)


def named(release: Release) -> Any:
    marks = [pytest.mark.postgres] if release.engine == "postgresql" else []
    return pytest.param(release, id=f"{release.engine}-{release.revision}", marks=marks)


def is_too_old(release: Release) -> bool:
    return release.revision < schema.baseline()


def from_before(revision: str) -> pytest.MarkDecorator:
    """Run a test with the releases that a migration changes."""
    return pytest.mark.parametrize(
        "release", [named(each) for each in releases() if not is_too_old(each) and each.revision < revision]
    )


@pytest.fixture(params=[named(each) for each in releases() if not is_too_old(each)])
def release(request: pytest.FixtureRequest) -> Release:
    given: Release = request.param
    return given


@pytest.fixture
def database(release: Release, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """Return the database as the release left it."""
    clocks.go_on(LATER)
    if release.engine == "sqlite":
        url = f"sqlite:///{tmp_path}/site.db"
    else:
        databases: Databases = request.getfixturevalue("postgres_databases")
        url = databases.create(f"release_{next(_numbers)}", "template1")
    release.restore_into(url)
    database = Database(url)
    yield database
    database.dispose()


def test_every_row_is_as_it_was_and_the_code_of_the_release_stands_back(
    release: Release, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = rows_of(database)
    assert {name: len(rows) for name, rows in before.items() if rows} == release.known()["rows"]
    mails = Counter(row["state"] for row in renamed(release, before)["outbox_email"])
    assert (mails["sending"], mails["queued"] > 0, mails["sent"] > SENT) == (CLAIMED - SENT, True, True)
    upgrade_schema(database)
    require_usable(database)
    after = rows_of(database)
    assert {name: len(rows) for name, rows in renamed(release, before).items()}.items() <= {
        name: len(rows) for name, rows in after.items()
    }.items()
    assert lost_or_changed(renamed(release, before), after) == CHANGED.get(release.revision, {})
    if schema.head_revision() != release.revision:
        monkeypatch.setattr(schema, "head_revision", lambda: release.revision)
        monkeypatch.setattr(schema, "known_revisions", lambda: frozenset({release.revision}))
        assert isinstance(SchemaGate(database).why(), SchemaOutOfDate)


def renamed(release: Release, rows: Rows) -> Rows:
    """Rows of a database of then, by the names that tables and columns have now."""
    if release.revision >= RENAMING:
        return rows
    script = ScriptDirectory(str(schema.MIGRATIONS)).get_revision(RENAMING)
    assert script is not None
    found: Rows = {}
    for table, some in rows.items():
        name = script.module.TABLES.get(table, table)
        columns = script.module.COLUMNS.get(name, {})
        found[name] = [{columns.get(column, column): value for column, value in row.items()} for row in some]
    return found


@pytest.mark.parametrize("release", [named(each) for each in releases() if is_too_old(each)])
def test_a_database_of_before_the_baseline_is_told_the_way_on_and_left_as_it_is(
    release: Release, database: Database
) -> None:
    before = rows_of(database)
    way = f"commit {schema.UPGRADES_EARLIER}, run its chainmeet db upgrade"
    for attempt in (upgrade_schema, require_usable):
        with pytest.raises(SchemaOutOfDate, match=way):
            attempt(database)
    assert rows_of(database) == before
    with database.read() as session:
        assert session.scalars(text("SELECT version_num FROM alembic_version")).all() == [release.revision]


def test_the_way_on_stands_in_the_document_that_the_refusal_names() -> None:
    operators = (Path(__file__).parents[3] / "docs" / "operators.md").read_text("utf-8")
    assert "### Databases from before 0.9.0" in operators
    assert operators.count(f"`{schema.UPGRADES_EARLIER}`") == 1
    assert f"the baseline `{schema.baseline()}`" in operators


def test_what_was_changed_before_can_be_undone(release: Release, database: Database) -> None:
    """A change names its tables and columns, a request those of its last step: by the names of now."""
    if release.revision < RENAMING:
        leave_changes(database)
    upgrade_schema(database)
    with database.read() as session:
        for (changes,) in session.execute(select(RegistryChange.changes)):
            for table, *rest in (*changes["changed"], *changes["added"], *changes["deleted"]):
                columns = rest[-1] if isinstance(rest[-1], dict) else {}
                assert columns.keys() <= set(Base.metadata.tables[table].columns.keys())
        for before in session.scalars(select(MeetingRequest.before)):
            assert (before or {}).keys() <= set(MeetingRequest.__table__.columns.keys())


def leave_changes(database: Database) -> None:
    """What can be undone, of tables and columns that had other names."""
    changes = {
        "changed": [["attendee", "1", {"welcomed_at": [None, None]}]],
        "added": [["place_busy", "1-1"]],
        "deleted": [["interpreter_station", {"slot_id": 1}]],
    }
    answer = {
        "state": "pending",
        "answered_by": 1,
        "answered_side": None,
        "answered_at": None,
        "answer_note": "",
    }
    with database.write() as session:
        session.execute(text("UPDATE desk_step SET changes = :it"), {"it": json.dumps(changes)})
        session.execute(text("UPDATE meeting_request SET before = :it"), {"it": json.dumps(answer)})


RENAMED = {"asked": "respond"}


def test_every_link_token_and_session_of_before_opens(release: Release, database: Database) -> None:
    upgrade_schema(database)
    app, known = web_app(database, NOWHERE), release.known()
    first_parts = {link.split("/")[1] for link in known["links"]}
    # Links about requests began with `asked` until 0109. They lead to `respond`.
    assert {RENAMED.get(each, each) for each in first_parts} == set(logs.SECRET_PATHS) - RENAMED.keys()
    client = app.test_client()
    opened = {link: client.get(link, follow_redirects=True).status_code for link in known["links"]}
    assert set(opened.values()) == {200}, opened
    program = client.get("/api/v1/versions", headers={"Authorization": f"Bearer {known['token']}"})
    assert program.status_code == 200, program.text
    client.set_cookie("chainmeet", known["cookie"])
    assert client.get(f"/events/{known['event']}").status_code == 200


@from_before("0112")
def test_the_scopes_of_tokens_from_before_are_scopes_of_today(release: Release, database: Database) -> None:
    with database.engine.begin() as connection:
        connection.execute(text("UPDATE api_token SET scopes = 'calendars:read runs:read trail:read'"))
    upgrade_schema(database)
    with database.read() as session:
        stored = {scope for scopes in session.scalars(select(ApiToken.scopes)) for scope in scopes.split()}
    assert stored and stored <= set(api_tokens.SCOPES)


@from_before("0114")
def test_changes_of_scenarios_from_before_are_read(release: Release, database: Database) -> None:
    stored = [
        {"kind": "dial", "dial": "idle", "value": 3},
        {"kind": "firm_less", "firm": "f1"},
        {"kind": "firm_more", "like": "f2"},
        {"kind": "shift", "interpreter": None, "step": "away", "day": None},
    ]
    with database.engine.begin() as connection:
        rows = connection.execute(text("UPDATE what_if SET changes = :rows"), {"rows": json.dumps(stored)})
        assert rows.rowcount
    upgrade_schema(database)
    with database.read() as session:
        kinds = {
            change.kind for row in session.scalars(select(Scenario)) for change in parse_changes(row.changes)
        }
    assert kinds == {"priority", "removed_firm", "added_firm", "shift"}


@pytest.mark.smtp
def test_the_workers_go_on_where_sending_stood_and_nobody_is_told_twice(
    release: Release, database: Database, broker_url: str, tmp_path: Path
) -> None:
    upgrade_schema(database)
    with database.read() as session:
        rows = session.scalars(select(OutboxEmail).where(OutboxEmail.rehearsed_as.is_(None))).all()
        event_id = session.scalars(select(Event.id).where(Event.key == release.known()["event"])).one()
    open_states = (OutboxState.QUEUED, OutboxState.SENDING)
    unsent = {row.message_id for row in rows if row.state in open_states}
    sent = {row.message_id for row in rows if row.state is OutboxState.SENT}
    redis.Redis(unix_socket_path=broker_url.removeprefix("redis+socket://")).flushall()
    with serving(Catcher()) as catcher:
        settings = settings_for(database, broker_url, smtp_port=catcher.port, mail_domain="expo.example")
        celery = make_celery(settings)
        with worker(settings, "mail,urgent,jobs", tmp_path):
            Clock(database, settings, celery).tick()
            eventually(lambda: not left(database))
            published = publish_the_same(database, celery, event_id)
            dispatch.deliver(app=celery)
            eventually(lambda: not left(database))
        celery.close()
    arrived = Counter(email.message_from_bytes(raw)["Message-ID"] for _, _, raw in catcher.taken)
    assert unsent and sent and set(arrived.values()) == {1}
    assert unsent <= set(arrived)
    assert not sent & set(arrived)
    with database.read() as session:
        new = session.scalars(select(OutboxEmail).where(OutboxEmail.message_id.not_in(unsent | sent))).all()
    assert published is JobState.DONE
    assert {row.kind for row in new if row.message_id in arrived} <= {OutboxKind.ALERT}


def left(database: Database) -> list[OutboxEmail]:
    """Return the unsent emails."""
    open_states = (OutboxState.QUEUED, OutboxState.SENDING)
    with database.read() as session:
        which = OutboxEmail.state.in_(open_states) & OutboxEmail.rehearsed_as.is_(None)
        return list(session.scalars(select(OutboxEmail).where(which)))


def publish_the_same(database: Database, celery: Any, event_id: int) -> JobState:
    """Let the worker publish a draft that equals the published version."""
    with database.write() as session:
        asked = version_jobs.request_publishing(
            session, event_id=event_id, number=3, compared_with=2, by=None, now=database.now()
        ).id
    dispatch.version_job(asked, app=celery)

    def state() -> JobState:
        with database.read() as session:
            return session.get_one(VersionJob, asked).state

    eventually(lambda: state() not in (JobState.QUEUED, JobState.RUNNING))
    return state()
