"""A published meeting with invitations."""

from __future__ import annotations

import pytest

from scheduler.storage.database import Database
from tests.support.event_with_replies import Health


@pytest.fixture
def health(database: Database) -> Health:
    return Health(database)
