"""A site with a clock that a test sets."""

from __future__ import annotations

import pytest
from flask import Flask

from scheduler.storage.database import Database
from tests.integration.identity.clock import NOWHERE, Clock
from tests.support import clocks
from tests.support.factories import Expo, make_event
from tests.support.web import web_app


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    clocks.hold(monkeypatch, lambda: clock.now)
    return clock


@pytest.fixture
def app(database: Database, clock: Clock) -> Flask:
    return web_app(database, NOWHERE)


@pytest.fixture
def expo(database: Database) -> Expo:
    with database.write() as session:
        return make_event(session)
