"""One full-size event for all tests of the samples; it is frozen, so they can share it."""

from __future__ import annotations

import pytest

from scheduler.samples.event import SampleEvent
from scheduler.samples.expo import make_expo


@pytest.fixture(scope="session")
def expo() -> SampleEvent:
    """The event of the demo: 620 firms, 9,000 requests, seed 1."""
    return make_expo()
