"""Worthless changes are reverted, as reevaluating every plan of tiny problems shows."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scheduler.domain import rules
from scheduler.domain.plan import Meeting
from scheduler.domain.problem import Problem
from scheduler.domain.rules.stability import published_changes
from scheduler.domain.solving import SolveParams
from scheduler.files.problem_file import read_problem, write_problem
from scheduler.solver.plans.reverting import revert_worthless_changes
from scheduler.solver.solve import solve
from tests.support import reference_rules
from tests.support.brute_force import plans
from tests.support.builders import ask, documents, make_problem, meet, person, table

quick = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))


def judged(problem: Problem, meetings: tuple[Meeting, ...]) -> tuple[set[str], float]:
    document = write_problem(problem)
    rows = [{**each, "attendees": list(each["attendees"])} for each in map(_row, meetings)]
    return reference_rules.broken_rules(document, rows), reference_rules.total(
        document, reference_rules.terms(document, rows)
    )


def _row(meeting: Meeting) -> dict:
    names = ("request", "slot", "place", "attendees", "interpreter")
    return {name: getattr(meeting, name) for name in names}


def worthless(problem: Problem, meetings: tuple[Meeting, ...]) -> list[str]:
    """Return the changes that could be reverted alone, by scoring the whole plan with the slow rules."""
    published = {meeting.request: meeting for meeting in problem.published}
    _, score = judged(problem, meetings)
    found = []
    for id in published_changes(problem, meetings).voluntary:
        back = (*(m for m in meetings if m.request != id), published[id])
        broken, total = judged(problem, back)
        if not broken and total >= score:
            found.append(id)
    return found


def any_policy(document: dict, idle: int, moved: float, repeated: int) -> Problem:
    factors = {**document["policy"].get("factors", {}), "idle": idle, "moved": moved, "repeated": repeated}
    document["policy"] = {**document["policy"], "require_all": False, "factors": factors}
    return read_problem(document)


@quick
@given(
    documents(rerun=True),
    st.sampled_from([0, 10, 500]),
    st.sampled_from([0, 1, 60]),
    st.sampled_from([0, 20]),
    st.integers(0, 40),
)
def test_any_plan_of_a_tiny_problem_loses_what_brings_nothing(
    document: dict, idle: int, moved: float, repeated: int, which: int
) -> None:
    problem = any_policy(document, idle, moved, repeated)
    every = (rows for rows in plans(write_problem(problem)) if rows)
    valid = (
        tuple(Meeting(**{**row, "attendees": tuple(row["attendees"])}) for row in rows)
        for rows in every
        if not reference_rules.broken_rules(write_problem(problem), rows)
    )
    for given_plan in islice(valid, which, which + 3):
        found = revert_worthless_changes(problem, given_plan)
        broken, score = judged(problem, found)
        assert not broken
        assert score >= judged(problem, given_plan)[1]
        assert worthless(problem, found) == []
        if worthless(problem, given_plan) == []:
            assert found == given_plan
        assert revert_worthless_changes(problem, found) == found


@pytest.mark.no_cover  # runs the same lines many times
@quick
@given(documents(rerun=True), st.sampled_from([0, 10]), st.sampled_from([0, 60]))
def test_no_solve_leaves_what_brings_nothing(document: dict, idle: int, moved: float) -> None:
    problem = any_policy(document, idle, moved, 0)
    for method in ("search", "exact"):
        params = SolveParams(workers=1, method=method, iterations=300 if method == "search" else None)
        plan = solve(problem, params, is_changed=True).plan
        if plan.meetings and not plan.not_kept:
            assert worthless(problem, plan.meetings) == [], method


def a_pair(moved: int = 60) -> Problem:
    problem = make_problem(
        slots="4",
        requests=[ask("r1", "a", "b"), ask("r2", "a", "c")],
        attendees=[person("a1", "a"), person("b1", "b"), person("c1", "c")],
        places=[table("t1"), table("t2")],
        published=[meet("r1", "s0", "t1", "a1 b1"), meet("r2", "s1", "t1", "a1 c1")],
    )
    factors = {**problem.policy.factors, "moved": moved}
    return replace(problem, policy=replace(problem.policy, factors=factors))


def test_a_meeting_that_left_its_place_for_nothing_comes_back() -> None:
    problem = a_pair()
    found = revert_worthless_changes(problem, (meet("r1", "s0", "t2", "a1 b1"), problem.published[1]))
    assert found == problem.published


def test_two_that_changed_places_stay_so_as_neither_can_come_back_alone() -> None:
    problem = a_pair()
    crossed = (meet("r1", "s1", "t1", "a1 b1"), meet("r2", "s0", "t1", "a1 c1"))
    assert revert_worthless_changes(problem, crossed) == crossed


def test_a_change_that_saves_an_idle_time_stays_where_it_pays_and_else_not() -> None:
    apart = (meet("r1", "s0", "t1", "a1 b1"), meet("r2", "s3", "t1", "a1 c1"))
    close = (apart[0], meet("r2", "s1", "t1", "a1 c1"))
    for moved, kept in ((1, close), (60, apart)):
        problem = replace(a_pair(moved), published=apart)
        assert revert_worthless_changes(problem, close) == kept
        assert not rules.violations(problem, kept)


def test_nothing_is_taken_back_once_the_time_is_over() -> None:
    problem = a_pair()
    plan = (meet("r1", "s0", "t2", "a1 b1"), problem.published[1])
    assert revert_worthless_changes(problem, plan, is_over=lambda: True) == plan
