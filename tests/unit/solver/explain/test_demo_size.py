"""At the demo's size, each unscheduled request has a reason, even if the solve ran out of time."""

from __future__ import annotations

from dataclasses import replace

from chainmeet.demo.demo import DemoOptions
from scheduler.domain.plan import NOT_EXAMINED
from scheduler.domain.solving import SolveParams
from scheduler.samples.expo import make_expo
from scheduler.samples.problem import to_problem
from scheduler.solver.explain.reasons import OF_OBSTACLES, explain_unexamined, explain_unscheduled
from scheduler.solver.solve import solve


def test_each_request_that_the_demo_does_not_hold_has_its_reason_once_its_run_has_ended() -> None:
    """The plan is from a short search, which leaves hundreds unscheduled. A run ends with `examined`."""
    size = DemoOptions()
    expo = make_expo(firms=size.firms, requests=size.requests, seed=size.seed)
    problem = to_problem(expo)
    result = solve(problem, SolveParams(workers=1, method="search", iterations=20_000))
    assert NOT_EXAMINED not in {row.reason for row in result.plan.unscheduled}
    nothing = explain_unscheduled(problem, result.plan.meetings, lambda: True)
    assert len(nothing) > 200 and {row.reason for row in nothing} == {NOT_EXAMINED}
    ended = explain_unexamined(problem, replace(result, plan=replace(result.plan, unscheduled=nothing)))
    assert [row.request for row in ended.plan.unscheduled] == [row.request for row in nothing]
    assert NOT_EXAMINED not in {row.reason for row in ended.plan.unscheduled}
    for row in ended.plan.unscheduled:
        request = problem.requests[problem.index.requests[row.request]]
        sides = {problem.firms[request.sender].id, problem.firms[request.receiver].id}
        sides |= {each.id for each in problem.attendees if each.firm in (request.sender, request.receiver)}
        assert bool(row.obstacles) is (row.reason in OF_OBSTACLES), row
        assert all(each.slots and (each.who in sides or not each.who) for each in row.obstacles), row
        if row.reason in ("person-cap", "people-busy", "no-common-slot", "displaced-by-weight", "firm-cap"):
            assert any(each.who for each in row.obstacles), row
