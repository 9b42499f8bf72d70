"""Fixtures of the fault tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from scheduler.storage.database import Database
from tests.faults.faulty_server import FaultyServer
from tests.faults.installation import Installation
from tests.support.mail_server import serving


@pytest.fixture
def installation(database: Database, tmp_path: Path) -> Iterator[Installation]:
    """Yield an installation whose first schedule is published and sent, and in all calendars."""
    with serving(FaultyServer()) as server:
        installation = Installation(database, server, tmp_path / "journal")
        installation.publish(0, 1, 2, 3, None)
        assert installation.deliver() == 8
        assert installation.breaches() == []
        yield installation
