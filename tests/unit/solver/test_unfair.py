"""The term `unfair`, costs of the shares that firms lack, in rules, search, exact model and bounds."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
import pytest

from scheduler.domain import rules
from scheduler.domain.entities import PlanStatus
from scheduler.domain.problem import FairShare, Problem
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
from tests.support.builders import ask, make_problem, meet, person

SHARES = (FairShare(0.5, 3), FairShare(0.8, 2), FairShare(1.0))


def priced(problem: Problem, price: float) -> Problem:
    factors = {**problem.policy.factors, "unfair": price}
    return replace(problem, policy=replace(problem.policy, fair_shares=SHARES, factors=factors))


@pytest.fixture(scope="module")
def tight() -> Problem:
    """Return more requests than there is time for."""
    return priced(to_problem(make_expo(firms=40, requests=750, seed=1, start=date(2026, 11, 24))), 40)


def two_firms_of_four(**policy: Any) -> Problem:
    requests = [ask(f"r{k}", "a", "b") for k in range(4)]
    return make_problem(requests=requests, slots="4", **policy)


def test_a_missing_meeting_counts_the_price_of_each_share_that_it_is_below() -> None:
    shares = [{"share": 0.5, "price": 3}, {"share": 1.0}]
    problem = two_firms_of_four(fair_shares=shares, factors={"unfair": 1})
    none, one = [], [meet("r0", "s0", "t1", "a1 b1")]
    assert rules.score(problem, none).terms["unfair"] == 2 * (3 * 2 + 4)
    assert rules.score(problem, one).terms["unfair"] == 2 * (3 * 1 + 3)


def test_shares_without_a_factor_are_not_counted() -> None:
    problem = two_firms_of_four(fair_shares=[{"share": 1.0}])
    assert "unfair" not in rules.score(problem, []).terms


@pytest.mark.parametrize("temperature", [300.0, 1.0])
def test_the_searchs_score_is_that_of_the_whole_plan_after_any_moves(
    tight: Problem, temperature: float
) -> None:
    flat = flatten(tight)
    state = build_start_state(flat, None, 3)
    for _ in range(5):
        anneal(flat.data, state, 2_000, temperature, 1.0, np.linspace(0.2, 1.0, KINDS), np.zeros((KINDS, 3)))
        terms = count_terms(tight, flat.data, state)
        assert terms["unfair"] > 0
        assert state.score == pytest.approx(weighted_total(tight, terms))


def test_a_meeting_goes_to_the_firm_with_the_smaller_share() -> None:
    # b's only person has one free slot: for a, whose other request is held anyway, or for c.
    requests = [ask("r1", "a", "d"), ask("r2", "a", "b", weight=2), ask("r3", "c", "b")]
    people = [person("a1", "a"), person("b1", "b", unavailable="s1 s2"), person("c1", "c"), person("d1", "d")]
    parts: dict[str, Any] = {"requests": requests, "attendees": people, "slots": "3"}
    most = solve(make_problem(**parts), SolveParams(workers=1)).plan
    fair = {"fair_shares": [{"share": 0.5, "price": 1}], "factors": {"unfair": 500}}
    fairest = solve(make_problem(**parts, **fair), SolveParams(workers=1)).plan
    assert {m.request for m in most.meetings} == {"r1", "r2"}
    assert {m.request for m in fairest.meetings} == {"r1", "r3"}
    assert fairest.status == PlanStatus.OPTIMAL


def test_the_bound_counts_what_no_plan_can_share_out(tight: Problem) -> None:
    """Pieces of a firm's row at rising costs: the bound with the term is lower, and valid."""
    without = replace(tight, policy=replace(tight.policy, fair_shares=(), factors=dict(tight.policy.factors)))
    plan = solve(tight, SolveParams(workers=1, method="search", iterations=50_000)).plan
    bound = upper_bounds(tight, 30, objectives=("score",)).score
    assert plan.score <= bound < upper_bounds(without, 30, objectives=("score",)).score
    assert (bound - plan.score) / bound < 0.05
