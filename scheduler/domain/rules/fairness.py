"""How evenly a plan shares out its meetings: what each firm gets of its requests, and the dial for it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from scheduler.domain.plan import Meeting
from scheduler.domain.problem import FairShare, Policy, Problem
from scheduler.domain.rules.resolved import Schedule
from scheduler.domain.rules.score import meetings_by_firm

FAIR_SHARES = (FairShare(0.6, 4), FairShare(0.7, 3), FairShare(0.8, 2), FairShare(0.9), FairShare(1.0))
"""What the dial prices: below 60 per cent, a missing meeting counts eleven times what it does above 90."""

FAIRNESS_PRICES = (0, 30, 100, 300, 1000)
"""The factor of `unfair` at each point of the dial, from most meetings by weight to fairest."""


@dataclass(frozen=True, slots=True)
class FirmShare:
    """Of one firm, by index: how many of its requests are held, asked for by it or by others."""

    firm: int
    held: int
    requests: int

    @property
    def share(self) -> float:
        return self.held / self.requests


@dataclass(frozen=True, slots=True)
class Fairness:
    """Of some firms: how many, and the shares of the worst one, of the lowest twentieth, and on the mean.

    `pooled` is the share of all their requests together. It speaks of the firms with the most requests, where
    `mean` counts each firm once. Gini's coefficient is 0 if all shares are the same, and less than 1.
    """

    firms: int
    worst: float
    twentieth: float
    mean: float
    pooled: float
    gini: float


def firm_shares(problem: Problem, meetings: Sequence[Meeting]) -> list[FirmShare]:
    """The share of each firm that has requests, in the order of the problem."""
    counts = meetings_by_firm(Schedule.of(problem, meetings))
    rows = enumerate(zip(counts, problem.request_counts, strict=True))
    return [FirmShare(firm, held, n) for firm, (held, n) in rows if n]


def summarize_fairness(rows: Iterable[FirmShare]) -> Fairness | None:
    """The figures of some firms, None of none."""
    firms = list(rows)
    if not firms:
        return None
    shares = sorted(row.share for row in firms)
    return Fairness(
        firms=len(firms),
        worst=shares[0],
        twentieth=shares[len(shares) // 20],
        mean=sum(shares) / len(shares),
        pooled=sum(row.held for row in firms) / sum(row.requests for row in firms),
        gini=gini(shares),
    )


def home_country(countries: Iterable[str]) -> str:
    """The country of most firms, the first by its code of two that have as many. The others are overseas."""
    counts = Counter(countries)
    return min(counts, key=lambda code: (-counts[code], code), default="")


def gini(values: Sequence[float]) -> float:
    """How unevenly something is shared: 0 if all have the same, towards 1 if one has all (Gini, 1912)."""
    total, n = sum(values), len(values)
    if not total:
        return 0.0
    return sum((2 * k - n + 1) * value for k, value in enumerate(sorted(values))) / (n * total)


def set_fairness(policy: Policy, point: int) -> Policy:
    """The policy at a point of the dial: 0 counts no fair shares at all."""
    price = FAIRNESS_PRICES[point]
    factors = {term: factor for term, factor in policy.factors.items() if term != "unfair"}
    if not price:
        return replace(policy, fair_shares=(), factors=factors)
    return replace(policy, fair_shares=FAIR_SHARES, factors={**factors, "unfair": price})
