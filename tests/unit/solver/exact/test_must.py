"""A request that is fixed and compulsory is held there, whatever occupies its place."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from scheduler.domain import rules
from scheduler.domain.entities import PlanStatus
from scheduler.domain.plan import Meeting
from scheduler.domain.problem import Fixed, Problem
from scheduler.domain.solving import SolveParams
from scheduler.files.problem_file import read_problem, write_problem
from scheduler.samples.expo import make_expo
from scheduler.samples.problem import to_problem
from scheduler.solver.explain.contradictions import find_contradictions
from scheduler.solver.solve import solve
from tests.support.builders import ask, make_problem, meet

METHODS = [
    SolveParams(method="search", workers=1, iterations=2_000),
    SolveParams(method="exact", seconds=60.0),
]


def two_for_a_slot(**parts: Any) -> Problem:
    """r1 is light, and fixed to the only slot of heavy r2."""
    light = ask("r1", "a", "b", fixed={"slot": "s0", "must": True})
    return make_problem(slots="2", requests=[light, ask("r2", "a", "c", weight=9, slots=["s0"])], **parts)


@pytest.mark.parametrize("params", METHODS)
@pytest.mark.parametrize("published", [(), (meet("r2", "s0", "t1", "a1 c1"),)])
def test_it_is_held_though_something_heavier_has_to_give_way(
    params: SolveParams, published: tuple[Meeting, ...]
) -> None:
    problem = two_for_a_slot(published=published)
    plan = solve(problem, params).plan
    assert [(m.request, m.slot) for m in plan.meetings] == [("r1", "s0")]
    assert plan.score == rules.score(problem, plan.meetings).total


def test_a_plan_without_it_breaks_a_rule() -> None:
    broken = rules.violations(two_for_a_slot(), [meet("r2", "s0", "t1", "a1 c1")])
    assert [violation.rule for violation in broken] == ["H1"]


def test_a_file_says_it_again() -> None:
    problem = two_for_a_slot()
    assert read_problem(write_problem(problem)) == problem
    plain = make_problem(requests=[ask("r1", "a", "b", fixed={"slot": "s0"})])
    assert write_problem(plain)["requests"][0]["fixed"] == {"slot": "s0"}


def test_two_that_must_be_held_at_once_by_the_same_people_are_infeasible() -> None:
    both = [ask(f"r{k}", "a", f"b{k}", fixed={"slot": "s0", "must": True}) for k in range(2)]
    plan = solve(make_problem(requests=both), SolveParams(method="exact")).plan
    assert plan.status is PlanStatus.INFEASIBLE


def fixed_there(problem: Problem, fixed: dict[str, int]) -> Problem:
    """Return the problem with these requests fixed to their slots and compulsory."""
    rows = [replace(r, fixed=Fixed(fixed[r.id], must=True)) if r.id in fixed else r for r in problem.requests]
    return replace(problem, requests=tuple(rows), source_fingerprint=None)


@pytest.mark.no_cover  # runs the same lines many times
def test_in_a_published_event_it_gets_its_place_and_the_rest_stays() -> None:
    problem = to_problem(make_expo(firms=60, requests=1500, seed=1, start=date(2026, 11, 24)))
    params = SolveParams(workers=1, method="search", iterations=5_000)
    plan = solve(problem, params).plan
    tries = {(row.request, (7 * k) % len(problem.slots)) for k, row in enumerate(plan.unscheduled[:12])}
    fixed = {
        id: slot for id, slot in sorted(tries) if not find_contradictions(fixed_there(problem, {id: slot}))
    }
    assert len(fixed) >= 4
    locked = replace(fixed_there(problem, fixed), published=plan.meetings)
    again = solve(locked, replace(params, iterations=100)).plan
    held = {m.request: problem.index.slots[m.slot] for m in again.meetings}
    assert {id: held.get(id) for id in fixed} == fixed
    assert rules.violations(locked, again.meetings) == []
    assert len(set(plan.meetings) & set(again.meetings)) > 0.9 * len(plan.meetings)
