"""/metrics: requests by route, and the state of the installation, without events, people or addresses."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from flask import Flask
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import insert, text

from api import metrics
from scheduler.domain.entities import AlertKind, MailKind, MailOutcome
from scheduler.services.delivery import email_alerts
from scheduler.services.operations import alerts, invariants, job_intervals
from scheduler.services.operations.invariants import BrokenInvariant, Invariant
from scheduler.services.planning.runs import runs
from scheduler.storage.database import Database
from scheduler.storage.models import Event, InboundEmail, OutboxEmail
from scheduler.storage.schema import head_revision
from tests.integration.workers.test_workers import queued
from tests.support.databases import owning
from tests.support.everything import NOWHERE, Everything, everything_in
from tests.support.factories import make_event
from tests.support.next_release import at_revision
from tests.support.web import Browser, web_app
from tests.support.workers import ROOT, settings_for
from workers import worker_registry
from workers.layout import QUEUES

TOKEN = "scrape-" + "7" * 32
BEARER = {"Authorization": f"Bearer {TOKEN}"}
MAX_SERIES = 2_000

Values = dict[tuple[str, tuple[tuple[str, str], ...]], float]


@pytest.fixture(autouse=True)
def _read_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metrics, "KEPT_SECONDS", 0.0)


def parsed(octets: bytes) -> Values:
    """Return each series of a scrape. The text must parse, and have no series twice."""
    samples = [s for family in text_string_to_metric_families(octets.decode()) for s in family.samples]
    found = {(sample.name, tuple(sorted(sample.labels.items()))): sample.value for sample in samples}
    assert len(found) == len(samples)
    return found


def scrape(app: Flask) -> Values:
    response = app.test_client().get("/metrics", headers=BEARER)
    assert response.status_code == 200
    assert response.headers["Content-Type"].startswith("text/plain; version=")
    return parsed(response.data)


def value(values: Values, name: str, **labels: str) -> float:
    return values[f"chainmeet_{name}", tuple(sorted(labels.items()))]


def metered(database: Database, broker_url: str = NOWHERE) -> Flask:
    return web_app(database, broker_url, metrics_token=TOKEN)


# Access


def test_without_a_token_in_the_settings_there_are_no_metrics(database: Database) -> None:
    client = web_app(database, NOWHERE).test_client()
    for headers in ({}, BEARER, {"Authorization": "Bearer "}):
        assert client.get("/metrics", headers=headers).status_code == 404


@pytest.mark.parametrize(
    "given", ["", "Bearer", "Bearer ", f"Bearer {TOKEN}x", f"Basic {TOKEN}", TOKEN, "Bearer é"]
)
def test_a_scrape_needs_the_token(database: Database, given: str) -> None:
    response = metered(database).test_client().get("/metrics", headers={"Authorization": given})
    assert (response.status_code, response.headers["WWW-Authenticate"]) == (401, "Bearer")
    assert b"chainmeet" not in response.data


# State


@pytest.fixture
def busy(database: Database, broker_url: str) -> Iterator[Database]:
    """An installation where something waits, and workers of two queues."""
    with database.write() as session:
        expo, now = make_event(session), database.now()
        due = now - timedelta(minutes=20)
        rows = [queued(expo, i) | {"created_at": due, "next_attempt_at": due} for i in range(3)]
        rows[1] |= {"state": "sent", "sent_at": now - timedelta(minutes=4)}
        old, rehearsed = (queued(expo, i) | {"state": "sent", "created_at": due} for i in (3, 4))
        rows.append(old | {"sent_at": now - timedelta(minutes=6)})
        rows.append(rehearsed | {"sent_at": now - timedelta(minutes=4), "rehearsed_as": "x"})
        rows[2] |= {"stopped_at": due}
        session.execute(insert(OutboxEmail), rows)
        runs.queue_run(session, expo.event.id, requested_by=None, now=now - timedelta(minutes=5))
        for number, event_id in enumerate((expo.event.id, expo.event.id, None)):
            session.add(incoming(number, event_id, now - timedelta(hours=2)))
        alerts.raise_alert(
            session, AlertKind.RUN_WAITS, event_id=None, about="run 1", reason="It waits.", path="/", now=now
        )
        job_intervals.record_run(session, job_intervals.TICK, now=now - timedelta(seconds=90))
    with worker_registry.connect(broker_url) as broker:
        broker.flushall()
        worker_registry.say(broker, "one@here", ["solve", "mail"])
        worker_registry.say(broker, "two@here", ["mail"])
    return database


def incoming(number: int, event_id: int | None, at: Any) -> InboundEmail:
    return InboundEmail(
        event_id=event_id, token_hash=str(number), digest=str(number), kind=MailKind.COMPLAINT, message_id="",
        sender="li@firm.example", subject="", text="", outcome=MailOutcome.WAITING, received_at=at, size=1,
        raw=b"x", stored_size=1,
    )  # fmt: skip


def test_the_state_is_what_the_rows_say(busy: Database, broker_url: str) -> None:
    found = scrape(metered(busy, broker_url))
    states = ("queued", "sending", "stopped", "failed")
    assert [value(found, "emails", state=state) for state in states] == [2, 0, 1, 0]  # one is of the alert
    assert value(found, "emails_sent_last_5m") == 1
    assert 1_200 <= value(found, "emails_oldest_due_seconds") < 1_500
    assert (value(found, "runs", state="queued"), value(found, "runs", state="failed")) == (1, 0)
    assert 300 <= value(found, "runs_oldest_waiting_seconds") < 600
    assert value(found, "inbound_emails_waiting", reader="organisers") == 2
    assert value(found, "inbound_emails_waiting", reader="operators") == 1
    assert 7_200 <= value(found, "inbound_emails_oldest_waiting_seconds") < 7_500
    assert value(found, "alerts_open", kind="run_waits") == 1
    assert value(found, "alerts_open", kind="mailbox") == 0
    assert 90 <= value(found, "job_last_run_seconds", job="tick") < 200
    assert [value(found, "workers", queue=queue) for queue in ("solve", "mail", "jobs")] == [1, 2, 0]
    assert (value(found, "database_up"), value(found, "schema_current"), value(found, "broker_up")) == (
        1,
        1,
        1,
    )
    assert value(found, "disk_free_bytes", folder="temporary") > 0


def test_a_broken_invariant_is_a_value_until_it_is_fixed(database: Database) -> None:
    app = metered(database)
    for broken, expected in (([BrokenInvariant(Invariant.NOTIFIED, 3, ("expo",))], 1), ([], 0)):
        with database.write() as session:
            invariants.update_alerts(session, broken, now=database.now_in(session))
        found = scrape(app)
        assert value(found, "invariant_broken", invariant="notified") == expected
        assert value(found, "invariant_broken", invariant="sequence") == 0


def test_a_database_and_a_broker_that_are_away_are_values_not_errors(tmp_path: Path) -> None:
    away = Database(f"postgresql+psycopg://nobody@/nothing?host={tmp_path}")
    found = scrape(metered(away, f"redis+socket://{tmp_path}/nowhere"))
    assert (value(found, "database_up"), value(found, "broker_up")) == (0, 0)
    assert not [name for name, _ in found if name == "chainmeet_emails"]


def test_a_schema_of_another_version_is_a_value(database: Database) -> None:
    app = metered(database)
    with owning(database) as owner, owner.write() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '0001'"))
    found = scrape(app)
    assert (value(found, "database_up"), value(found, "schema_current")) == (1, 0)
    assert value(found, "schema_info", revision="0001") == 1


def test_a_newer_schema_that_this_version_works_with_is_current(database: Database) -> None:
    with at_revision(database, "9000", oldest_code=head_revision()):
        found = scrape(metered(database))
    assert (value(found, "schema_current"), value(found, "schema_info", revision="9000")) == (1, 1)


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_however_many_scrape_the_rows_are_read_once_in_a_while(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(metrics, "KEPT_SECONDS", 3600.0)
    app = metered(database)
    metrics.init_app(app)
    before = scrape(app)
    with database.write() as session:
        session.execute(insert(OutboxEmail), [queued(make_event(session), 1)])
    assert value(scrape(app), "emails", state="queued") == value(before, "emails", state="queued")


# Requests


@pytest.fixture(scope="module")
def everything(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Everything]:
    with everything_in(tmp_path_factory.mktemp("metrics"), sqlite_template) as made:
        yield made


@pytest.fixture
def app(everything: Everything) -> Flask:
    """The application of an event with one of everything, with counters at zero."""
    app = metered(everything.database)
    metrics.init_app(app)
    return app


def test_a_request_counts_by_route_method_and_status(app: Flask, everything: Everything) -> None:
    client, route = app.test_client(), {"route": "/sign-in"}
    for _ in range(2):
        client.get("/sign-in")
    client.post("/sign-in", data={"email": "li@ningde.example"})
    client.get("/nothing/of/the/kind")
    found = scrape(app)
    assert value(found, "http_requests_total", **route, method="GET", status="2xx") == 2
    assert value(found, "http_requests_total", **route, method="POST", status="4xx") == 1
    assert value(found, "http_requests_total", route="none", method="GET", status="4xx") == 1
    assert value(found, "http_request_seconds_total", **route) > 0
    assert value(found, "http_request_duration_seconds_count", part="page") == 4
    assert value(found, "http_response_bytes_total", part="page") > 1_000


def test_nothing_of_a_link_an_event_or_a_person_is_in_a_scrape(app: Flask, everything: Everything) -> None:
    client = app.test_client()
    links = [link for link in everything.known.values() if isinstance(link, str) and link.startswith("/")]
    for link in links:
        client.get(link)
    Browser(app, everything.account("organiser")).get(everything.path("/participants/people/f0-p0"))
    said = client.get("/metrics", headers=BEARER).text
    assert 'route="/digests/<token>"' in said and 'route="/events/<event_key>/participants/' in said
    secret = [link.split("/")[2] for link in links]
    with everything.database.read() as session:
        secret += [everything.expo.event.key, session.get_one(Event, everything.expo.event.id).name]
    assert not [each for each in [*secret, "f0-p0", "@", TOKEN] if each in said]


def test_a_client_cannot_add_series(app: Flask) -> None:
    client, before = app.test_client(), []
    for number in range(50):
        client.open(f"/x{number}", method=f"M{number}", headers={"X-Request-ID": f"r{number}"})
        before.append(len(scrape(app)))
    assert before[1:] == [before[1]] * 49
    assert value(scrape(app), "http_requests_total", route="none", method="other", status="4xx") == 50


def test_every_route_at_once_stays_below_the_cap(app: Flask, busy: Database, broker_url: str) -> None:
    """Two processes at their limits, and the state of the installation."""
    state = len(scrape(metered(busy, broker_url)))
    requests = metrics._Requests()
    for status in (200, 303, 404, 500):
        for rule in app.url_map.iter_rules():
            for method in rule.methods or ():
                requests.count(rule.rule, "page", method, status, 0.1, 0.1, 1)
    samples = [sample for family in requests.registry.collect() for sample in family.samples]
    combinations = [sample for sample in samples if sample.name == "chainmeet_http_requests_total"]
    assert metrics.MAX_COMBINATIONS <= len(combinations) <= metrics.MAX_COMBINATIONS + 40
    assert {"other"} < {sample.labels["route"] for sample in combinations}
    assert state + len(samples) + len(combinations) < MAX_SERIES


# Processes

SCRAPED = "import sys; from api.app import create_app; app = create_app()"


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_processes_of_one_web_server_add_their_counters(
    database: Database, broker_url: str, tmp_path: Path
) -> None:
    folder = tmp_path / "shared"
    folder.mkdir()
    given = settings_for(database, broker_url, metrics_token=TOKEN)
    env = {**os.environ, **given.to_env(), "PROMETHEUS_MULTIPROC_DIR": str(folder)}
    for times in (2, 3):  # each process asks for the page, ends, and leaves its counters
        code = f"{SCRAPED}\nfor _ in range({times}): app.test_client().get('/sign-in')"
        subprocess.run([sys.executable, "-c", code], env=env, cwd=ROOT, check=True, capture_output=True)
    code = f"{SCRAPED}\nsys.stdout.write(app.test_client().get('/metrics', headers={BEARER!r}).text)"
    said = subprocess.run([sys.executable, "-c", code], env=env, cwd=ROOT, check=True, capture_output=True)
    found = parsed(said.stdout)
    assert value(found, "http_requests_total", route="/sign-in", method="GET", status="2xx") == 5
    assert value(found, "database_up") == 1
    assert set(QUEUES) == {dict(labels)["queue"] for name, labels in found if name == "chainmeet_workers"}


# Dashboard and alert rules

MONITORING = ROOT / "deploy" / "monitoring"


def expressions() -> dict[str, str]:
    """Return the expressions of the alert rules and the dashboard, by alert or panel."""
    (group,) = yaml.safe_load((MONITORING / "prometheus-rules.yml").read_text())["groups"]
    found = {rule["alert"]: rule["expr"] for rule in group["rules"]}
    for panel in json.loads((MONITORING / "grafana-dashboard.json").read_text())["panels"]:
        found |= {f"{panel['title']} {target['refId']}": target["expr"] for target in panel["targets"]}
    return found


def test_each_metric_of_the_dashboard_and_the_alert_rules_is_on_a_scrape(
    busy: Database, broker_url: str
) -> None:
    app = metered(busy, broker_url)
    with busy.write() as session:
        for job in (email_alerts.MAILBOX, job_intervals.INVARIANTS):
            job_intervals.record_run(session, job, now=busy.now())
    app.test_client().get("/sign-in")
    series = scrape(app)
    names = {name for name, _ in series}
    values: dict[tuple[str, str], set[str]] = {}
    for name, labels in series:
        for label, said in labels:
            values.setdefault((name, label), set()).add(said)
    assert len(expressions()) > 35
    for where, expression in expressions().items():
        used = set(re.findall(r"chainmeet_\w+", expression))
        assert where == "ChainmeetDown" or used, where
        assert used <= names, where
        for name, label, said in re.findall(r'(chainmeet_\w+){(\w+)="([^"]+)"}', expression):
            if (label, said) not in (("folder", "database"), ("status", "5xx")):
                assert said in values[name, label], where
        for label in re.findall(r"by \((\w+)\)", expression):
            assert all((name, label) in values for name in used), where
