"""Obstacles of a request name a person or side, and the day, for each permitted time."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

import pytest
from hypothesis import HealthCheck, given, settings

from scheduler.domain.plan import Obstacle
from scheduler.domain.problem import Problem, Request
from scheduler.domain.rules.resolved import ResolvedMeeting, Schedule
from scheduler.domain.solving import SolveParams
from scheduler.files.plan_file import read_plan, write_plan
from scheduler.solver.explain.reasons import OF_OBSTACLES, explain_unscheduled
from scheduler.solver.solve import solve
from tests.support.builders import ask, firm, make_problem, meet, person, problems, table
from tests.unit.solver.explain.test_explain import only


def test_a_person_who_is_at_their_limit_is_named_with_the_day_and_one_who_is_busy_with_the_times() -> None:
    problem = make_problem(
        slots="2 2",
        attendees=[person("ann", "a", max_per_day=1), person("bo", "b"), person("cy", "c")],
        requests=[ask("r1", "a", "b"), ask("r2", "b", "c"), ask("r3", "a", "c", weight=9)],
    )
    row = only(
        problem,
        meet("r1", "s0", "t1", "ann bo"),
        meet("r2", "s2", "t1", "bo cy"),
    )
    assert row.obstacles == ()  # ann and cy are free in s3
    problem = make_problem(
        slots="2 2",
        attendees=[person("ann", "a", max_per_day=1), person("bo", "b"), person("cy", "c", unavailable="s3")],
        requests=[ask("r1", "a", "b", weight=9), ask("r2", "b", "c", weight=9), ask("r3", "a", "c")],
    )
    row = only(problem, meet("r1", "s0", "t1", "ann bo"), meet("r2", "s2", "t1", "bo cy"))
    assert row.obstacles == (
        Obstacle("person-cap", "ann", ("s0", "s1"), 2),
        Obstacle("away", "cy", ("s3",), 1),
        Obstacle("busy", "cy", ("s2",), 1),
    )


def test_of_two_colleagues_both_are_named_as_either_could_go() -> None:
    problem = make_problem(
        slots="1",
        attendees=[
            person("a1", "a", unavailable="s0"),
            person("a2", "a", unavailable="s0"),
            person("b1", "b"),
        ],
        requests=[ask("r1", "a", "b")],
    )
    row = only(problem)
    assert [(each.what, each.who) for each in row.obstacles] == [("away", "a1"), ("away", "a2")]


def test_a_firm_at_its_limit_and_a_full_table_are_named() -> None:
    problem = make_problem(
        slots="1 1",
        firms=[firm("a", max_per_day=1)],
        places=[table("t1")],
        requests=[ask("r1", "a", "b", weight=9), ask("r2", "c", "d", weight=9), ask("r3", "a", "e")],
    )
    row = only(problem, meet("r1", "s0", "t1", "a1 b1"), meet("r2", "s1", "t1", "c1 d1"))
    assert row.obstacles == (Obstacle("firm-cap", "a", ("s0",), 1), Obstacle("place-full", "", ("s1",), 1))


@pytest.mark.no_cover  # runs the same lines many times
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(problems(max_requests=5))
def test_each_obstacle_is_so_and_no_time_is_left_without_one(problem: Problem) -> None:
    plan = solve(problem, SolveParams(seconds=1, workers=1, iterations=300)).plan
    schedule = Schedule.of(problem, plan.meetings)
    days, index = problem.days, problem.index
    for row in explain_unscheduled(problem, plan.meetings, seconds=float("inf")):
        request = problem.requests[index.requests[row.request]]
        assert bool(row.obstacles) <= (row.reason in OF_OBSTACLES)
        named = {slot for each in row.obstacles for slot in each.slots}
        if row.obstacles and request.slots is not None:
            assert named <= {problem.slots[slot].id for slot in request.slots}
        for each in row.obstacles:
            starts = [index.slots[slot] for slot in each.slots]
            assert starts and len({days[start] for start in starts}) == 1 and each.count >= len(starts)
            if each.what == "pair-cap":
                most = problem.policy.max_pair_per_day
                assert all(_pairs_are_full(problem, schedule, request, start, most) for start in starts)
            if each.what not in ("away", "busy", "person-cap", "row-cap"):
                continue
            who = index.attendees[each.who]
            person_row = problem.attendees[who]
            assert person_row.firm in (request.sender, request.receiver)
            theirs = [held for held in schedule.by_request.values() if who in held.attendees]
            for start in starts:
                span = range(start, start + request.length)
                if each.what == "away":
                    assert person_row.unavailable & set(span)
                elif each.what == "busy":
                    assert any(set(span) & set(held.slots()) for held in theirs)
                elif each.what == "row-cap":
                    assert _row_with(problem, theirs, span) > (problem.most_in_row[who] or 99)
                else:
                    that_day = [held for held in theirs if days[held.start] == days[start]]
                    assert person_row.max_per_day is not None and len(that_day) >= person_row.max_per_day


def _pairs_are_full(
    problem: Problem, schedule: Schedule, request: Request, start: int, most: int | None
) -> bool:
    """Return True if in each choice of people two meet as often as they may on the day of a start."""
    held = [each for each in schedule.by_request.values() if problem.days[each.start] == problem.days[start]]
    return all(
        any(
            sum({one, two} <= {*each.attendees} for each in held) >= (most or 99)
            for one, two in product(asking, asked)
        )
        for asking, asked in product(*problem.sides(request))
    )


def _row_with(problem: Problem, theirs: Sequence[ResolvedMeeting], span: range) -> int:
    """Return how many meetings a person has in a row, with one more in a span of slots."""
    spans = [(each.start, each.stop) for each in theirs]
    row = {(span.start, span.stop)}
    for _ in spans:
        row |= {
            (start, stop)
            for start, stop in spans
            for first, last in row
            if (stop == first and problem.is_followed(stop - 1))
            or (start == last and problem.is_followed(last - 1))
        }
    return len(row)


def test_a_plan_s_file_keeps_them_and_one_without_them_reads() -> None:
    problem = make_problem(slots="1", requests=[ask("r1", "a", "b"), ask("r2", "a", "c")])
    plan = solve(problem, SolveParams(seconds=5, workers=1)).plan
    assert plan.unscheduled[0].obstacles
    document = write_plan(plan)
    assert read_plan(document) == plan
    del document["unscheduled"][0]["obstacles"]
    assert read_plan(document).unscheduled[0].obstacles == ()
