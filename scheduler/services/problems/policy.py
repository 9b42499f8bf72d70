"""Policy of an event: the weights of a plan's terms."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from scheduler.domain.errors import InvalidInput
from scheduler.domain.problem import ANY_START, EVENT_FACTORS, Policy
from scheduler.files.policy import read_policy
from scheduler.files.readers import Reader


def event_policy(keys: Mapping[str, Any]) -> Policy:
    """That of an event, from the keys of a problem file, as such a file is read.

    Raises InvalidInput with the path of each key that this version does not know, as after a downgrade, or
    whose value it does not take.
    """
    reader = Reader()
    factors = {**EVENT_FACTORS, **keys.get("factors", {})}
    policy = read_policy(reader, {"reassigned_counts": ANY_START, **keys, "factors": factors})
    if reader.faults:
        raise InvalidInput(reader.faults)
    return policy
