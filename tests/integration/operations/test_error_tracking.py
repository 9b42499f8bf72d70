"""Errors at a Sentry server: types, places in the code and the request's ID, and nothing about people."""

from __future__ import annotations

import logging
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import structlog
from sqlalchemy.exc import IntegrityError

from scheduler import error_tracking, logs
from scheduler.config import ConfigError, Settings
from scheduler.storage.database import Database
from tests.support.publishing import SETTINGS
from tests.support.sentry_server import SentryServer, serving_sentry
from tests.support.web import web_app
from tests.support.workers import eventually, settings_for, worker
from workers.celery_app import make_celery

PERSON, EMAIL, TOKEN = "Kovács Éva", "eva.kovacs@firm.example", "2kxq7m4hv3w5t6y7z2a3b4c5d6e7f2g3"
HIDDEN = (PERSON, EMAIL, TOKEN, "Kov", "eva.kovacs", "k=v4lue")


@pytest.fixture
def sentry() -> Iterator[SentryServer]:
    with serving_sentry() as server:
        yield server


@pytest.fixture
def sending(sentry: SentryServer) -> Iterator[Callable[[], None]]:
    """Send what is logged to the server. Yield a function that waits until it has all of it."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    logs.configure("json", sentry_dsn=sentry.dsn)
    yield root.handlers[-1].flush
    root.handlers[:], root.level = handlers, level
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


def assert_nothing_about_people(sentry: SentryServer) -> None:
    assert sentry.bodies
    for text in (*sentry.bodies, *sentry.headers):
        assert not [each for each in HIDDEN if each in text]


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_failure_of_the_web_is_sent_with_the_requests_id_and_nothing_about_people(
    database: Database,
    broker_url: str,
    sentry: SentryServer,
    sending: Callable[[], None],
) -> None:
    def fail(*_: object, **__: object) -> None:
        secret = TOKEN  # a variable of the frame
        raise IntegrityError(f"INSERT {secret}", {"name": PERSON}, ValueError(f"{EMAIL} is there"))

    app = web_app(database, broker_url)
    app.testing = False
    app.before_request_funcs.setdefault(None, []).append(fail)
    try:
        response = app.test_client().post(
            f"/api/v1/events/{TOKEN}?k=v4lue",
            json={"email": EMAIL},
            headers={"Authorization": f"Bearer {TOKEN}", "User-Agent": PERSON.encode()},
        )
    finally:
        app.before_request_funcs[None].remove(fail)
    sending()
    (event,) = sentry.events
    assert (response.status_code, event["tags"]) == (500, {"request": response.headers["X-Request-ID"]})
    assert [each["type"] for each in event["exception"]["values"]] == ["IntegrityError"]
    innermost = event["exception"]["values"][-1]["stacktrace"]["frames"][-1]
    assert innermost["function"].endswith("fail") and "raise IntegrityError" in innermost["context_line"]
    assert_nothing_about_people(sentry)


@pytest.mark.broker
@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_failure_of_a_workers_task_is_sent_from_its_pool_process(
    database: Database, broker_url: str, sentry: SentryServer, tmp_path: Path
) -> None:
    settings = settings_for(database, broker_url, sentry_dsn=sentry.dsn)
    with worker(settings, "mail", tmp_path, app="tests.support.failing_worker:app"):
        make_celery(settings).send_task("tests.fail", [EMAIL], queue="mail", headers={"request_id": "web-7"})
        eventually(lambda: bool(sentry.bodies))
    event = next(each for each in sentry.events if "exception" in each)
    assert event["exception"]["values"][-1]["type"] == "LookupError"
    assert event["tags"].keys() == {"request", "task", "task_id"}
    assert (event["tags"]["request"], event["tags"]["task"]) == ("web-7", "tests.fail")
    assert_nothing_about_people(sentry)


def test_the_causes_of_an_exception_are_sent_too_the_first_one_first(
    sentry: SentryServer, sending: Callable[[], None]
) -> None:
    try:
        try:
            {}[EMAIL]
        except KeyError as error:
            raise RuntimeError(TOKEN) from error
    except RuntimeError:
        structlog.get_logger("workers").exception("step failed", email=EMAIL)
    sending()
    (event,) = sentry.events
    assert [each["type"] for each in event["exception"]["values"]] == ["KeyError", "RuntimeError"]
    assert event["release"].startswith("chainmeet@")
    assert_nothing_about_people(sentry)


def test_a_line_without_an_exception_and_a_repeated_error_are_not_sent(
    sentry: SentryServer, sending: Callable[[], None]
) -> None:
    log = structlog.get_logger()
    log.error("no exception", email=EMAIL)
    for _ in range(error_tracking.MAX_PER_MINUTE + 5):
        try:
            raise ValueError(EMAIL)
        except ValueError:
            log.exception("again")
    sending()
    assert len(sentry.bodies) == error_tracking.MAX_PER_MINUTE


def test_nothing_is_loaded_without_the_setting(tmp_path: Path) -> None:
    env = SETTINGS.to_env() | {"PYTHONPATH": str(Path(__file__).parents[3])}
    program = (
        "import sys; from scheduler import logs; from scheduler.config import Settings;"
        "s = Settings.from_env(); logs.configure(s.log_format, sentry_dsn=s.sentry_dsn);"
        "import api.app, workers.tasks;"
        "sys.exit('sentry_sdk' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], env=env, cwd=tmp_path, check=False).returncode == 0


@pytest.mark.parametrize(
    "dsn", ["sentry.example.org", "https://sentry.example.org/1", "https://key@sentry.example.org"]
)
def test_what_is_no_dsn_stops_the_start(dsn: str) -> None:
    with pytest.raises(ConfigError, match="CHAINMEET_SENTRY_DSN: must be a DSN"):
        Settings.from_env(SETTINGS.to_env() | {"CHAINMEET_SENTRY_DSN": dsn})


def test_a_missing_package_stops_the_start_and_the_error_names_the_extra(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(error_tracking, "find_spec", lambda _name: None)
    with pytest.raises(ConfigError, match=r"pip install 'chainmeet\[sentry\]'"):
        Settings.from_env(replace(SETTINGS, sentry_dsn="https://key@sentry.example.org/1").to_env())
    assert Settings.from_env(SETTINGS.to_env()).sentry_dsn == ""
