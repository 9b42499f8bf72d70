"""The exact model equals an exhaustive solver; its handling of proofs and clocks."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings

from scheduler.domain.entities import PlanStatus
from scheduler.domain.problem import Problem
from scheduler.domain.rules import score, violations
from scheduler.domain.solving import Progress
from scheduler.files.problem_file import read_problem, write_problem
from scheduler.solver.exact.assignments import enumerate_assignments, is_crowded, wants_exact
from scheduler.solver.exact.solve import ExactResult, solve_exact
from tests.support.brute_force import best_plan
from tests.support.builders import ask, make_problem, meet, problems, table

SECONDS = 60.0

quick = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))


@quick
@given(problems(max_requests=3))
def test_the_exact_model_finds_what_trying_every_plan_finds(problem: Problem) -> None:
    best, found = best_plan(problem), solve_exact(problem, SECONDS, workers=1)
    if best is None:
        assert found.status is PlanStatus.INFEASIBLE
        assert found.meetings is None
    else:
        assert found.status is PlanStatus.OPTIMAL
        assert found.meetings is not None
        assert violations(problem, found.meetings) == []
        assert score(problem, found.meetings).total == pytest.approx(best[0])
        assert found.bound == pytest.approx(best[0])


@quick
@given(problems(max_requests=3))
def test_with_all_compulsory_the_proof_is_what_trying_every_plan_finds(problem: Problem) -> None:
    policy = {"require_all": True, "idle_counts": "breaks", "max_idle_spread": None}
    problem = read_problem(write_problem(problem) | {"policy": policy})
    best, found = best_plan(problem), solve_exact(problem, SECONDS)
    assert (best is None) == (found.status is PlanStatus.INFEASIBLE)
    if best is not None:
        assert found.status is PlanStatus.OPTIMAL
        assert found.bound == pytest.approx(best[0])


def test_a_compulsory_problem_is_solved_with_the_fewest_breaks() -> None:
    problem = make_problem(
        slots="3",
        requests=[ask("r1", "a", "b"), ask("r2", "a", "c"), ask("r3", "b", "c", slots=["s2"])],
        require_all=True,
        idle_counts="breaks",
        max_idle_spread=1,
    )
    found = solve_exact(problem, SECONDS, workers=2)
    assert found.status is PlanStatus.OPTIMAL
    assert found.meetings is not None
    assert score(problem, found.meetings).terms["idle"] == 1


def test_more_compulsory_meetings_than_tables_is_infeasible() -> None:
    problem = make_problem(
        slots="1",
        places=[table("t1")],
        requests=[ask("r1", "a", "b"), ask("r2", "c", "d")],
        require_all=True,
    )
    assert solve_exact(problem, SECONDS) == ExactResult(PlanStatus.INFEASIBLE, None, None)


def test_a_stopped_solve_keeps_the_plan_it_began_with() -> None:
    problem = make_problem(requests=[ask("r1", "a", "b")])
    start = (meet("r1", "s0", "t1", "a1 b1"),)
    found = solve_exact(problem, SECONDS, start=start, should_stop=lambda: True)
    assert found == ExactResult(PlanStatus.FEASIBLE, start, None)


def test_without_time_or_plan_the_answer_is_unknown() -> None:
    problem = make_problem(requests=[ask("r1", "a", "b")])
    assert solve_exact(problem, 0.0) == ExactResult(PlanStatus.UNKNOWN, None, None)


def test_a_start_that_breaks_a_rule_is_not_kept() -> None:
    problem = make_problem(requests=[ask("r1", "a", "b")])
    wrong = (meet("r1", "s0", "t1", "a1"),)
    found = solve_exact(problem, SECONDS, start=wrong, should_stop=lambda: True)
    assert found.status is PlanStatus.UNKNOWN


def test_progress_tells_each_better_plan() -> None:
    told: list[Progress] = []
    problem = make_problem(requests=[ask("r1", "a", "b"), ask("r2", "a", "c")])
    found = solve_exact(problem, SECONDS, on_progress=told.append)
    assert found.bound == 200
    assert [report.score for report in told][-1] == 200
    assert all(report.phase == "exact" for report in told)


def test_alike_tables_seat_long_and_short_meetings() -> None:
    problem = make_problem(
        slots="3",
        places=[table("t1"), table("t2")],
        requests=[ask("r1", "a", "b", length=2), ask("r2", "c", "d", length=2), ask("r3", "a", "c")],
        require_all=True,
    )
    found = solve_exact(problem, SECONDS)
    assert found.status is PlanStatus.OPTIMAL
    assert found.meetings is not None
    assert violations(problem, found.meetings) == []


def test_small_and_compulsory_problems_are_for_the_exact_model() -> None:
    few = make_problem(requests=[ask("r1", "a", "b")])
    many = [ask(f"r{i}", "a", "b") for i in range(200)]
    assert wants_exact(few)
    assert not wants_exact(make_problem(requests=many))
    assert wants_exact(make_problem(requests=many, require_all=True))


def test_places_are_crowded_if_the_compulsory_meetings_nearly_fill_them() -> None:
    def crowded(meetings: int, *, require_all: bool = True) -> bool:
        requests = [ask(f"r{i}", "a", "b") for i in range(meetings)]
        places = [table("t1", capacity=2), table("t2", unavailable="s0 s1")]
        problem = make_problem(slots="4", places=places, requests=requests, require_all=require_all)
        return is_crowded(enumerate_assignments(problem))

    assert crowded(9)
    assert not crowded(8)
    assert not crowded(9, require_all=False)
