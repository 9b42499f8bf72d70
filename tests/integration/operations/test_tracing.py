"""Spans at an OpenTelemetry receiver: one trace for a request and its tasks, and nothing about people."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from scheduler import tracing
from scheduler.config import ConfigError, Settings
from scheduler.storage.database import Database
from tests.support.otlp_receiver import OtlpReceiver, receiving_spans
from tests.support.publishing import SETTINGS
from tests.support.web import web_app
from tests.support.workers import eventually, settings_for, worker
from workers import dispatch
from workers.celery_app import make_celery

EMAIL, TOKEN = "eva.kovacs@firm.example", "2kxq7m4hv3w5t6y7z2a3b4c5d6e7f2g3"
STRANGERS = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.fixture
def receiver() -> Iterator[OtlpReceiver]:
    with receiving_spans() as found:
        yield found


@pytest.fixture
def tracing_to(receiver: OtlpReceiver) -> Iterator[OtlpReceiver]:
    tracing.configure(receiver.endpoint)
    yield receiver
    tracing.configure("")


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_request_is_a_trace_of_its_own_without_path_or_values(
    database: Database, broker_url: str, tracing_to: OtlpReceiver
) -> None:
    client = web_app(database, broker_url).test_client()
    response = client.post(
        f"/api/v1/drafts/7/place?k={EMAIL}",
        json={"email": EMAIL},
        headers={"Authorization": f"Bearer {TOKEN}", "traceparent": STRANGERS, "User-Agent": EMAIL},
    )
    client.get("/healthz")
    tracing.flush()
    (span,) = tracing_to.spans
    assert span.name == "POST /api/v1/drafts/<int:number>/place" and not span.parent
    assert span.trace not in STRANGERS
    assert span.attributes["http.response.status_code"] == response.status_code == 401
    assert span.attributes["chainmeet.request_id"] == response.headers["X-Request-ID"]
    assert not [each for each in (EMAIL, TOKEN) if each.encode() in tracing_to.bodies[0]]


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_an_invented_method_is_no_name_of_a_span(
    database: Database, broker_url: str, tracing_to: OtlpReceiver
) -> None:
    web_app(database, broker_url).test_client().open("/", method="X" + TOKEN.upper())
    tracing.flush()
    (span,) = tracing_to.spans
    assert span.attributes["http.request.method"] == "_OTHER" and TOKEN.upper() not in span.name


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_failed_request_is_an_error_and_the_next_one_another_trace(
    database: Database, broker_url: str, tracing_to: OtlpReceiver
) -> None:
    app = web_app(database, broker_url)
    app.testing = False

    def fail() -> None:
        raise LookupError(EMAIL)

    app.before_request_funcs.setdefault(None, []).append(fail)
    try:
        app.test_client().get("/sign-in")
    finally:
        app.before_request_funcs[None].remove(fail)
    app.test_client().get("/sign-in")
    tracing.flush()
    failed, served = tracing_to.spans
    assert (failed.is_error, failed.attributes["error.type"]) == (True, "500")
    assert not served.is_error and served.trace != failed.trace
    assert EMAIL.encode() not in b"".join(tracing_to.bodies)


@pytest.mark.broker
@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_task_is_in_the_trace_of_what_sent_it_with_the_type_of_its_failure_only(
    database: Database, broker_url: str, tracing_to: OtlpReceiver, tmp_path: Path
) -> None:
    settings = settings_for(database, broker_url, otlp_endpoint=tracing_to.endpoint)
    with worker(settings, "mail", tmp_path, app="tests.support.failing_worker:app"):
        span = tracing.start_request_span()
        assert span is not None
        make_celery(settings).send_task("tests.fail", [EMAIL], queue="mail", headers=dispatch.task_headers())
        span.end("GET /", {})
        tracing.flush()
        eventually(lambda: "tests.fail" in {each.name for each in tracing_to.spans})
    root = next(each for each in tracing_to.spans if each.name == "GET /")
    task = next(each for each in tracing_to.spans if each.name == "tests.fail")
    assert (task.trace, task.parent) == (root.trace, root.id)
    assert (task.is_error, task.attributes["error.type"]) == (True, "LookupError")
    assert EMAIL.encode() not in b"".join(tracing_to.bodies)


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_receiver_that_never_answers_does_not_keep_a_request_waiting(
    database: Database, broker_url: str
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        silent.settimeout(30)
        tracing.configure(f"http://127.0.0.1:{silent.getsockname()[1]}")
        try:
            response = web_app(database, broker_url).test_client().get("/sign-in")
            connection, _ = silent.accept()  # the batch comes later, and is not answered
            connection.close()
        finally:
            tracing.configure("")
    assert response.status_code == 200


def test_without_the_setting_nothing_that_sends_is_loaded_and_no_header_is_sent(tmp_path: Path) -> None:
    env = SETTINGS.to_env() | {"PYTHONPATH": str(Path(__file__).parents[3])}
    program = (
        "import sys; from scheduler import tracing; from scheduler.config import Settings;"
        "tracing.configure(Settings.from_env().otlp_endpoint); assert tracing.trace_headers() == {};"
        "import api.app, workers.tasks; sys.exit('opentelemetry.exporter' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], env=env, cwd=tmp_path, check=False).returncode == 0


@pytest.mark.parametrize(
    ("address", "fault"),
    [
        ("collector:4318", "must be the address"),
        ("http://", "must be the address"),
        ("http://collector:4318?k=v", "must be the address"),
        ("http://me:secret@collector:4318", "must not contain a password"),
    ],
)
def test_what_is_no_address_of_a_receiver_stops_the_start(address: str, fault: str) -> None:
    with pytest.raises(ConfigError, match=f"CHAINMEET_OTLP_ENDPOINT: {fault}"):
        Settings.from_env(SETTINGS.to_env() | {"CHAINMEET_OTLP_ENDPOINT": address})


def test_a_missing_package_stops_the_start_and_the_error_names_the_extra(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tracing, "find_spec", lambda _name: None)
    with pytest.raises(ConfigError, match=r"pip install 'chainmeet\[otlp\]'"):
        Settings.from_env(replace(SETTINGS, otlp_endpoint="http://collector:4318").to_env())
    assert Settings.from_env(SETTINGS.to_env()).otlp_endpoint == ""
