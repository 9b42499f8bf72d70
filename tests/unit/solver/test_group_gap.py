"""The term `group_gap`, what groups of firms lack to the share of all, in rules, search, model and bounds."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.domain import rules
from scheduler.domain.entities import PlanStatus
from scheduler.domain.firm_groups import FirmGroup
from scheduler.domain.problem import Problem
from scheduler.domain.rules.score import weighted_total
from scheduler.domain.solving import SolveParams
from scheduler.samples.expo import make_expo
from scheduler.samples.problem import to_problem
from scheduler.solver.annealing.anneal import KINDS, anneal
from scheduler.solver.bounds.prove import upper_bounds
from scheduler.solver.instance.arrays import flatten
from scheduler.solver.plans.start import build_start_state
from scheduler.solver.solve import solve
from scheduler.solver.state.terms import count_terms
from tests.support.brute_force import best_plan
from tests.support.builders import ask, make_problem, meet, person, problems


def priced(problem: Problem, price: float) -> Problem:
    """Return a problem with a group of home and one of overseas firms, and a price of their gap."""
    sides: dict[str, list[int]] = {"home": [], "overseas": []}
    for f, firm in enumerate(problem.firms):
        sides["home" if firm.country == "CN" else "overseas"].append(f)
    groups = tuple(FirmGroup(id, tuple(firms)) for id, firms in sides.items())
    factors = {**problem.policy.factors, "group_gap": price}
    return replace(problem, named_groups=groups, policy=replace(problem.policy, factors=factors))


@pytest.fixture(scope="module")
def tight() -> Problem:
    """Return more requests than there is time for, and one interpreter."""
    whole = to_problem(make_expo(firms=40, requests=750, seed=1, start=date(2026, 11, 24)))
    return priced(replace(whole, interpreters=whole.interpreters[:1]), 300)


def two_groups(**policy: Any) -> dict[str, Any]:
    """Return the parts of a problem: a and b ask for each other twice, c and d wish for one, in one slot."""
    requests = [ask("r1", "a", "b", weight=3), ask("r2", "b", "a", weight=3)]
    requests += [ask("r3", "c", "d"), ask("r4", "d", "c", slots=[])]
    return {"requests": requests, "firm_groups": {"g": "a b", "h": "c d"}, "slots": "2", **policy}


def test_a_group_lacks_the_meetings_to_the_share_of_all_rounded_up() -> None:
    problem = make_problem(**two_groups(factors={"group_gap": 1}))
    assert rules.score(problem, []).terms["group_gap"] == 0
    one = [meet("r1", "s0", "t1", "a1 b1")]  # a quarter of all: each group of 4 wishes should get 1
    assert rules.score(problem, one).terms["group_gap"] == 1
    both = [*one, meet("r2", "s1", "t1", "a1 b1")]  # a half: 2 of 4
    assert rules.score(problem, both).terms["group_gap"] == 2
    assert rules.score(problem, [*one, meet("r3", "s0", "t1", "c1 d1")]).terms["group_gap"] == 0


def test_without_a_factor_the_groups_are_not_counted() -> None:
    assert "group_gap" not in rules.score(make_problem(**two_groups()), []).terms


def test_without_a_price_groups_change_no_plan() -> None:
    whole = to_problem(make_expo(firms=40, requests=300, seed=1, start=date(2026, 11, 24)))
    params = SolveParams(workers=1, method="search", iterations=5_000)
    without = solve(whole, params).plan
    named = solve(replace(priced(whole, 0), policy=whole.policy), params).plan
    assert named.meetings == without.meetings


def test_at_the_end_of_the_dial_the_groups_have_the_same_share() -> None:
    weak = solve(make_problem(**two_groups(factors={"group_gap": 0})), SolveParams(workers=1)).plan
    strong = solve(make_problem(**two_groups(factors={"group_gap": 10_000})), SolveParams(workers=1)).plan
    assert {m.request for m in weak.meetings} == {"r1", "r2", "r3"}  # 4 of 4, and 2 of 4
    assert {m.request for m in strong.meetings} in ({"r1", "r3"}, {"r2", "r3"})  # 2 of 4 each
    assert strong.terms["group_gap"] == 0
    assert strong.status == PlanStatus.OPTIMAL


@pytest.mark.parametrize("temperature", [300.0, 1.0])
def test_the_searchs_score_is_that_of_the_whole_plan_after_any_moves(
    tight: Problem, temperature: float
) -> None:
    flat = flatten(tight)
    state = build_start_state(flat, None, 3)
    for _ in range(5):
        anneal(flat.data, state, 2_000, temperature, 1.0, np.linspace(0.2, 1.0, KINDS), np.zeros((KINDS, 3)))
        terms = count_terms(tight, flat.data, state)
        assert state.score == pytest.approx(weighted_total(tight, terms))


@pytest.mark.no_cover  # runs the same lines many times
def test_the_search_narrows_the_gap_and_the_bound_holds(tight: Problem) -> None:
    params = SolveParams(workers=1, method="search", iterations=30_000)
    without = replace(tight, policy=replace(tight.policy, factors={**tight.policy.factors, "group_gap": 0}))
    free, fair = solve(without, params).plan, solve(tight, params).plan
    assert fair.terms["group_gap"] < rules.score(tight, free.meetings).terms["group_gap"]
    bound = upper_bounds(tight, 30, objectives=("score",)).score
    assert fair.score <= bound < upper_bounds(without, 30, objectives=("score",)).score
    assert (bound - fair.score) / bound < 0.1


def test_a_withdrawal_counts_the_groups_without_the_request() -> None:
    """Withdrawing r1 is worth it only if the shares, of the requests that are left, say so."""
    requests = [ask("r1", "a", "b"), ask("r2", "a", "c", weight=2), ask("r3", "d", "e")]
    people = [person("a1", "a"), *(person(f"{firm}1", firm) for firm in "bcde")]
    for price in (0, 50, 150, 400):
        problem = make_problem(
            requests=requests, attendees=people, slots="1", firm_groups={"g": "c", "h": "b d"},
            factors={"group_gap": price, "shortfall": 0},
        )  # fmt: skip
        plan = solve(problem, SolveParams(workers=1, method="exact")).plan
        assert plan.status == PlanStatus.OPTIMAL
        best = best_plan(problem)
        assert best is not None
        assert plan.score == pytest.approx(float(best[0]))


@given(problems(), st.sampled_from([1, 40, 250]))
def test_exact_model_and_bounds_agree_with_every_plan(problem: Problem, price: int) -> None:
    groups = problem.firm_groups or (FirmGroup("g", (0,)),)
    factors = {**problem.policy.factors, "group_gap": price}
    priced = replace(problem, named_groups=groups, policy=replace(problem.policy, factors=factors))
    best = best_plan(priced)
    plan = solve(priced, SolveParams(seconds=10, workers=1, method="exact")).plan
    if best is not None:
        assert plan.status == PlanStatus.OPTIMAL
        assert Fraction(str(plan.score)) == pytest.approx(Fraction(str(best[0])))
        assert upper_bounds(priced, 5, objectives=("score",)).score >= plan.score
