"""The dial of fairness in words, and where an event's policy stands on it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, Final

from scheduler.domain.rules.fairness import FAIR_SHARES, FAIRNESS_PRICES
from scheduler.saying import say

POINTS: Final = (
    (say("By priority"), say("Requests of higher priority count more, whoever sent them.")),
    (say("A little fairer"), say("Of two meetings as wanted, the firm with the smaller share gets its own.")),
    (say("Fairer"), say("A firm with a small share goes before a somewhat more wanted meeting.")),
    (say("Much fairer"), say("Small shares weigh as much as most priorities.")),
    (say("Fairest"), say("Small shares weigh more than any priority.")),
)
"""The points `FAIRNESS_PRICES` in words: a name, and what it does."""
OWN_PRICE: Final = "own"
"""Where the event has fair shares that no point of the dial has."""

_FAIR_SHARES: Final = [asdict(row) for row in FAIR_SHARES]


def point_of(policy: Mapping[str, Any]) -> str:
    """The point of the dial that a policy is at."""
    price = policy.get("factors", {}).get("unfair", 0)
    if not price:
        return "0"
    is_ours = policy.get("fair_shares") == _FAIR_SHARES and price in FAIRNESS_PRICES
    return str(FAIRNESS_PRICES.index(price)) if is_ours else OWN_PRICE


def with_point(policy: Mapping[str, Any], point: str) -> dict[str, Any]:
    """The policy at a point of the dial. Anything but a point leaves it as it is."""
    if point not in map(str, range(len(FAIRNESS_PRICES))):
        return dict(policy)
    price = FAIRNESS_PRICES[int(point)]
    kept = {name: value for name, value in policy.items() if name != "fair_shares"}
    factors = {term: value for term, value in policy.get("factors", {}).items() if term != "unfair"}
    if not price:
        return {**kept, "factors": factors}
    return {**kept, "fair_shares": _FAIR_SHARES, "factors": {**factors, "unfair": price}}
