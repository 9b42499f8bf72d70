"""Fairness between groups: home and overseas firms where five interpreters make overseas meetings scarce.

Run by `benchmarks.fairness`. One plan for each setting of the priority, without fairness of single firms.

value: the score of the plan without the price of group fairness, so that all settings are comparable.

lost: what the value is below that of the first setting, in percent. at least: the proven minimum of that
loss, for any plan whose groups lack no more meetings. It follows from the bounds of the priced scores: a plan
whose groups lack g meetings has at most the value (bound at a price) + price * g, for each of the prices.

points: percentage points between the scheduled shares of home and overseas requests.

below: the number of firms with less than a fifth of their requests, which the rows name.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from benchmarks import contestants
from benchmarks.instances import Instance
from benchmarks.report import Json, line, share
from scheduler.domain import rules
from scheduler.domain.firm_groups import GroupBy
from scheduler.domain.plan import Meeting
from scheduler.domain.problem import Problem
from scheduler.domain.rules.fairness import GROUP_GAP_PRICES, firm_shares, summarize_fairness
from scheduler.services.planning.fairness.shares import LOW_SHARE

SETTING = "five interpreters"
BOUND_SECONDS = 120.0
MOST_POINTS = 2.0
"""The difference that some setting should reach."""
HEADINGS = (
    "price", "meetings", "bound", "home", "overseas", "points", "value", "bound", "lost", "at least", "below",
)  # fmt: skip
WIDTHS = (6, 9, 7, 8, 8, 6, 10, 10, 8, 8, 6)


def rows_of(instance: Instance, seconds: float) -> Iterator[list[Json]]:
    """Yield the rows after each setting of the priority. A later bound can raise the loss proven before."""
    rows: list[Json] = []
    for price in GROUP_GAP_PRICES:
        rows.append(measure(instance, price, seconds))
        yield compared(rows)


def priced(problem: Problem, price: int) -> Problem:
    """Return the problem with home and overseas firms as its groups, and this price of their gap.

    The term is also counted at a price of 0.
    """
    factors = {**problem.policy.factors, "group_gap": price}
    return replace(problem, policy=replace(problem.policy, group_by=GroupBy.HOME, factors=factors))


def measure(instance: Instance, price: int, seconds: float) -> Json:
    """Return the row of one price: its plan checked by the rules, and the bounds. Raises RuntimeError."""
    problem = priced(instance.problem, price)
    meetings = contestants.solve_checked(problem, seconds)
    bounds = contestants.bounds_of(problem, BOUND_SECONDS)
    score = rules.score(problem, meetings)
    return {
        "price": price,
        "meetings": len(meetings),
        "meetings_bound": bounds.meetings,
        "weight": score.terms["served"],
        "score": score.total,
        "score_bound": bounds.score,
        "gap": share(bounds.score - score.total, bounds.score - rules.score(problem, ()).total),
        "group_gap": score.terms["group_gap"],
        "value": score.total + price * score.terms["group_gap"],
        **figures(problem, meetings),
    }


def figures(problem: Problem, meetings: Sequence[Meeting]) -> Json:
    """Return the shares of the groups in percent, their difference in points, and the firms below a fifth."""
    rows = firm_shares(problem, meetings)
    shares: Json = {}
    for group in problem.firm_groups:
        found = summarize_fairness(row for row in rows if row.firm in set(group.firms))
        if found is not None:
            shares[group.id] = round(100 * found.pooled, 2)
    points = round(max(shares.values()) - min(shares.values()), 2)
    return {"shares": shares, "points": points, "below_a_fifth": below_a_fifth(problem, meetings)}


def below_a_fifth(problem: Problem, meetings: Sequence[Meeting]) -> list[str]:
    """Return the ids of the firms with less than a fifth of their requests, which pages name as well."""
    return [problem.firms[row.firm].id for row in firm_shares(problem, meetings) if row.share < LOW_SHARE]


def compared(rows: Sequence[Json]) -> list[Json]:
    """Return the rows with the bounds of their values, and what they lose to the first one in percent."""
    free = rows[0]["value"]
    found = []
    for row in rows:
        bound = min(other["score_bound"] + other["price"] * row["group_gap"] for other in rows)
        losses = {"lost": free - row["value"], "lost_at_least": max(0, free - bound)}
        percents = {name: share(lost, free) for name, lost in losses.items()}
        found.append({**row, "value_bound": bound, **percents})
    return found


def missed(rows: Sequence[Json]) -> list[str]:
    """Return sentences about the missed goals: the reached difference, and what the names of the ends say."""
    first, last = rows[0], rows[-1]
    faults = []
    if min(row["points"] for row in rows) > MOST_POINTS:
        faults.append(f"no setting has at most {MOST_POINTS:g} points between home and overseas")
    if first["weight"] < max(row["weight"] for row in rows):
        faults.append("the first setting does not have the most priority points")
    if last["points"] > min(row["points"] for row in rows):
        faults.append("the last setting does not have the most equal groups")
    return faults


def shown(row: Json) -> str:
    home, overseas = (row["shares"].get(key) for key in ("home", "overseas"))
    percents = [None if value is None else f"{value:.2f} %" for value in (home, overseas)]
    losses = [None if row[key] is None else f"{row[key]:.3f} %" for key in ("lost", "lost_at_least")]
    return line(
        (
            row["price"], row["meetings"], row["meetings_bound"], *percents, f"{row['points']:.2f}",
            row["value"], row["value_bound"], *losses, len(row["below_a_fifth"]),
        ),
        WIDTHS,
    )  # fmt: skip
