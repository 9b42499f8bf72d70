"""What every test of several rooms together begins with."""

from __future__ import annotations

from collections.abc import Iterator

import pytest


@pytest.fixture(scope="session", autouse=True)
def _no_pauses_before_a_broker_that_is_away() -> Iterator[None]:
    """A task that is not taken is sent again at once: each page whose broker is away waited 0.2 s.

    How long it waits is tested in tests/unit/workers/test_dispatch.py.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("kombu.utils.functional.sleep", lambda _seconds: None)
        yield
