"""solve() on random tiny problems, against trying every plan; every rule of the format among them."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings

from scheduler.domain import rules
from scheduler.domain.entities import PlanStatus
from scheduler.domain.problem import Problem
from scheduler.domain.solving import SolveParams
from scheduler.solver.solve import solve
from tests.brute_force import best_plan
from tests.builders import problems

PARAMS = SolveParams(seed=3, workers=2, method="search", iterations=400)

thorough = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@given(problems())
@thorough
def test_a_searched_plan_keeps_every_rule_and_claims_its_true_score(problem: Problem) -> None:
    plan = solve(problem, PARAMS).plan
    if plan.status in (PlanStatus.OPTIMAL, PlanStatus.FEASIBLE):
        assert rules.violations(problem, plan.meetings) == []
    assert plan.score == rules.score(problem, plan.meetings).total


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
    assert solve(problem, PARAMS).plan.to_json() == solve(problem, PARAMS).plan.to_json()
