"""When one problem's bound is valid for another."""

from __future__ import annotations

from typing import Any

import pytest

from scheduler.domain.bound_reuse import is_bound_valid
from scheduler.domain.problem import Problem
from scheduler.files.problem_file import write_problem
from tests.support.builders import ask, make_problem, meet, person, table

Json = dict[str, Any]

PUBLISHED = [meet("r1", "s0", "t1", "a1 b1"), meet("r2", "s1", "t1", "a1 c1")]


def document(**changes: Any) -> Json:
    parts = {"requests": [ask("r1", "a", "b"), ask("r2", "a", "c")], "places": [table("t1", capacity=2)]}
    problem: Problem = make_problem(**{**parts, **changes})
    return write_problem(problem)


@pytest.mark.parametrize("now", [{}, {"published": PUBLISHED}, {"frozen_until": "s1"}])
def test_a_bound_holds_of_what_only_loses_points_or_plans(now: Json) -> None:
    assert is_bound_valid(document(), document(**now))


def test_a_bound_that_counted_on_a_published_plan_holds_of_the_same_one() -> None:
    before = document(published=PUBLISHED)
    assert is_bound_valid(before, document(published=PUBLISHED[::-1], frozen_until="s1"))
    assert not is_bound_valid(before, document(published=PUBLISHED[:1]))
    assert not is_bound_valid(before, document())


@pytest.mark.parametrize(
    "now",
    [
        {"requests": [ask("r1", "a", "b"), ask("r2", "a", "c", weight=2)]},
        {"places": [table("t1", capacity=3)]},
        {"slots": "5"},
        {"timezone": "Asia/Shanghai"},
        {"factors": {"served": 101}},
        {"require_all": True},
    ],
)
def test_a_bound_does_not_hold_of_another_problem(now: Json) -> None:
    assert not is_bound_valid(document(), document(**now))


@pytest.mark.parametrize("policy", [{"max_moved": 3}, {"max_moved": 0}, {"reassigned_counts": "any_start"}])
def test_a_bound_holds_of_a_smaller_budget_of_changes_and_of_dearer_ones_and_not_the_other_way_round(
    policy: Json,
) -> None:
    free, bound = document(published=PUBLISHED), document(published=PUBLISHED, **policy)
    assert is_bound_valid(free, bound)
    assert not is_bound_valid(bound, free)
    assert is_bound_valid(document(**policy), free)  # nothing was published, so nothing could change


def test_a_bound_holds_of_people_with_more_changes_before_and_not_of_those_with_fewer() -> None:
    few, many = (
        document(published=PUBLISHED, attendees=[person("a1", "a", changed_before=n)]) for n in (1, 2)
    )
    assert is_bound_valid(few, many)
    assert not is_bound_valid(many, few)
    assert is_bound_valid(document(attendees=[person("a1", "a", changed_before=2)]), few)


def test_a_bound_that_counted_on_what_was_frozen_does_not_hold_of_less() -> None:
    assert not is_bound_valid(document(frozen_until="s2"), document(frozen_until="s1"))
