"""A plan exists whatever is locked or frozen: it releases the fewest of these, and names them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from scheduler.domain import rules
from scheduler.domain.commitments import feasibility, find_unkept
from scheduler.domain.entities import PlanStatus
from scheduler.domain.plan import Plan
from scheduler.domain.problem import Problem
from scheduler.domain.solving import SolveParams
from scheduler.files.plan_file import read_plan, write_plan
from scheduler.files.problem_file import read_problem
from scheduler.solver import exact_strategy
from scheduler.solver.exact.joint_feasibility import is_jointly_feasible
from scheduler.solver.exact.solve import ExactResult
from scheduler.solver.explain.groups import explain_and_group
from scheduler.solver.solve import solve
from tests.support.brute_force import best_plan
from tests.support.builders import ask, make_problem, meet, person, table
from tests.unit.domain.test_commitments import CAUSES, alone, commitment_documents, locked

METHODS = [
    SolveParams(method="search", workers=1, iterations=2_000),
    SolveParams(method="exact", seconds=60.0),
]
OTHERS = [ask("r7", "x", "y"), ask("r8", "y", "z")]


def check(problem: Problem, plan: Plan) -> None:
    """Check that the plan keeps every rule, except for released meetings, and that its score is right."""
    assert rules.violations(problem.releasing(plan.not_kept), plan.meetings) == []
    assert plan.score == rules.score(problem, plan.meetings).total
    assert read_plan(write_plan(plan)) == plan


@pytest.mark.parametrize("params", METHODS, ids=["search", "exact"])
@pytest.mark.parametrize(("cause", "who", "parts"), CAUSES, ids=[cause for cause, _, _ in CAUSES])
def test_locks_that_clash_cost_one_of_them_and_no_other_meeting(
    cause: str, who: set[str], parts: dict[str, Any], params: SolveParams
) -> None:
    problem = make_problem(**{**parts, "requests": [*parts["requests"], *OTHERS]})
    plan = solve(problem, params).plan
    assert plan.status is PlanStatus.INFEASIBLE
    assert len(plan.not_kept) == 1
    assert {m.request for m in plan.meetings} == {"r1", "r2", "r7", "r8"} - {*plan.not_kept}
    assert [(set(c.requests), c.cause) for c in plan.clashes] == [({"r1", "r2"}, cause)]
    (reason,) = [row for row in plan.unscheduled if row.request in plan.not_kept]
    assert (reason.reason, reason.detail) == ("contradiction", plan.clashes[0].detail)
    assert {*reason.blockers, reason.request} == {"r1", "r2"}
    check(problem, plan)


def test_of_two_that_clash_the_lighter_one_is_given_up() -> None:
    rows = [locked("r1", "a", "b", "s0", weight=5), locked("r2", "a", "c", "s0", weight=9)]
    assert solve(make_problem(requests=rows), METHODS[0]).plan.not_kept == ("r1",)


def test_a_frozen_meeting_whose_place_is_closed_keeps_its_time_elsewhere() -> None:
    problem = make_problem(
        requests=[ask("r1", "a", "b"), ask("r2", "c", "d")],
        places=[table("t1", unavailable="s0"), table("t2")],
        published=[meet("r1", "s0", "t1", "a1 b1")],
        frozen_until="s1",
    )
    plan = solve(problem, METHODS[0]).plan
    assert plan.not_kept == ("r1",)
    assert [(m.slot, m.place) for m in plan.meetings if m.request == "r1"] == [("s0", "t2")]
    assert [clash.cause for clash in plan.clashes] == ["alone"]
    check(problem, plan)


@pytest.mark.parametrize("params", METHODS, ids=["search", "exact"])
def test_a_frozen_day_that_breaks_the_spread_ends_with_a_plan_too(params: SolveParams) -> None:
    problem = make_problem(
        slots="3 2",
        requests=[ask("r1", "a", "b"), ask("r2", "a", "c"), ask("r3", "x", "y")],
        published=[meet("r1", "s0", "t1", "a1 b1"), meet("r2", "s2", "t1", "a1 c1")],
        frozen_until="s3",
        max_idle_spread=0,
    )
    plan = solve(problem, replace(params, seconds=5.0)).plan
    assert plan.not_kept
    assert "r3" in {m.request for m in plan.meetings}
    check(problem, plan)


def test_an_exact_model_that_finds_nothing_ends_with_what_the_search_holds(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def finds_nothing(*_: Any) -> ExactResult:
        return ExactResult(PlanStatus.UNKNOWN, None, None)

    monkeypatch.setattr(exact_strategy, "_exact", finds_nothing)
    requests = [ask(f"r{k}", "a", f"b{k}") for k in range(3)]
    people = [person("b2x", "b2", unavailable="s0 s1 s2")]
    problem = make_problem(slots="3", requests=requests, attendees=people, require_all=True)
    problem = replace(problem, requests=(*problem.requests[:2], replace(problem.requests[2], slots=(0,))))
    monkeypatch.setattr("scheduler.solver.solve.find_contradictions", lambda *_: ())
    plan = solve(problem, SolveParams(method="exact", seconds=2.0)).plan
    assert (plan.status, plan.not_kept, len(plan.meetings)) == (PlanStatus.UNKNOWN, ("r2",), 2)
    assert [(row.request, row.reason) for row in plan.unscheduled] == [("r2", "no-common-slot")]
    check(problem, plan)


def test_what_is_not_held_beside_a_clash_gets_its_own_reason_and_group() -> None:
    rows = [locked("r1", "a", "b", "s0"), locked("r2", "a", "c", "s0"), ask("r3", "d", "e", slots=["s1"])]
    problem = make_problem(requests=rows, attendees=[person("d1", "d", unavailable="s1")])
    result = explain_and_group(problem, solve(problem, METHODS[0]))
    reasons = {row.request: row for row in result.plan.unscheduled}
    assert reasons["r3"].reason == "no-common-slot"
    assert reasons["r3"].remedies
    assert {"r3"} in [{*group.requests} for group in result.plan.groups]


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(commitment_documents())
def test_cp_sat_decides_as_trying_every_plan_does(document: dict[str, Any]) -> None:
    problem = read_problem(document)
    ids = [row["id"] for row in document["requests"]]
    assert is_jointly_feasible(problem, ids, 30.0) is (
        best_plan(read_problem(alone(document, ids))) is not None
    )


def test_cp_sat_decides_what_takes_too_long_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feasibility, "MAX_NODES", -1)
    problem = make_problem(requests=[locked("r1", "a", "b", "s0"), locked("r2", "a", "c", "s0")])
    assert not find_unkept(problem).not_kept
    assert len(solve(problem, METHODS[1]).plan.clashes) == 1


@pytest.mark.no_cover  # runs the same lines many times
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(commitment_documents())
def test_some_plan_is_always_found_and_is_what_it_says(document: dict[str, Any]) -> None:
    problem = read_problem(document)
    for params in (METHODS[0], replace(METHODS[1], seconds=2.0)):
        plan = solve(problem, params).plan
        assert plan.is_answer
        check(problem, plan)
        if best_plan(problem) is None:
            assert plan.not_kept
        else:
            assert plan.status is not PlanStatus.INFEASIBLE
