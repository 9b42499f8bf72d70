"""An event's stored policy uses the reader of problem files, with errors by path."""

from __future__ import annotations

from typing import Any

import pytest

from scheduler.domain.errors import InvalidInput
from scheduler.domain.problem import ANY_START, DEFAULT_FACTORS, EVENT_FACTORS, FairShare
from scheduler.services.problems.policy import event_policy


def test_what_is_left_out_has_the_defaults_of_events() -> None:
    policy = event_policy({"factors": {"idle": 3}, "fair_shares": [{"share": 0.5, "price": 2}]})
    assert policy.factors == {**DEFAULT_FACTORS, **EVENT_FACTORS, "idle": 3}
    assert policy.reassigned_counts == ANY_START
    assert policy.fair_shares == (FairShare(0.5, 2),)


@pytest.mark.parametrize(
    ("keys", "path"),
    [
        ({"of_a_newer_version": 1}, "policy.of_a_newer_version"),
        ({"factors": {"of_a_newer_version": 1}}, "policy.factors.of_a_newer_version"),
        ({"fair_shares": [{"share": 2, "price": 1}]}, "policy.fair_shares[0].share"),
        ({"fair_share": "much"}, "policy.fair_share"),
        ({"max_moved": -1}, "policy.max_moved"),
    ],
)
def test_what_this_version_cannot_read_is_named_by_its_path(keys: dict[str, Any], path: str) -> None:
    with pytest.raises(InvalidInput) as raised:
        event_policy(keys)
    assert [fault.path for fault in raised.value.faults] == [path]
