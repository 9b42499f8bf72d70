"""Search for one time and place: found plans are feasible, and no plan has what it calls impossible."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings

from scheduler.domain import rules
from scheduler.domain.plan import Meeting
from scheduler.domain.problem import Fixed, Policy, Problem
from scheduler.files.problem_file import write_problem
from scheduler.samples.expo import make_expo
from scheduler.samples.problem import to_problem
from scheduler.solver.exact.joint_feasibility import check_joint_feasibility, restrict_to_requests
from scheduler.solver.place_search import SearchOutcome, search_place
from scheduler.solver.repair.repairer import Repairer
from scheduler.solver.repair.targets import Target, TargetStatus, evaluate_targets
from tests.support import reference_rules
from tests.support.brute_force import plans
from tests.support.builders import ask, make_problem, meet, person, problems, table
from tests.unit.solver.repair.test_repairer import first_plan

some = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
BARRED = (TargetStatus.FORBIDDEN, TargetStatus.BLOCKED)


def view(problem: Problem, repairer: Repairer, request: str) -> list[Target]:
    return evaluate_targets(repairer, request, [s.id for s in problem.slots], [p.id for p in problem.places])


def possible(problem: Problem, plan: list[Meeting], request: str) -> set[tuple[str, str]]:
    """Return the request's places in all plans that keep the present meetings."""
    document, wanted = write_problem(problem), {m.request for m in plan} | {request}
    return {
        (meeting["slot"], meeting["place"])
        for written in plans(document)
        if {m["request"] for m in written} == wanted and not reference_rules.broken_rules(document, written)
        for meeting in written
        if meeting["request"] == request
    }


def assert_true(problem: Problem, repairer: Repairer, request: str, spot: Target) -> SearchOutcome:
    """Check that the found repair keeps all meetings, has the right time, and violates no rule."""
    before = repairer.meetings()
    found = search_place(repairer, request, spot.slot, spot.place)
    assert repairer.meetings() == before
    assert (found.repair is not None) == (found.outcome is SearchOutcome.FOUND)
    if found.repair is not None:
        repairer.apply(found.repair)
        after = repairer.meetings()
        assert not rules.violations(problem, after)
        assert {m.request for m in after} == {m.request for m in before} | {request}
        assert found.repair.meeting.slot == spot.slot
        assert found.repair.gain == pytest.approx(
            rules.score(problem, after).total - rules.score(problem, before).total, abs=1e-6
        )
        repairer.undo(found.repair)
    return found.outcome


@pytest.mark.no_cover  # runs the same lines many times
@some
@given(problems(max_requests=3))
def test_no_place_that_any_plan_has_is_called_forbidden_or_impossible(problem: Problem) -> None:
    plan = first_plan(problem)
    if rules.violations(problem, plan):
        return
    repairer = Repairer(problem, plan)
    for row in problem.requests:
        there = possible(problem, plan, row.id)
        for spot in view(problem, repairer, row.id):
            if spot.standing not in BARRED:
                continue
            is_possible = (spot.slot, spot.place) in there
            assert not (is_possible and spot.standing is TargetStatus.FORBIDDEN)
            outcome = assert_true(problem, repairer, row.id, spot)
            assert not (is_possible and outcome is SearchOutcome.IMPOSSIBLE)


@some
@given(problems(max_requests=3))
def test_without_limits_on_the_whole_plan_a_small_problem_leaves_nothing_open(problem: Problem) -> None:
    factors = {**problem.policy.factors, "repeated": 0}
    policy = replace(problem.policy, max_idle_spread=None, max_moved=None, require_all=False, factors=factors)
    problem = replace(problem, policy=policy)
    plan = first_plan(problem)
    if rules.violations(problem, plan):
        return
    repairer = Repairer(problem, plan)
    for row in problem.requests:
        for spot in view(problem, repairer, row.id):
            if spot.standing in BARRED:
                assert assert_true(problem, repairer, row.id, spot) is not SearchOutcome.UNKNOWN


def sixty(problem: Problem, repairer: Repairer) -> Iterator[tuple[str, Target]]:
    """Yield up to sixty occupied places of an expo, three per request."""
    count = 0
    for row in problem.requests:
        barred = [s for s in view(problem, repairer, row.id) if s.standing in BARRED]
        for spot in barred[:: max(1, len(barred) // 3)][:3]:
            yield row.id, spot
            count += 1
            if count == 60:
                return


def test_sixty_forbidden_places_asked_again_none_that_is_possible_is_called_impossible() -> None:
    """Against the exact model of the whole small expo, in which any meetings may move."""
    problem = to_problem(make_expo(firms=10, requests=24, seed=4))
    plan = first_plan(problem)
    repairer = Repairer(problem, plan)
    outcomes = Counter[SearchOutcome]()
    held = {m.request for m in plan}
    for request, spot in sixty(problem, repairer):
        outcome = assert_true(problem, repairer, request, spot)
        outcomes[outcome] += 1
        if outcome is SearchOutcome.FOUND:
            continue
        place, slot = problem.index.places[spot.place], problem.index.slots[spot.slot]
        asked = problem_with(problem, held | {request}, request, slot, place)
        is_possible = check_joint_feasibility(asked).is_possible
        assert not (is_possible and outcome is SearchOutcome.IMPOSSIBLE)
        assert not (is_possible and spot.standing is TargetStatus.FORBIDDEN)
    assert sum(outcomes.values()) == 60


def problem_with(problem: Problem, ids: set[str], request: str, slot: int, place: int) -> Problem:
    """Return the problem of these requests, all compulsory, one of them at a time and place."""
    alone = restrict_to_requests(problem, ids)
    rows = [
        replace(row, fixed=Fixed(slot, place, must=True)) if row.id == request else row
        for row in alone.requests
    ]
    return replace(alone, requests=tuple(rows), policy=Policy(require_all=True))


BUSY = make_problem(
    slots="3",
    places=[table("t1", capacity=3)],
    requests=[
        ask("r1", "ann", "bo", slots=["s0", "s1"]),
        ask("r2", "ann", "cy", slots=["s1", "s2"]),
        ask("r3", "dee", "bo", slots=["s0", "s1", "s2"]),
    ],
    attendees=[person("ann1", "ann"), person("bo1", "bo")],
)
"""r3 would take r1's slot; r1 can only move to Ann's slot of r2, and r2 to the last slot."""
BUSY_PLAN = [meet("r1", "s0", "t1", "ann1 bo1"), meet("r2", "s1", "t1", "ann1 cy1")]


def test_where_several_have_to_move_in_turn_the_place_is_blocked_and_the_search_finds_them() -> None:
    repairer = Repairer(BUSY, BUSY_PLAN)
    (spot,) = evaluate_targets(repairer, "r3", ["s0"], ["t1"])
    assert spot.standing is TargetStatus.BLOCKED
    assert [each.rule for each in spot.breaches] == ["H3"]
    found = search_place(repairer, "r3", "s0", "t1")
    assert found.repair is not None
    assert {(m.request, m.slot) for m in found.repair.moved} == {("r1", "s1"), ("r2", "s2")}


def test_who_is_locked_blocks_for_good() -> None:
    repairer = Repairer(BUSY, BUSY_PLAN)
    repairer.keep(["r1"])
    (spot,) = evaluate_targets(repairer, "r3", ["s0"], ["t1"])
    assert spot.standing is TargetStatus.FORBIDDEN
    assert search_place(repairer, "r3", "s0", "t1").outcome is SearchOutcome.IMPOSSIBLE
    repairer.keep(["r2"])
    (spot,) = evaluate_targets(repairer, "r3", ["s0"], ["t1"])
    assert spot.standing is TargetStatus.BLOCKED
    assert search_place(repairer, "r3", "s0", "t1").outcome is SearchOutcome.IMPOSSIBLE, (
        "r1 has nowhere to go"
    )


def test_a_budget_that_is_too_small_is_said_and_nothing_else() -> None:
    repairer = Repairer(BUSY, BUSY_PLAN)
    assert search_place(repairer, "r3", "s0", "t1", steps=1, work=0.0).outcome is SearchOutcome.UNKNOWN


def test_other_people_can_meet_at_the_same_time_and_place() -> None:
    problem = make_problem(
        slots="1",
        places=[table("t1"), table("t2")],
        requests=[ask("r1", "a", "b"), ask("r2", "a", "c")],
        attendees=[person("a1", "a"), person("a2", "a")],
    )
    alone = Repairer(problem, [meet("r1", "s0", "t1", "a1 b1")])
    (here,) = evaluate_targets(alone, "r1", ["s0"], ["t1"])
    assert here.repair is not None
    assert here.repair.meeting == meet("r1", "s0", "t1", "a2 b1")
    assert (here.repair.moved, here.gain) == ((), 0.0)
    both = Repairer(problem, [meet("r1", "s0", "t1", "a1 b1"), meet("r2", "s0", "t2", "a2 c1")])
    (here,) = evaluate_targets(both, "r1", ["s0"], ["t1"])
    assert here.repair is not None
    assert [m.attendees for m in (here.repair.meeting, *here.repair.moved)] == [("a2", "b1"), ("a1", "c1")]
