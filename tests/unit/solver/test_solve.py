"""solve() equals exhaustive search on random tiny problems, for every rule of the format."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from functools import cache
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings

from scheduler.domain import rules
from scheduler.domain.entities import PlanStatus
from scheduler.domain.problem import Problem
from scheduler.domain.solving import SolveParams
from scheduler.files.plan_file import write_plan
from scheduler.samples.expo import make_expo
from scheduler.samples.problem import to_problem
from scheduler.solver.instance.arrays import flatten
from scheduler.solver.plans.checking import clean_meetings
from scheduler.solver.plans.start import build_start_state
from scheduler.solver.solve import solve
from tests.support.brute_force import best_plan
from tests.support.builders import problems

PARAMS = SolveParams(seed=3, workers=2, method="search", iterations=400)

thorough = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@given(problems())
@thorough
def test_a_searched_plan_keeps_every_rule_and_claims_its_true_score(problem: Problem) -> None:
    plan = solve(problem, PARAMS).plan
    if plan.status in (PlanStatus.OPTIMAL, PlanStatus.FEASIBLE):
        assert rules.violations(problem, plan.meetings) == []
    assert plan.score == rules.score(problem, plan.meetings).total


@pytest.mark.no_cover  # runs the same lines many times
@given(problems())
@thorough
def test_no_plan_beats_the_bound_and_an_optimal_one_is_the_best(problem: Problem) -> None:
    plan = solve(problem, PARAMS).plan
    best = best_plan(problem)
    if best is None:
        assert plan.status in (PlanStatus.INFEASIBLE, PlanStatus.UNKNOWN)
        return
    if plan.bound is not None:
        assert plan.bound >= best[0] - 1e-6
    if plan.status is PlanStatus.OPTIMAL:
        assert abs(plan.score - best[0]) < 1e-6


@given(problems())
@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_the_same_seed_and_iterations_give_the_same_plan(problem: Problem) -> None:
    assert write_plan(solve(problem, PARAMS).plan) == write_plan(solve(problem, PARAMS).plan)


@pytest.mark.parametrize("limit", [0, 1, 3])
def test_a_limit_on_how_far_idle_figures_stand_apart_costs_little(limit: int) -> None:
    """A good plan has few idle slots, so that it nearly keeps the limit anyway."""
    problem = to_problem(make_expo(firms=60, requests=500, seed=1, start=date(2026, 11, 24)))
    limited = replace(problem, policy=replace(problem.policy, max_idle_spread=limit))
    params = SolveParams(workers=1, method="search", iterations=200_000)
    free, kept = solve(problem, params).plan, solve(limited, params).plan
    assert rules.violations(limited, kept.meetings) == []
    assert kept.score >= 0.97 * free.score


@pytest.mark.no_cover  # runs the same lines many times
def test_that_nobody_may_be_idle_at_all_costs_a_twentieth_of_the_score_at_most() -> None:
    problem = to_problem(make_expo(firms=100, requests=1450, seed=1, start=date(2026, 11, 24)))
    limited = replace(problem, policy=replace(problem.policy, max_idle_spread=0))
    params = SolveParams(workers=1, method="search", iterations=200_000)
    free, kept = solve(problem, params).plan, solve(limited, params).plan
    assert kept.score >= 0.95 * free.score


@cache
def published_and_away(limit: int) -> Problem:
    """60 firms with a published plan; then one in ten people becomes unavailable in five slots."""
    expo = to_problem(make_expo(firms=60, requests=500, seed=1, start=date(2026, 11, 24)))
    problem = replace(expo, policy=replace(expo.policy, max_idle_spread=limit))
    published = solve(problem, SolveParams(workers=1, method="search", iterations=100_000)).plan.meetings
    draws = Random(1)
    people = [
        replace(person, unavailable=person.unavailable | set(draws.sample(range(len(problem.slots)), 5)))
        if draws.random() < 0.1
        else person
        for person in problem.attendees
    ]
    return replace(problem, attendees=tuple(people), published=published)


@pytest.mark.no_cover  # runs the same lines many times
@pytest.mark.parametrize("limit", [0, 1])
@pytest.mark.parametrize(("iterations", "share"), [(1, 0.7), (40_000, 0.9)])
def test_a_published_plan_that_breaks_the_idle_spread_is_held_but_for_what_has_to_go(
    limit: int, iterations: int, share: float
) -> None:
    problem = published_and_away(limit)
    result = solve(problem, SolveParams(workers=1, method="search", iterations=iterations))
    held = {meeting.request for meeting in result.plan.meetings}
    assert rules.violations(problem, result.plan.meetings) == []
    assert len(held) >= share * len(problem.published)
    dropped = {meeting.request for meeting in problem.published} - held
    assert dropped.issuperset(result.given_up)
    assert limit > 0 or result.given_up


def test_a_check_leaves_out_of_a_plan_that_breaks_the_idle_spread_what_breaks_it() -> None:
    problem = published_and_away(0)
    state = build_start_state(flatten(problem), None, 1)
    meetings = clean_meetings(flatten(problem), state.held)
    assert meetings
    assert rules.violations(problem, meetings) == []
