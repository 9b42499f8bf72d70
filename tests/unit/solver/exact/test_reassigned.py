"""`reassigned_counts: "any_start"`: other people have a cost also when a published meeting moves."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from benchmarks.disruptions import disrupt_problem
from scheduler.domain import rules
from scheduler.domain.entities import PlanStatus
from scheduler.domain.plan import Meeting
from scheduler.domain.problem import ANY_START, SAME_START, Problem
from scheduler.domain.rules.score import weighted_total
from scheduler.domain.solving import SolveParams
from scheduler.files.problem_file import read_problem, write_problem
from scheduler.samples.expo import make_expo
from scheduler.samples.problem import to_problem
from scheduler.solver.annealing.anneal import KINDS, anneal
from scheduler.solver.bounds.prove import upper_bounds
from scheduler.solver.exact.solve import solve_exact
from scheduler.solver.instance.arrays import flatten
from scheduler.solver.plans.start import build_start_state
from scheduler.solver.solve import solve
from scheduler.solver.state.terms import count_terms
from tests.support.brute_force import best_plan
from tests.support.builders import ask, documents, interpreter, make_problem, meet, person

quick = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))


def counting(problem: Problem, reassigned_counts: str = ANY_START) -> Problem:
    policy = replace(problem.policy, reassigned_counts=reassigned_counts)
    return replace(problem, policy=policy, source_fingerprint=None)


def moving(**keys: object) -> Problem:
    """Ann's meeting must move from s0 to s1; her colleague Ben is free as well."""
    return make_problem(
        slots="2",
        attendees=[person("ben", "a"), person("ann", "a"), person("b1", "b", unavailable="s0")],
        requests=[ask("r1", "a", "b")],
        published=[meet("r1", "s0", "t1", "ann b1")],
        **keys,
    )


@pytest.mark.parametrize(("counts", "expected"), [(SAME_START, 0), (ANY_START, 1)])
def test_other_people_of_a_moved_meeting_are_counted_where_the_policy_says_so(
    counts: str, expected: int
) -> None:
    problem = moving(reassigned_counts=counts)
    moved = rules.score(problem, [meet("r1", "s1", "t1", "ben b1")])
    assert (moved.terms["moved"], moved.terms["reassigned"]) == (1, expected)
    assert moved.total == 100 - 60 - 30 * expected
    kept = rules.score(problem, [meet("r1", "s1", "t1", "ann b1")])
    assert (kept.terms["moved"], kept.terms["reassigned"]) == (1, 0)


def test_the_key_is_written_only_where_it_is_on() -> None:
    assert "reassigned_counts" not in write_problem(moving())["policy"]
    assert write_problem(moving(reassigned_counts=ANY_START))["policy"]["reassigned_counts"] == ANY_START


def both_ways(problem: Problem) -> list[Meeting]:
    found = solve_exact(problem, 60.0, workers=1).meetings
    assert found is not None
    plan = solve(problem, SolveParams(workers=1, method="search", iterations=2_000)).plan
    return [*found, *plan.meetings]


def test_a_meeting_that_has_to_move_keeps_its_people() -> None:
    for meeting in both_ways(moving(reassigned_counts=ANY_START)):
        assert (meeting.slot, set(meeting.attendees)) == ("s1", {"ann", "b1"})


def test_a_meeting_that_has_to_move_keeps_its_interpreter() -> None:
    problem = make_problem(
        slots="2",
        attendees=[person("ann", "a"), person("b1", "b", "zh", unavailable="s0")],
        interpreters=[interpreter("i1"), interpreter("i2")],
        requests=[ask("r1", "a", "b")],
        published=[meet("r1", "s0", "t1", "ann b1", "i2")],
        reassigned_counts=ANY_START,
    )
    assert [m.interpreter for m in both_ways(problem)] == ["i2", "i2"]


@quick
@given(documents(rerun=True))
def test_the_exact_model_and_the_bounds_agree_with_trying_every_plan(document: dict[str, Any]) -> None:
    document["policy"] = {**document["policy"], "require_all": False, "reassigned_counts": ANY_START}
    problem = read_problem(document)
    best = best_plan(problem)
    if best is None:  # frozen meetings that contradict each other
        return
    found = solve_exact(problem, 60.0)
    assert found.status is PlanStatus.OPTIMAL
    assert found.bound == pytest.approx(best[0])
    assert upper_bounds(problem, 5.0).score >= best[0] - 1e-6


@pytest.fixture(scope="module")
def rerun() -> Problem:
    """Return a published plan; then a twentieth was withdrawn, and people lost days."""
    problem = to_problem(make_expo(firms=60, requests=500, seed=1, start=date(2026, 11, 24)))
    plan = solve(problem, SolveParams(workers=1, method="search", iterations=20_000)).plan
    return disrupt_problem(problem, plan.meetings)


@pytest.mark.parametrize("temperature", [300.0, 100.0, 20.0])
def test_the_searchs_score_is_that_of_the_whole_plan_after_any_moves(
    rerun: Problem, temperature: float
) -> None:
    problem = counting(rerun)
    flat = flatten(problem)
    state = build_start_state(flat, None, 3)
    for _ in range(5):
        anneal(flat.data, state, 2_000, temperature, 1.0, np.linspace(0.2, 1.0, KINDS), np.zeros((KINDS, 3)))
        terms = count_terms(problem, flat.data, state)
        assert terms["reassigned"] > 0
        assert state.score == pytest.approx(weighted_total(problem, terms))


def test_at_the_size_of_an_event_fewer_moved_meetings_change_their_people(rerun: Problem) -> None:
    """Both plans are measured with the same count."""
    params = SolveParams(workers=1, method="search", iterations=20_000)
    judge = counting(rerun)
    plans = {counts: solve(counting(rerun, counts), params).plan for counts in (SAME_START, ANY_START)}
    for counts, plan in plans.items():
        assert rules.violations(counting(rerun, counts), plan.meetings) == []
    reassigned = {
        counts: rules.score(judge, plan.meetings).terms["reassigned"] for counts, plan in plans.items()
    }
    assert reassigned[ANY_START] < reassigned[SAME_START]
