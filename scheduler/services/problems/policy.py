"""The policy of an event: what its plans are worth."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from scheduler.domain.problem import ANY_START, DEFAULT_FACTORS, EVENT_FACTORS, FairShare, Policy


def policy_of(keys: Mapping[str, Any]) -> Policy:
    """That of an event, from the keys of a problem file."""
    factors = {**DEFAULT_FACTORS, **EVENT_FACTORS, **keys.get("factors", {})}
    shares = tuple(FairShare(**row) for row in keys.get("fair_shares", ()))
    return Policy(**{"reassigned_counts": ANY_START, **keys, "factors": factors, "fair_shares": shares})
