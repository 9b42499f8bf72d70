"""Priority levels: their names and values, and the level of a policy.

Eleven numbers in points are too many to weigh, so each priority has five levels. Only exact values are
stored. Events, files and the API already have them, including decimals. A policy between two levels is
Custom. If a later version changes a level, events saved with it become Custom. The form submits the level,
and each exact value with the one that was shown: an edited exact value takes precedence over its level. The
limit of changes occurs twice, because it has two meanings: a limit of overnight runs, and a number for one
run.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from types import MappingProxyType
from typing import Any, Final

from scheduler.domain.firm_groups import GroupBy
from scheduler.domain.problem import DEFAULT_FACTORS, EVENT_FACTORS
from scheduler.domain.rules.fairness import FAIR_SHARES, FAIRNESS_PRICES, GROUP_GAP_PRICES
from scheduler.i18n import gettext_lazy

LEVELS: Final = (
    gettext_lazy("Off"),
    gettext_lazy("Low"),
    gettext_lazy("Medium"),
    gettext_lazy("High"),
    gettext_lazy("Highest"),
)
"""Labels of the levels of every priority."""
CUSTOM: Final = "custom"
"""The level of values that match no level."""

Exact = int | float
_FAIR_SHARES: Final = [asdict(row) for row in FAIR_SHARES]


@dataclass(frozen=True, slots=True)
class Priority:
    """A priority with levels. `name` is its form field, `values` are the factors of each level by term.

    `least` and `most` describe the two extremes.
    """

    name: str
    title: str
    does: str
    least: str
    most: str
    values: Mapping[str, tuple[Exact, ...]]

    def at(self, level: int) -> dict[str, Exact]:
        """Return the exact values of a level."""
        return {term: by_level[level] for term, by_level in self.values.items()}

    def level_of(self, exact: Mapping[str, object]) -> str:
        """Return the number of the level with these values, or CUSTOM."""
        return next(
            (
                str(level)
                for level in range(len(LEVELS))
                if all(exact[term] == value for term, value in self.at(level).items())
            ),
            CUSTOM,
        )


FAIRNESS: Final = Priority(
    "fairness",
    gettext_lazy("Fairness"),
    gettext_lazy("How strongly to favour exhibitors with few scheduled requests."),
    gettext_lazy("Highest priorities first"),
    gettext_lazy("Most equal shares"),
    {"unfair": FAIRNESS_PRICES},
)
GROUP_FAIRNESS: Final = Priority(
    "group_fairness",
    gettext_lazy("Fairness between groups"),
    gettext_lazy(
        "How strongly to give all groups of exhibitors the same share of their accepted requests. "
        "Higher values leave out meetings of groups with a larger share."
    ),
    gettext_lazy("Most meetings"),
    gettext_lazy("Same share for each group"),
    {"group_gap": GROUP_GAP_PRICES},
)
GROUPS: Final[Mapping[str, str]] = MappingProxyType(
    {
        GroupBy.HOME: gettext_lazy("Home and overseas"),
        GroupBy.TIER: gettext_lazy("Position in the chain"),
        GroupBy.AREA: gettext_lazy("Chain area"),
        GroupBy.LIST: gettext_lazy("Delegations"),
    }
)
"""Labels of the groups that can be compared."""
PRIORITIES: Final = (
    Priority(
        "idle_level",
        gettext_lazy("Idle time"),
        gettext_lazy("How strongly to avoid gaps between meetings in a person's day."),
        gettext_lazy("Longer breaks"),
        gettext_lazy("Compact days"),
        {"idle": (0, 3, 10, 40, 160)},
    ),
    Priority(
        "hall_change_level",
        gettext_lazy("Hall changes"),
        gettext_lazy(
            "How strongly to avoid back-and-forth between halls. Higher values can leave gaps in the day."
        ),
        gettext_lazy("More freedom in scheduling"),
        gettext_lazy("Fewer hall changes"),
        {"hall_change": (0, 4, 15, 60, 240)},
    ),
    Priority(
        "stability",
        gettext_lazy("Stability"),
        gettext_lazy("How strongly to keep published meetings as they are."),
        gettext_lazy("More new meetings"),
        gettext_lazy("Fewer changes"),
        {
            "moved": (0, 15, 30, 60, 240),
            "relocated": (0, 4, 8, 15, 60),
            "reassigned": (0, 8, 15, 30, 120),
            "repeated": (0, 10, 20, 120, 480),
            "dropped": (0, 100, 200, 400, 1600),
        },
    ),
)
"""Priorities whose levels are only factors of the score. Fairness also sets fair shares."""


def factors_of(policy: Mapping[str, Any]) -> dict[str, Exact]:
    """Return all factors of an event's policy, including defaults."""
    return {**DEFAULT_FACTORS, **EVENT_FACTORS, **policy.get("factors", {})}


def point_of(policy: Mapping[str, Any]) -> str:
    """Return the fairness level of a policy."""
    price = policy.get("factors", {}).get("unfair", 0)
    if not price:
        return "0"
    return FAIRNESS.level_of({"unfair": price}) if policy.get("fair_shares") == _FAIR_SHARES else CUSTOM


def group_point_of(policy: Mapping[str, Any]) -> str:
    """Return the level of fairness between groups of a policy."""
    price = policy.get("factors", {}).get("group_gap", 0)
    return GROUP_FAIRNESS.level_of({"group_gap": price})


def groups_of(policy: Mapping[str, Any]) -> str:
    """Return which groups a policy compares. Without a price, home and overseas are suggested."""
    by = GroupBy.LIST if policy.get("factors", {}).get("group_gap", 0) else GroupBy.HOME
    return str(policy.get("group_by", by))


def with_groups(policy: Mapping[str, Any], point: str, by: str) -> dict[str, Any]:
    """Return the policy at a level of fairness between groups.

    An invalid level or group leaves it unchanged.
    """
    is_known = point in map(str, range(len(GROUP_GAP_PRICES))) and by in GROUPS
    if not is_known or (point, by) == (group_point_of(policy), groups_of(policy)):
        return dict(policy)
    price = GROUP_GAP_PRICES[int(point)]
    kept = {name: value for name, value in policy.items() if name != "group_by"}
    factors = {term: value for term, value in policy.get("factors", {}).items() if term != "group_gap"}
    if price:
        return {**kept, "group_by": by, "factors": {**factors, "group_gap": price}}
    suggested = groups_of({})
    return {**kept, "factors": factors} if by == suggested else {**kept, "group_by": by, "factors": factors}


def with_point(policy: Mapping[str, Any], point: str) -> dict[str, Any]:
    """Return the policy at a fairness level. Its current level, or an invalid one, leaves it unchanged."""
    if point not in map(str, range(len(FAIRNESS_PRICES))) or point == point_of(policy):
        return dict(policy)
    price = FAIRNESS_PRICES[int(point)]
    kept = {name: value for name, value in policy.items() if name != "fair_shares"}
    factors = {term: value for term, value in policy.get("factors", {}).items() if term != "unfair"}
    if not price:
        return {**kept, "factors": factors}
    return {**kept, "fair_shares": _FAIR_SHARES, "factors": {**factors, "unfair": price}}
