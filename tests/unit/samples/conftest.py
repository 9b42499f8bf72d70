"""One full-size event shared by all tests of the samples; it is frozen."""

from __future__ import annotations

import pytest

from scheduler.samples.event import SampleEvent
from scheduler.samples.expo import make_expo


@pytest.fixture(scope="session")
def expo() -> SampleEvent:
    """Return the demo event: 620 firms, 9,000 requests, seed 1."""
    return make_expo()
