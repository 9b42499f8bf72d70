"""Scheduling policy of an event: the weights of the objective's terms."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from scheduler.domain.errors import InvalidInput
from scheduler.domain.problem import ANY_START, EVENT_FACTORS, Policy
from scheduler.files.policy import read_policy
from scheduler.files.readers import Reader


def event_policy(keys: Mapping[str, Any]) -> Policy:
    """Parse an event's policy from the keys of a problem file, with the event's defaults.

    Raises InvalidInput with the path of each key that is unknown to this release, as after a downgrade, or
    has an invalid value.
    """
    reader = Reader()
    factors = {**EVENT_FACTORS, **keys.get("factors", {})}
    policy = read_policy(reader, {"reassigned_counts": ANY_START, **keys, "factors": factors})
    if reader.faults:
        raise InvalidInput(reader.faults)
    return policy
