"""Without a database: an explanatory page, a Retry-After, and one log line."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count

import pytest
from flask.testing import FlaskClient
from sqlalchemy import event

from api.errors import RETRY_AFTER
from scheduler.storage.database import Database
from tests.integration.api.test_request_database import counting
from tests.support.databases import end_connections
from tests.support.factories import Expo, make_event
from tests.support.web import Browser, web_app


@contextmanager
def away(database: Database) -> Iterator[None]:
    """Refuse all connections."""

    def refuse(dialect: object, *_: object) -> None:
        raise dialect.loaded_dbapi.OperationalError("connection refused\nby 10.0.0.7")  # type: ignore[attr-defined]

    database.engine.dispose()
    event.listen(database.engine, "do_connect", refuse)
    yield
    event.remove(database.engine, "do_connect", refuse)


@pytest.fixture
def expo(database: Database) -> Expo:
    with database.write() as session:
        return make_event(session)


@pytest.fixture
def client(database: Database, broker_url: str, expo: Expo) -> FlaskClient:
    """Return a signed-in client of an application in production mode."""
    app = web_app(database, broker_url)
    client = Browser(app, expo.organiser).client
    app.testing = False
    return client


@pytest.mark.parametrize("page", ["agenda", "schedule", "firms", "requests/received"])
def test_a_page_says_that_it_is_not_available_and_when_to_try_again(
    database: Database, client: FlaskClient, expo: Expo, page: str, caplog: pytest.LogCaptureFixture
) -> None:
    with away(database), caplog.at_level(logging.INFO):
        caplog.clear()
        response = client.get(f"/events/{expo.event.key}/{page}")
    assert (response.status_code, response.headers["Retry-After"]) == (503, str(RETRY_AFTER))
    assert "Temporarily unavailable" in response.text
    (line,) = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert "connection refused" in line.getMessage()
    assert "10.0.0.7" not in line.getMessage()
    assert line.exc_info is None
    assert client.get(f"/events/{expo.event.key}/firms").status_code == 200


@pytest.mark.parametrize("database", [pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True)
@pytest.mark.parametrize("number", [1, 2, 5])
def test_a_page_whose_connection_is_lost_says_so_and_the_next_one_is_shown(
    database: Database, client: FlaskClient, expo: Expo, number: int
) -> None:
    numbers = count(1)

    def lose(*_: object) -> None:
        if next(numbers) == number:
            end_connections(database)

    event.listen(database.engine, "before_cursor_execute", lose)
    response = client.get(f"/events/{expo.event.key}/firms")
    event.remove(database.engine, "before_cursor_execute", lose)
    assert (response.status_code, response.headers["Retry-After"]) == (503, str(RETRY_AFTER))
    assert client.get(f"/events/{expo.event.key}/firms").status_code == 200


def test_the_api_says_so_too(database: Database, client: FlaskClient, expo: Expo) -> None:
    with away(database):
        response = client.get("/api/v1/firms", headers={"Authorization": "Bearer cm_nothing"})
    assert (response.status_code, response.headers["Retry-After"]) == (503, str(RETRY_AFTER))
    assert response.content_type == "application/problem+json"
    assert response.json["type"] == "urn:chainmeet:error:database-away"


def test_a_page_that_is_not_there_says_so_without_the_database(
    database: Database, client: FlaskClient
) -> None:
    with away(database):
        response = client.get("/nothing/here")
    assert response.status_code == 404
    assert "This page doesn&#39;t exist" in response.text


def test_the_page_of_an_error_of_ours_asks_the_database_for_nothing(
    database: Database, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken() -> None:
        raise ZeroDivisionError

    monkeypatch.setitem(client.application.view_functions, "health.healthz", broken)
    with counting(database) as asked:
        response = client.get("/healthz")
    assert (response.status_code, asked["begin"]) == (500, 0)
    assert "Server error" in response.text
