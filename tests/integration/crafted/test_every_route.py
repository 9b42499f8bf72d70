"""Hostile texts in any place never cause a server error or an endless response.

Field names are those that views read; texts are drawn with a fixed seed.
"""

from __future__ import annotations

import pytest

from api.v1 import bearer
from scheduler.storage.database import Database
from tests.integration.crafted import crafted_requests
from tests.integration.crafted.walks import Walk
from tests.integration.identity.route_requests import NOWHERE, Askers
from tests.support import clocks
from tests.support.everything import Everything
from tests.support.factories import NOW
from tests.support.web import web_app

postgres = pytest.mark.parametrize(
    "database", [pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True
)
pytestmark = [pytest.mark.slow, postgres]
"""PostgreSQL only: it rejects values that SQLite accepts, and each walk takes a minute."""


@pytest.fixture
def walk(database: Database, monkeypatch: pytest.MonkeyPatch) -> Walk:
    clocks.hold(monkeypatch, NOW)
    askers = Askers(Everything(database, web_app(database, NOWHERE)))
    app = askers.everything.app
    crafted_requests.note_names(monkeypatch, app)
    return Walk(askers, app, database)


def test_no_address_breaks(walk: Walk, monkeypatch: pytest.MonkeyPatch) -> None:
    crafted_requests.keep_nothing(monkeypatch)
    walk.look()
    assert walk.faults.found == {}
    assert walk.faults.count > 3_000


def test_no_form_breaks(walk: Walk, monkeypatch: pytest.MonkeyPatch) -> None:
    crafted_requests.keep_nothing(monkeypatch)
    walk.send_forms()
    assert walk.faults.found == {}
    assert walk.faults.count > 3_000


def test_no_call_breaks(walk: Walk, database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    bearer._noted.clear()
    tokens = {asker: walk.askers.token(database, asker) for asker in ("owner", "exhibitor")}
    crafted_requests.keep_nothing(monkeypatch)
    walk.call(tokens)
    assert walk.faults.found == {}
    assert walk.faults.count > 3_000
