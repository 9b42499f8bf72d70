"""Statements of the problem format page whose tables alone would be ambiguous."""

from __future__ import annotations

from dataclasses import replace

from scheduler.domain import rules
from scheduler.domain.rules.stability import is_frozen, is_still_possible
from scheduler.domain.solving import SolveParams
from scheduler.solver.solve import solve
from tests.support.builders import ask, make_problem, meet, person, table


def test_who_sits_in_a_meeting_is_judged_as_format_and_counts_for_h13() -> None:
    problem = make_problem(
        requests=[ask("r1", "a", "b", from_attendees="a2")],
        attendees=[person("a1", "a"), person("a2", "a")],
        published=[meet("r1", "s0", "t1", "a1 b1")],
        max_moved=0,
    )
    broken = rules.violations(problem, [meet("r1", "s0", "t1", "a1 b1")])
    assert [violation.rule for violation in broken] == ["format"]
    assert not is_still_possible(problem, problem.published[0])
    assert rules.violations(problem, [meet("r1", "s1", "t1", "a2 b1")]) == []


def test_at_its_own_frozen_start_a_meeting_with_others_may_be_at_any_place() -> None:
    problem = make_problem(
        requests=[ask("r1", "a", "b", excluded="a1")],
        attendees=[person("a1", "a"), person("a2", "a")],
        places=[table("t1"), table("t2")],
        published=[meet("r1", "s0", "t1", "a1 b1")],
        frozen_until="s1",
    )
    assert rules.violations(problem, [meet("r1", "s0", "t2", "a2 b1")]) == []


def test_a_share_is_the_decimal_that_is_written() -> None:
    requests = [ask(f"r{k}", "a", f"b{k}") for k in range(100)]
    assert make_problem(requests=requests, fair_share=0.07).floors[0] == 7


def test_a_published_meeting_whose_slot_is_gone_is_not_frozen_and_counts_as_moved() -> None:
    problem = make_problem(
        requests=[ask("r1", "a", "b")], published=[meet("r1", "gone", "t1", "a1 b1")], frozen_until="s1"
    )
    plan = [meet("r1", "s1", "t1", "a1 b1")]
    assert not is_frozen(problem, problem.published[0])
    assert rules.violations(problem, plan) == []
    assert rules.score(problem, plan).terms["moved"] == 1


def test_a_walk_counts_from_one_day_to_the_next() -> None:
    problem = make_problem(
        slots="1 1",
        requests=[ask("r1", "a", "b"), ask("r2", "a", "c")],
        places=[table("t1", "h1"), table("t2", "h2")],
        walking={("h1", "h2"): 24 * 60},
    )
    plan = [meet("r1", "s0", "t1", "a1 b1"), meet("r2", "s1", "t2", "a1 c1")]
    assert [violation.rule for violation in rules.violations(problem, plan)] == ["H6"]
    assert rules.violations(replace(problem, walking=((0, 60), (60, 0))), plan) == []


def test_the_bounds_are_of_plans_that_keep_the_hard_rules() -> None:
    requests = [ask("r1", "a", "b", weight=5), ask("r2", "c", "d", weight=3)]
    problem = make_problem(slots="1", requests=requests, places=[table("t1")])
    plan = solve(problem, SolveParams(workers=1, method="search", iterations=500)).plan
    assert (plan.served_bound, plan.meetings_bound) == (5, 1)


def test_a_place_may_have_the_capacity_0_and_then_holds_nothing() -> None:
    problem = make_problem(requests=[ask("r1", "a", "b")], places=[table("t1", capacity=0)])
    broken = rules.violations(problem, [meet("r1", "s0", "t1", "a1 b1")])
    assert [violation.rule for violation in broken] == ["H5"]
