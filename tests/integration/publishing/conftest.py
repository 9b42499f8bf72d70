"""An event with a draft to publish."""

from __future__ import annotations

import pytest

from scheduler.storage.database import Database
from tests.integration.publishing.scene import Scene


@pytest.fixture
def scene(database: Database) -> Scene:
    return Scene(database)
