"""The benchmark of fairness between groups: what its rows say of plans that are known."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from benchmarks import fairness, group_fairness
from benchmarks.group_fairness import compared, figures, priced
from benchmarks.report import Json
from scheduler.domain import rules
from scheduler.domain.plan import Meeting
from scheduler.domain.problem import Problem
from tests.support.builders import ask, make_problem, meet

AT_HOME = ("a", "b")


def expo() -> Problem:
    """Return a problem of two firms at home with two requests, and of four overseas with six."""
    pairs = ["ab", "ba", "cd", "dc", "ce", "ec", "fc", "cf"]
    problem = make_problem(slots="8", requests=[ask(f"r{k}", *pair) for k, pair in enumerate(pairs)])
    firms = (replace(f, country="CN" if f.id in AT_HOME else f"{f.id.upper()}X") for f in problem.firms)
    return replace(problem, firms=tuple(firms))


def plan(*pairs: str) -> list[Meeting]:
    requests = {"ab": "r0", "ba": "r1", "cd": "r2", "dc": "r3"}
    return [
        meet(requests[pair], f"s{k}", "t1", " ".join(f"{firm}1" for firm in pair))
        for k, pair in enumerate(pairs)
    ]


def row(price: int, value: int, bound: int, gap: int, **more: Any) -> Json:
    """Return a row of a plan with this value, and the bound of the priced score."""
    return {"price": price, "value": value, "score_bound": bound, "group_gap": gap, **more}


def test_home_and_overseas_are_compared_by_the_share_of_their_requests() -> None:
    problem = priced(expo(), 300)
    assert {group.id: len(group.firms) for group in problem.firm_groups} == {"home": 2, "overseas": 4}
    found = figures(problem, plan("ab", "ba", "cd"))
    assert found["shares"] == {"home": 100.0, "overseas": 16.67}
    assert found["points"] == 83.33


def test_firms_with_less_than_a_fifth_of_their_requests_are_named() -> None:
    problem = priced(expo(), 0)
    assert figures(problem, plan("ab", "ba", "cd"))["below_a_fifth"] == ["c", "e", "f"], "c has 1 of 6"
    assert figures(problem, plan("cd", "dc"))["below_a_fifth"] == ["a", "b", "e", "f"]


def test_without_a_price_the_gap_is_counted_and_costs_nothing() -> None:
    problem, meetings = expo(), plan("ab", "ba", "cd")
    free = rules.score(priced(problem, 0), meetings)
    assert free.total == rules.score(problem, meetings).total
    assert free.terms["group_gap"] == 3, "overseas has 2 of 12, and 3 of 8 requests are scheduled"
    assert rules.score(priced(problem, 100), meetings).total == free.total - 300


def test_a_setting_loses_what_its_plan_is_worth_less_without_the_price() -> None:
    found = compared([row(0, 1000, 1010, 40), row(10, 950, 1000, 2)])
    assert [each["lost"] for each in found] == [0.0, 5.0]


def test_the_least_loss_follows_from_the_tightest_bound_of_plans_that_fair() -> None:
    rows = [row(0, 1000, 1010, 40), row(10, 950, 950, 2), row(100, 900, 920, 1), row(500, 870, 900, 0)]
    found = compared(rows)
    assert [each["value_bound"] for each in found] == [1010, 970, 960, 900]
    assert [each["lost_at_least"] for each in found] == [0.0, 3.0, 4.0, 10.0]


@pytest.mark.parametrize(
    ("points", "weights", "faults"),
    [
        ([9.0, 1.5, 0.5], [30, 29, 25], []),
        ([9.0, 3.5, 2.5], [30, 29, 25], ["no setting has at most 2 points between home and overseas"]),
        ([9.0, 1.5, 0.5], [30, 31, 25], ["the first setting does not have the most priority points"]),
        ([9.0, 0.5, 1.5], [30, 29, 25], ["the last setting does not have the most equal groups"]),
    ],
)
def test_a_missed_goal_of_the_groups_is_told(
    points: list[float], weights: list[int], faults: list[str]
) -> None:
    rows = [{"points": p, "weight": w} for p, w in zip(points, weights, strict=True)]
    assert group_fairness.missed(rows) == faults


@pytest.mark.parametrize(
    ("weights", "ginis", "faults"),
    [
        ([30, 29], [0.05, 0.04], []),
        ([29, 30], [0.05, 0.04], ["the first point does not have the most priority points"]),
        ([30, 29], [0.04, 0.05], ["the last point does not have the most equal shares"]),
    ],
)
def test_the_ends_of_the_fairness_of_firms_keep_what_their_names_say(
    weights: list[int], ginis: list[float], faults: list[str]
) -> None:
    rows = [{"weight": w, "all": {"gini": g}} for w, g in zip(weights, ginis, strict=True)]
    assert fairness.missed(rows) == faults


def test_one_part_of_the_results_replaces_no_other(tmp_path: Path) -> None:
    path = tmp_path / "fairness.json"
    for part in ({"rows": [1]}, {"groups": {"rows": [2]}}, {"rows": [3]}):
        fairness.store(path, part)
    assert json.loads(path.read_text("utf-8")) == {"rows": [3], "groups": {"rows": [2]}}
