"""Parser for the policy of a problem file. Missing keys get their defaults.

A share is interpreted as the exact decimal as written, since a floor is `ceil(fair_share * n)`. A binary
float of 0.07 is slightly more than 0.07, which would give 100 requests a floor of 8 instead of 7. Use the
floors of the problem; never multiply the float.
"""

from __future__ import annotations

from scheduler.domain.firm_groups import GroupBy
from scheduler.domain.problem import (
    ANY_START,
    DEFAULT_FACTORS,
    NAMED_FACTORS,
    SAME_START,
    FairShare,
    Policy,
)
from scheduler.files.readers import Reader, is_number

MAX_FACTOR = 10**12
MAX_FAIR_SHARES = 100

KEYS = frozenset(
    (
        "require_all",
        "fair_share",
        "fair_shares",
        "group_by",
        "idle_counts",
        "max_days",
        "max_idle_spread",
        "max_in_row",
        "max_moved",
        "max_pair_per_day",
        "reassigned_counts",
        "factors",
    )
)


FAIR_KEYS = (frozenset(("share",)), frozenset(("price",)))


def read_policy(reader: Reader, policy: object) -> Policy:
    """Return a Policy. Errors are added to those of `reader`."""
    if not isinstance(policy, dict):
        reader.fault("policy", "must be an object")
        return Policy()
    reader.check_keys("policy", policy, (frozenset(), KEYS))
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
    group_by = policy.get("group_by", str(GroupBy.LIST))
    if group_by not in list(GroupBy):
        names = ", ".join(f'"{by}"' for by in GroupBy)
        reader.fault("policy.group_by", f"must be one of {names}")
        group_by = GroupBy.LIST
    return Policy(
        require_all=require_all is True,
        fair_share=share,
        idle_counts=str(idle_counts),
        max_idle_spread=reader.count_or_none(policy.get("max_idle_spread"), "policy.max_idle_spread", 0),
        max_moved=reader.count_or_none(policy.get("max_moved"), "policy.max_moved", 0),
        factors=_read_factors(reader, policy.get("factors", {})),
        reassigned_counts=str(reassigned_counts),
        fair_shares=_read_fair_shares(reader, policy.get("fair_shares", [])),
        group_by=GroupBy(group_by),
        max_pair_per_day=reader.count_or_none(policy.get("max_pair_per_day"), "policy.max_pair_per_day", 1),
        max_in_row=reader.count_or_none(policy.get("max_in_row"), "policy.max_in_row", 1),
        max_days=reader.count_or_none(policy.get("max_days"), "policy.max_days", 1),
    )


def _read_fair_shares(reader: Reader, value: object) -> tuple[FairShare, ...]:
    path = "policy.fair_shares"
    if not isinstance(value, list) or len(value) > MAX_FAIR_SHARES:
        reader.fault(path, f"must be a list of at most {MAX_FAIR_SHARES} shares")
        return ()
    found = [_read_fair_share(reader, f"{path}[{k}]", row) for k, row in enumerate(value)]
    return tuple(row for row in found if row is not None)


def _read_fair_share(reader: Reader, path: str, row: object) -> FairShare | None:
    if not reader.check_keys(path, row, FAIR_KEYS) or not isinstance(row, dict):
        return None
    share = row.get("share")
    if not is_number(share) or not 0 < share <= 1:
        reader.fault(f"{path}.share", "must be a number above 0, at most 1")
        share = 1.0
    return FairShare(share, reader.count(row.get("price", 1), f"{path}.price", 1))


def _read_factors(reader: Reader, value: object) -> dict[str, int | float]:
    path = "policy.factors"
    if not isinstance(value, dict):
        reader.fault(path, "must map a term to its factor")
        return dict(DEFAULT_FACTORS)
    reader.check_keys(path, value, (frozenset(), NAMED_FACTORS.union(DEFAULT_FACTORS)))
    for key, factor in value.items():
        reader.amount(factor, f"{path}.{key}", MAX_FACTOR)
    return {**DEFAULT_FACTORS, **value}
