"""An event with a run to execute, with a frozen clock."""

from __future__ import annotations

import pytest

from scheduler.storage.database import Database
from tests.integration.planning.runs.scene import Scene
from tests.support.factories import NOW


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Database, "now_in", lambda _self, _session: NOW)


@pytest.fixture
def scene(database: Database) -> Scene:
    return Scene(database)
