"""Read the policy of a problem file. A missing key has its default."""

from __future__ import annotations

from scheduler.domain.problem import ANY_START, DEFAULT_FACTORS, NAMED_FACTORS, SAME_START, Policy
from scheduler.files.reading import Reader, is_number

MOST_FACTOR = 10**12

_KEYS = frozenset(
    (
        "require_all",
        "fair_share",
        "idle_counts",
        "max_idle_spread",
        "max_moved",
        "reassigned_counts",
        "factors",
    )
)


def read_policy(reader: Reader, policy: object) -> Policy:
    """A Policy. What is wrong is added to the faults of `reader`."""
    if not isinstance(policy, dict):
        reader.fault("policy", "must be an object")
        return Policy()
    reader.check_keys("policy", policy, (frozenset(), _KEYS))
    require_all = policy.get("require_all", False)
    if not isinstance(require_all, bool):
        reader.fault("policy.require_all", "must be true or false")
    share = policy.get("fair_share", 0.0)
    if not is_number(share) or not 0 <= share <= 1:
        reader.fault("policy.fair_share", "must be a number from 0 to 1")
        share = 0.0
    idle_counts = policy.get("idle_counts", "slots")
    if idle_counts not in ("slots", "breaks"):
        reader.fault("policy.idle_counts", 'must be "slots" or "breaks"')
    reassigned_counts = policy.get("reassigned_counts", SAME_START)
    if reassigned_counts not in (SAME_START, ANY_START):
        reader.fault("policy.reassigned_counts", f'must be "{SAME_START}" or "{ANY_START}"')
    return Policy(
        require_all=require_all is True,
        fair_share=share,
        idle_counts=str(idle_counts),
        max_idle_spread=reader.count_or_none(policy.get("max_idle_spread"), "policy.max_idle_spread", 0),
        max_moved=reader.count_or_none(policy.get("max_moved"), "policy.max_moved", 0),
        factors=_read_factors(reader, policy.get("factors", {})),
        reassigned_counts=str(reassigned_counts),
    )


def _read_factors(reader: Reader, value: object) -> dict[str, int | float]:
    path = "policy.factors"
    if not isinstance(value, dict):
        reader.fault(path, "must map a term to its factor")
        return dict(DEFAULT_FACTORS)
    reader.check_keys(path, value, (frozenset(), NAMED_FACTORS.union(DEFAULT_FACTORS)))
    for key, factor in value.items():
        reader.amount(factor, f"{path}.{key}", MOST_FACTOR)
    return {**DEFAULT_FACTORS, **value}
