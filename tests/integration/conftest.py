"""Fixtures of all integration tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest


@pytest.fixture(scope="session", autouse=True)
def _no_pauses_before_a_broker_that_is_away() -> Iterator[None]:
    """Skip the retry delay of a rejected task, which would cost 0.2 s per page without a broker.

    The delay is tested in tests/unit/workers/test_dispatch.py.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("kombu.utils.functional.sleep", lambda _seconds: None)
        yield
