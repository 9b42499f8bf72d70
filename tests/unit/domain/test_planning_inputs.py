"""A plan's basis in a few bytes: every input that affects a plan changes it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from scheduler.domain.planning_inputs import Difference, diff_inputs, planning_inputs
from scheduler.domain.problem import Policy, Problem
from scheduler.files.problem_file import write_problem
from tests.support.builders import ask, make_problem, meet, person, table


def a_problem(**parts: object) -> Problem:
    return make_problem(
        requests=[ask("r1", "a", "b"), ask("r2", "c", "d")],
        attendees=[person("a1", "a"), person("c1", "c")],
        places=[table("t1", "h1"), table("t2", "h2")],
        walking={("h1", "h2"): 5},
        frozen_until="s1",
        **parts,
    )


CHANGES: list[tuple[Callable[[Problem], Problem], Difference]] = [
    (
        lambda p: replace(p, policy=Policy(factors={**p.policy.factors, "idle": 7, "unfair": 1})),
        Difference("policy", ("idle", "unfair")),
    ),
    (
        lambda p: replace(p, policy=replace(p.policy, fair_share=0.5)),
        Difference("policy", ("fair_share",)),
    ),
    (
        lambda p: replace(
            p, attendees=(replace(p.attendees[0], unavailable=frozenset((0,))), *p.attendees[1:])
        ),
        Difference("attendees", changed=1),
    ),
    (
        lambda p: replace(p, policy=replace(p.policy, max_moved=3)),
        Difference("policy", ("max_moved",)),
    ),
    (lambda p: replace(p, requests=p.requests[:1]), Difference("requests", gone=1)),
    (
        lambda p: replace(p, requests=(*p.requests, replace(p.requests[0], id="r3"))),
        Difference("requests", new=1),
    ),
    (lambda p: replace(p, walking=((0, 9), (9, 0))), Difference("walking_minutes")),
    (lambda p: replace(p, precedences=((0, 1),)), Difference("precedences")),
    (lambda p: replace(p, frozen_until=None), Difference("frozen")),
]


@pytest.mark.parametrize(("change", "difference"), CHANGES, ids=[str(d) for _, d in CHANGES])
def test_what_decides_about_a_plan_makes_a_difference(
    change: Callable[[Problem], Problem], difference: Difference
) -> None:
    before = a_problem()
    assert diff_inputs(
        planning_inputs(write_problem(before)), planning_inputs(write_problem(change(before)))
    ) == [difference]


def test_a_wish_for_other_slots_makes_a_difference_until_it_is_over() -> None:
    document = write_problem(a_problem())
    without, wished = planning_inputs(document), planning_inputs(document, {"r1": ["s2"]})
    other = planning_inputs(document, {"r1": ["s3"]})
    assert diff_inputs(without, wished) == [Difference("requests", changed=1)]
    assert diff_inputs(wished, other) == [Difference("requests", changed=1)]
    assert diff_inputs(wished, wished) == diff_inputs(wished, without) == []


def test_time_that_goes_by_and_what_is_published_make_none() -> None:
    before = a_problem()
    assert before.frozen_until is not None
    now = replace(
        before,
        frozen_until=before.frozen_until + timedelta(hours=1),
        published=(meet("r1", "s0", "t1", "a1 b1"),),
        attendees=(replace(before.attendees[0], changed_before=2), *before.attendees[1:]),
    )
    assert diff_inputs(planning_inputs(write_problem(before)), planning_inputs(write_problem(now))) == []
