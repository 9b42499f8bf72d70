"""The site of most page tests."""

from __future__ import annotations

import pytest

from scheduler.storage.database import Database
from tests.support.site import Site


@pytest.fixture
def site(database: Database, broker_url: str) -> Site:
    return Site.of_three_firms(database, broker_url)
