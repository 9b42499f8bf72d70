"""A rerun starts from the published plan, as far as the current rules permit."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from scheduler.domain.entities import PlanStatus
from scheduler.domain.problem import Problem
from scheduler.domain.solving import SolveParams
from scheduler.solver.bounds.closed_form import Bounds, closed_bounds
from scheduler.solver.instance.arrays import flatten
from scheduler.solver.plans.start import build_start_state
from scheduler.solver.solve import solve
from scheduler.solver.state.columns import held
from tests.support.builders import ask, make_problem, meet, table


def test_a_published_meeting_whose_request_no_longer_wants_such_a_place_takes_nobodys_time() -> None:
    problem = make_problem(
        slots="1",
        places=[table("t1")],
        requests=[ask("r1", "a", "b", weight=9, place="booth"), ask("r2", "a", "b", weight=1)],
        published=[meet("r1", "s0", "t1", "a1 b1")],
    )
    state = build_start_state(flatten(problem), None, 1)
    assert state.held[:, held.SLOT].tolist() == [-1, 0]
    plan = solve(problem, SolveParams(workers=1, method="search", iterations=500)).plan
    assert [meeting.request for meeting in plan.meetings] == ["r2"]


def test_an_unchanged_plan_waits_most_of_its_time_for_its_first_lp(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing else needs that time, and without an LP the plan looks worse than it is."""
    requests = [ask("r1", "a", "b"), ask("r2", "a", "c")]
    first = solve(make_problem(requests=requests), SolveParams(method="search", iterations=500)).plan
    problem = make_problem(requests=requests, published=first.meetings)
    allowed: list[float] = []

    def prove(problem: Problem, seconds: float, *_: object, **__: object) -> Iterator[Bounds]:
        allowed.append(seconds)
        yield from (closed_bounds(problem), replace(closed_bounds(problem), score=first.score))

    monkeypatch.setattr("scheduler.solver.proof.iter_upper_bounds", prove)
    found = solve(problem, SolveParams(seconds=60.0, method="search")).plan
    assert found.meetings == first.meetings
    assert found.status is PlanStatus.OPTIMAL
    assert allowed[0] > 20.0
