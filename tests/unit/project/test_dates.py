"""The other dates at which the suite runs, and the tests chosen for them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tests.support import dates
from tests.support.factories import NOW
from tests.support.workers import ROOT

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)


def test_the_dates_besides_today() -> None:
    assert list(dates.moments(NOW).values()) == [
        datetime(2026, 12, 31, 23, 30, tzinfo=UTC),
        datetime(2027, 3, 28, 0, 30, tzinfo=UTC),
        datetime(2028, 2, 29, 12, tzinfo=UTC),
    ]


@pytest.mark.parametrize("day", range(0, 3000, 31))
def test_they_lie_ahead_on_any_day(day: int) -> None:
    now = BEGIN + timedelta(days=day, hours=23, minutes=15)
    moments = dates.moments(now)
    assert min(moments.values()) > now
    leap, night = moments["29 February"], moments["a clock change in Budapest"]
    assert (leap.month, leap.day) == (2, 29)
    assert leap > now + timedelta(days=400)
    assert night > now + timedelta(days=44)
    before, after = (night + timedelta(minutes=each) for each in (29, 30))
    zone = dates.BUDAPEST
    assert before.astimezone(zone).utcoffset() != after.astimezone(zone).utcoffset()


def test_each_test_that_asks_for_a_page_has_its_module_tried() -> None:
    """All chosen modules exist, too."""
    chosen = set(dates.modules())
    for path in (ROOT / "tests" / "integration").rglob("test_*.py"):
        if "Browser(" in path.read_text() or "web_app(" in path.read_text():
            assert path in chosen
    assert all((ROOT / "tests" / part).exists() for part in dates.WHOLE)


def test_continuous_integration_tries_them() -> None:
    assert "make test-dates" in (ROOT / ".ci" / "run").read_text()
    assert "test-dates" in (ROOT / "CONTRIBUTING.md").read_text()
