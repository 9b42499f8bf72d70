"""Fixtures of incoming email tests."""

from __future__ import annotations

import pytest

from scheduler.storage.database import Database
from tests.support.published import Published


@pytest.fixture
def published(database: Database) -> Published:
    return Published.copied(database)
