"""Fairness: the share of its requests that each firm gets, and the priority that controls it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from operator import mul

from scheduler.domain.plan import Meeting
from scheduler.domain.problem import FairShare, Policy, Problem
from scheduler.domain.rules.resolved import Schedule
from scheduler.domain.rules.score import meetings_by_firm

FAIR_SHARES = (FairShare(0.6, 4), FairShare(0.7, 3), FairShare(0.8, 2), FairShare(0.9), FairShare(1.0))
"""Targets of the fairness priority. Below 60%, a missing meeting costs eleven times as much as above 90%."""

FAIRNESS_PRICES = (0, 30, 100, 300, 1000)
"""Factor of `unfair` at each setting of the priority, from most meetings by weight to fairest."""

GROUP_GAP_PRICES = (0, 100, 300, 1000, 3000)
"""Factor of `group_gap` at each setting of its priority, from most meetings by weight to equal shares."""


@dataclass(frozen=True, slots=True)
class FirmShare:
    """Scheduled and total requests of one firm (an index), sent and received."""

    firm: int
    scheduled: int
    requests: int

    @property
    def share(self) -> float:
        return self.scheduled / self.requests


@dataclass(frozen=True, slots=True)
class Fairness:
    """Fairness statistics of a group of firms: minimum, 5th percentile and mean share.

    `pooled` is the scheduled share of all their requests together, so firms with many requests dominate it;
    `mean` weighs each firm equally. The Gini coefficient is 0 if all shares are equal, and less than 1.
    """

    firms: int
    worst: float
    twentieth: float
    mean: float
    pooled: float
    gini: float


def firm_shares(problem: Problem, meetings: Sequence[Meeting]) -> list[FirmShare]:
    """Return the share of each firm that has requests, in problem order."""
    counts = meetings_by_firm(Schedule.of(problem, meetings))
    rows = enumerate(zip(counts, problem.request_counts, strict=True))
    return [FirmShare(firm, scheduled, n) for firm, (scheduled, n) in rows if n]


def summarize_fairness(rows: Iterable[FirmShare]) -> Fairness | None:
    """Return the fairness statistics of some firms, or None if there are none."""
    firms = list(rows)
    if not firms:
        return None
    shares = sorted(row.share for row in firms)
    return Fairness(
        firms=len(firms),
        worst=shares[0],
        twentieth=shares[len(shares) // 20],
        mean=sum(shares) / len(shares),
        pooled=sum(row.scheduled for row in firms) / sum(row.requests for row in firms),
        gini=gini(shares),
    )


def gini(values: Sequence[float]) -> float:
    """Return the Gini coefficient: 0 if all values are equal, towards 1 if one holds all (Gini, 1912)."""
    total, n = sum(values), len(values)
    if not total:
        return 0.0
    weighted: float = sum(map(mul, range(1 - n, n, 2), sorted(values)))
    return weighted / (n * total)


def set_fairness(policy: Policy, point: int) -> Policy:
    """Return the policy with fairness at this setting. 0 disables fair shares."""
    price = FAIRNESS_PRICES[point]
    factors = {term: factor for term, factor in policy.factors.items() if term != "unfair"}
    if not price:
        return replace(policy, fair_shares=(), factors=factors)
    return replace(policy, fair_shares=FAIR_SHARES, factors={**factors, "unfair": price})
