"""A rerun starts from the published plan, as far as the current rules permit."""

from __future__ import annotations

from scheduler.domain.solving import SolveParams
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
