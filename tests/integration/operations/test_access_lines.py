"""Access log: one line per request with route, status and cost, without tokens and addresses."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import structlog

from tests.support.everything import Everything, everything_in
from tests.support.web import Browser


@pytest.fixture(scope="module")
def everything(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Everything]:
    with everything_in(tmp_path_factory.mktemp("lines"), sqlite_template) as made:
        yield made


@contextmanager
def lines() -> Iterator[list[dict[str, Any]]]:
    """Yield the log lines of requests in the block."""
    found: list[dict[str, Any]] = []
    with structlog.testing.capture_logs(processors=[structlog.contextvars.merge_contextvars]) as seen:
        yield found
    found += [dict(line) for line in seen if line["event"] == "request"]


def test_a_line_has_what_a_request_was_and_cost(everything: Everything) -> None:
    browser = Browser(everything.app, everything.account("organiser"))
    path = everything.path("/firms?text=ann@firm.example")
    with lines() as seen:
        response = browser.client.get(path, headers={"X-Request-ID": "abc-1"})
    (line,) = seen
    assert response.status_code == 200 and line["octets"] == len(response.data) > 1000
    assert (line["method"], line["route"], line["status"]) == ("GET", "/events/<event_key>/firms", 200)
    assert (line["request"], line["event_key"]) == ("abc-1", everything.expo.event.key)
    assert line["sql_count"] > 3 and 0 <= line["sql_ms"] <= line["ms"]
    assert "ann@firm.example" not in json.dumps(line)


def test_a_line_has_the_octets_as_they_were_sent(everything: Everything) -> None:
    browser = Browser(everything.app, everything.account("organiser"))
    with lines() as seen:
        packed = browser.client.get(everything.path("/firms"), headers={"Accept-Encoding": "gzip"})
        browser.client.head(everything.path("/firms"))
    assert packed.headers["Content-Encoding"] == "gzip"
    assert [line["octets"] for line in seen] == [len(packed.data), 0]


def test_no_line_has_the_key_of_a_link(everything: Everything) -> None:
    client, known = everything.app.test_client(), everything.known
    links = [link for link in known.values() if isinstance(link, str) and link.startswith("/")]
    assert len(links) > 7
    with lines() as seen:
        for link in links:
            client.get(link)
            client.get(f"{link}x")
    assert len(seen) == 2 * len(links)
    said = json.dumps(seen)
    assert not [link for link in links if link.split("/")[2] in said]


def test_what_is_not_found_has_no_route(everything: Everything) -> None:
    client = everything.app.test_client()
    with lines() as seen:
        client.get("/events/none/li@ningde.example/4711")
        client.post("/sign-in", data={"email": "li@ningde.example"})
    found, refused = seen
    assert (found["route"], found["status"]) == (None, 404)
    assert (refused["route"], refused["method"], refused["status"]) == ("/sign-in", "POST", 400)
    assert "li@ningde.example" not in json.dumps(seen)


def test_programs_that_only_look_whether_it_lives_are_quiet(everything: Everything) -> None:
    client = everything.app.test_client()
    with lines() as seen:
        assert client.get("/healthz").status_code == 200
        assert client.get("/readyz").status_code == 200
        client.get("/static/none.css")
    assert [(line["route"], line["status"]) for line in seen] == [("/static/<path:filename>", 404)]
