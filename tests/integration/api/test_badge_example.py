"""The example of a badge system, against a running site."""

from __future__ import annotations

import csv
import importlib.util
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from werkzeug.serving import make_server

from scheduler.storage.database import Database
from tests.support.api import Program, make_token
from tests.support.factories import Expo, make_event
from tests.support.web import web_app

PATH = Path(__file__).parents[3] / "examples/badge-system/badges.py"


@pytest.fixture(scope="module")
def badges() -> Any:
    spec = importlib.util.spec_from_file_location("badges", PATH)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def expo(database: Database) -> Expo:
    with database.write() as session:
        return make_event(session)


@pytest.fixture
def app(database: Database, broker_url: str) -> Flask:
    return web_app(database, broker_url)


@pytest.fixture
def site(app: Flask) -> Iterator[str]:
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_badges_follow_people(database: Database, app: Flask, site: str, expo: Expo, badges: Any) -> None:
    organiser = Program(app, make_token(database, expo.organiser_actor()))
    token = make_token(database, expo.organiser_actor(), "people:read")
    state: dict[str, Any] = {}
    assert badges.synchronize(site, token, state) == (["f0-p0", "f1-p0", "f2-p0"], [])
    assert badges.synchronize(site, token, state) == ([], [])
    organiser.post("/participants/people/f1-p0/change", {"cells": {"title": "Buyer"}})
    organiser.post("/participants/firms/remove", {"keys": ["f2"]})
    assert badges.synchronize(site, token, state) == (["f1-p0"], ["f2-p0"])
    assert state["people"]["f1-p0"]["title"] == "Buyer"


def test_the_event_is_read_only_if_it_has_changed(
    database: Database, site: str, expo: Expo, badges: Any
) -> None:
    token = make_token(database, expo.organiser_actor(), "people:read")
    event, etag = badges.fetch(f"{site}/api/v1/event", token)
    assert event["key"] == expo.event.key
    assert badges.fetch(f"{site}/api/v1/event", token, etag) == (None, etag)


def test_the_command_prints_badges_and_loses_none_when_its_output_fails(
    database: Database, app: Flask, site: str, expo: Expo, tmp_path: Path
) -> None:
    organiser = Program(app, make_token(database, expo.organiser_actor()))
    organiser.post("/participants/people/f1-p0/change", {"cells": {"title": "=1+1"}})
    token, file = make_token(database, expo.organiser_actor(), "people:read"), tmp_path / "people.json"

    def run(output: int = subprocess.PIPE) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "CHAINMEET_URL": site, "CHAINMEET_TOKEN": token}
        return subprocess.run(
            [sys.executable, str(PATH), str(file)],
            env=environment, stdout=output, stderr=subprocess.PIPE, text=True, check=False,
        )  # fmt: skip

    with Path("/dev/full").open("w") as full:
        assert run(full.fileno()).returncode != 0
    rows = list(csv.reader(run().stdout.splitlines()))
    assert [row[:2] for row in rows] == [["print", key] for key in ("f0-p0", "f1-p0", "f2-p0")]
    assert rows[1][4] == "'=1+1"
    organiser.post("/participants/firms/remove", {"keys": ["f2"]})
    assert run().stdout.split() == ["withdraw,f2-p0"]
