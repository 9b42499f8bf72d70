"""/readyz names what is not ready without taking a working site offline; outdated schemas prevent start."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import insert, text
from sqlalchemy.exc import OperationalError
from structlog.testing import capture_logs

from api import health
from api.proxies import ProxyWatch
from scheduler.services.operations import job_intervals
from scheduler.storage.database import Database
from scheduler.storage.engines import on_disk_full
from scheduler.storage.models import Account, OutboxEmail
from scheduler.storage.schema import SchemaOutOfDate, require_usable, upgrade_schema
from scheduler.version import installed_version
from tests.integration.workers.test_workers import queued
from tests.support.databases import Databases, owning
from tests.support.factories import NOW, make_event
from tests.support.web import Browser, web_app
from tests.support.workers import ROOT, eventually, settings_for, worker
from workers import dispatch, worker_registry
from workers.celery_app import make_celery
from workers.layout import QUEUES

sqlite_only = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


@pytest.fixture(autouse=True)
def _look_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "KEPT_SECONDS", 0.0)


def ready(app: Flask) -> tuple[int, dict[str, Any]]:
    response = app.test_client().get("/readyz")
    return response.status_code, response.get_json()


def tick(database: Database, ago: timedelta = timedelta(0)) -> None:
    with database.write() as session:
        job_intervals.record_run(session, job_intervals.TICK, now=database.now() - ago)


@pytest.fixture
def workers_there(broker_url: str) -> None:
    with worker_registry.connect(broker_url) as broker:
        broker.flushall()
        worker_registry.say(broker, "all@here", QUEUES)


@pytest.mark.usefixtures("workers_there")
def test_all_is_ready_when_the_clock_ticks_and_each_queue_has_a_worker(
    database: Database, broker_url: str
) -> None:
    tick(database)
    status, found = ready(web_app(database, broker_url))
    assert (status, found["status"], found["not_ready"]) == (200, "ok", [])
    assert found["workers"] == dict.fromkeys(QUEUES, 1)
    assert found["version"] == installed_version()


@pytest.mark.usefixtures("workers_there")
def test_an_old_tick_and_a_queue_without_a_worker_and_a_mail_that_waits_are_named(
    database: Database, broker_url: str
) -> None:
    app = web_app(database, broker_url)
    assert ready(app)[1]["clock"] == "no tick"
    tick(database, ago=timedelta(minutes=5))
    with worker_registry.connect(broker_url) as broker:
        worker_registry.leave(broker, "all@here", ["solve"])
    with database.write() as session:
        due = NOW - timedelta(minutes=16)
        waiting = queued(make_event(session), 1) | {"created_at": due, "next_attempt_at": due}
        session.execute(insert(OutboxEmail), [waiting])
    status, found = ready(app)
    assert (status, found["status"]) == (200, "degraded")
    assert found["not_ready"] == ["clock", "mails", "workers"]
    assert found["last_tick_seconds"] >= 300 and found["oldest_mail_seconds"] >= 900


def test_a_broker_that_is_away_takes_no_site_away(database: Database, tmp_path: Path) -> None:
    tick(database)
    status, found = ready(web_app(database, f"redis+socket://{tmp_path}/nowhere"))
    assert (status, found["status"], found["not_ready"]) == (200, "degraded", ["broker"])


def test_a_schema_of_another_version_is_named_and_nothing_starts_on_it(
    database: Database, broker_url: str, tmp_path: Path
) -> None:
    app = web_app(database, broker_url)
    with owning(database) as owner, owner.write() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '0001'"))
    status, found = ready(app)
    assert (status, found["status"]) == (503, "down")
    assert "The database is at 0001" in found["schema"]
    with pytest.raises(SchemaOutOfDate):
        web_app(database, broker_url)
    settings = settings_for(database, broker_url)
    with worker(settings, "untrusted", tmp_path) as running:
        assert running.process.wait(60) != 0
        assert "The database is at 0001" in running.log.read_text()
    clock = [sys.executable, "-m", "chainmeet.cli", "clock"]
    ended = subprocess.run(
        clock, env={**os.environ, **settings.to_env()}, cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 2 and "The database is at 0001" in ended.stderr


def test_a_database_that_is_away_is_named_and_the_web_starts_all_the_same(
    broker_url: str, tmp_path: Path
) -> None:
    away = Database(f"postgresql+psycopg://nobody@/nothing?host={tmp_path}")
    status, found = ready(web_app(away, broker_url))
    assert (status, found["status"], found["database"]) == (503, "down", "OperationalError")


@sqlite_only
def test_however_many_ask_it_is_looked_up_once_in_a_while(
    database: Database, broker_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "KEPT_SECONDS", 3600.0)
    app = web_app(database, broker_url)
    assert ready(app)[1]["clock"] == "no tick"
    tick(database)
    assert ready(app)[1]["clock"] == "no tick"


@pytest.mark.postgres
def test_two_machines_that_migrate_at_once_do_it_once(postgres_databases: Databases) -> None:
    address = postgres_databases.create("migrated_twice", "template1")
    machines = [Database(address) for _ in range(2)]
    with ThreadPoolExecutor(2) as threads:
        for done in [threads.submit(upgrade_schema, machine) for machine in machines]:
            done.result()
    for machine in machines:
        require_usable(machine)
        machine.dispose()


# Logs


def test_a_request_has_an_id_of_its_own_or_the_one_that_a_proxy_gave_it(
    database: Database, broker_url: str
) -> None:
    client = web_app(database, broker_url).test_client()
    assert client.get("/healthz", headers={"X-Request-ID": "abc-1"}).headers["X-Request-ID"] == "abc-1"
    own = [client.get("/healthz").headers["X-Request-ID"] for _ in range(2)]
    assert len(set(own)) == 2 and all(len(each) == 16 for each in own)
    for hostile in ("a b", "x" * 65, '{"a": 1}'):
        assert client.get("/healthz", headers={"X-Request-ID": hostile}).headers["X-Request-ID"] != hostile


FAILING_WEB = """
import gc
from api.app import create_app
app = create_app()
assert gc.get_freeze_count() > 100_000, "what is there from the start is looked through for garbage again"
assert gc.get_threshold()[2] >= 100, "what a process remembers is looked through for garbage each few pages"
@app.get("/events/<event_key>/broken")
def broken(event_key):
    raise ZeroDivisionError
app.test_client().get("/events/expo27/broken", headers={"X-Request-ID": "abc-2"})
"""


@sqlite_only
def test_the_web_logs_as_json_with_the_requests_id(database: Database, broker_url: str) -> None:
    env = {**os.environ, **settings_for(database, broker_url, log_format="json").to_env()}
    ended = subprocess.run(
        [sys.executable, "-c", FAILING_WEB], env=env, cwd=ROOT, capture_output=True, text=True, check=True
    )
    lines = [json.loads(line) for line in ended.stderr.splitlines()]  # each of them
    (line,) = [line for line in lines if line["event"] == "unexpected error"]
    assert (line["request"], line["event_key"]) == ("abc-2", "expo27")
    assert "ZeroDivisionError" in line["exception"]


@sqlite_only
def test_a_task_logs_the_id_of_the_request_that_led_to_it(
    database: Database, broker_url: str, tmp_path: Path
) -> None:
    settings = settings_for(database, broker_url, log_format="json")
    app = web_app(database, broker_url)
    with worker_registry.connect(broker_url) as broker:
        broker.flushall()
    with app.test_request_context(headers={"X-Request-ID": "abc-3"}):
        app.preprocess_request()
        dispatch.judge(app=make_celery(settings))
    with worker(settings, "untrusted", tmp_path) as running:
        eventually(lambda: "succeeded" in running.log.read_text())
    lines = [json.loads(line) for line in running.log.read_text().splitlines() if line.startswith("{")]
    (done,) = [line for line in lines if "succeeded" in line["event"]]
    assert (done["request"], done["task"]) == ("abc-3", "chainmeet.judge")


def fresh(database: Database, broker_url: str) -> Flask:
    """Return an application without cached results of earlier tests."""
    app = web_app(database, broker_url)
    app.extensions.pop("chainmeet-readiness", None)
    return app


@pytest.mark.usefixtures("workers_there")
def test_a_disk_with_little_room_is_named(
    database: Database, broker_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    tick(database)
    app = fresh(database, broker_url)
    assert ready(app)[1]["not_ready"] == []
    monkeypatch.setattr(health.shutil, "disk_usage", lambda _folder: SimpleNamespace(free=3 << 20))
    status, found = ready(app)
    assert (status, found["status"], found["not_ready"]) == (200, "degraded", ["disk"])
    assert "3 MB are free in /" in found["disk"]


@sqlite_only
@pytest.mark.usefixtures("workers_there")
def test_a_disk_that_a_write_found_full_is_named(database: Database, broker_url: str) -> None:
    tick(database)
    app = fresh(database, broker_url)
    with pytest.raises(OperationalError, match="full"), database.write() as session:
        session.execute(text("PRAGMA max_page_count = 1"))
        make_event(session, firms=50, people=9)
    assert ready(app)[1]["disk"] == "the disk of the database is full"


DISK_FULL = "DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = 'disk_full'; END $$"


@pytest.mark.parametrize("database", [pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True)
@pytest.mark.usefixtures("workers_there")
def test_a_disk_that_another_process_found_full_is_named(database: Database, broker_url: str) -> None:
    """The web process learns of a full PostgreSQL disk only from its processes and workers."""
    tick(database)
    app = fresh(database, broker_url)
    assert ready(app)[1]["disk"] == "ok"
    other = Database(database.url.render_as_string(hide_password=False))
    on_disk_full(other.engine, partial(worker_registry.say_disk_full, broker_url))
    with pytest.raises(OperationalError), other.write() as session:
        session.execute(text(DISK_FULL))
    other.dispose()
    assert ready(fresh(database, broker_url))[1]["disk"] == "the disk of the database is full"
    with worker_registry.connect(broker_url) as broker:
        broker.flushdb()


def test_a_look_writes_no_line_of_log(
    database: Database, broker_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    app = fresh(database, broker_url)
    with caplog.at_level("DEBUG", logger="alembic"):
        ready(app)
    assert caplog.records == []


STRANGER = {"REMOTE_ADDR": "203.0.113.9"}


@sqlite_only
@pytest.mark.parametrize(
    ("proxies", "environ", "headers"),
    [
        (0, STRANGER, {}),
        (1, {}, {"X-Forwarded-For": "203.0.113.9"}),
        (0, {}, {"X-Forwarded-For": "127.0.0.1"}),
        (1, STRANGER, {"X-Forwarded-Host": "127.0.0.1"}),
    ],
    ids=["direct", "by a proxy", "by a proxy that is not known", "past the proxy"],
)
def test_strangers_read_the_status_alone(
    database: Database, tmp_path: Path, proxies: int, environ: dict[str, str], headers: dict[str, str]
) -> None:
    app = web_app(database, f"redis+socket://{tmp_path}/nowhere", trusted_proxies=proxies)
    answer = app.test_client().get("/readyz", environ_base=environ, headers=headers)
    assert (answer.status_code, answer.get_json()) == (200, {"status": "degraded"})
    assert "broker" in ready(app)[1]["not_ready"]


@sqlite_only
def test_operators_read_why_wherever_they_are(database: Database, tmp_path: Path) -> None:
    with database.write() as session:
        expo = make_event(session)
    app = web_app(database, f"redis+socket://{tmp_path}/nowhere")
    browser = Browser(app, expo.organiser)
    for is_operator in (False, True):
        with database.write() as session:
            session.get_one(Account, expo.organiser.id).is_operator = is_operator
        found = browser.client.get("/readyz", environ_base=STRANGER).get_json()
        assert ("not_ready" in found) is is_operator
        assert ("version" in found) is is_operator


@sqlite_only
@pytest.mark.parametrize(
    ("proxies", "sender", "headers", "said"),
    [
        (0, "172.18.0.1", {"X-Forwarded-For": "203.0.113.9"}, "CHAINMEET_TRUSTED_PROXIES is 0"),
        (1, "203.0.113.9", {}, "CHAINMEET_TRUSTED_PROXIES is 1"),
        (0, "198.18.0.0", {}, ""),
        (0, "8.8.8.8", {"X-Forwarded-For": "1.2.3.4"}, ""),
        (1, "172.18.0.1", {"X-Forwarded-For": "203.0.113.9"}, ""),
        (1, "127.0.0.1", {}, ""),
    ],
    ids=["proxy unknown", "proxy not there", "no proxy", "stranger's header", "right", "health check"],
)
def test_operators_are_told_of_proxies_that_are_not_as_the_setting_says(
    database: Database, tmp_path: Path, proxies: int, sender: str, headers: dict[str, str], said: str
) -> None:
    with database.write() as session:
        expo = make_event(session)
        session.get_one(Account, expo.organiser.id).is_operator = True
    app = web_app(database, f"redis+socket://{tmp_path}/nowhere", trusted_proxies=proxies)
    app.extensions["chainmeet-proxies"] = ProxyWatch()
    with capture_logs() as logs:
        for _ in range(2):
            app.test_client().get("/sign-in", environ_base={"REMOTE_ADDR": sender}, headers=headers)
    told = [line["reason"] for line in logs if "proxies" in line["event"]]
    assert len(told) == bool(said) and all(said in each for each in told)
    assert (said or "ok") in ready(app)[1]["proxies"]
    page = Browser(app, expo.organiser).get("/operators")
    assert ("CHAINMEET_TRUSTED_PROXIES" in page) is bool(said)


@sqlite_only
def test_no_header_names_the_host_of_a_form_that_is_kept(database: Database, tmp_path: Path) -> None:
    """Otherwise another site could have its form resubmitted by spoofing a header."""
    app = web_app(database, f"redis+socket://{tmp_path}/nowhere", trusted_proxies=1)
    kept = []
    for origin in ("http://localhost", "http://evil.example"):
        headers = {"Origin": origin, "X-Forwarded-Host": "evil.example", "X-Forwarded-For": "203.0.113.9"}
        form = {"email": "li@firm.example", "csrf_token": "old"}
        answer = app.test_client().post("/sign-in", data=form, headers=headers)
        kept.append("li@firm.example" in answer.text)
    assert kept == [True, False]
