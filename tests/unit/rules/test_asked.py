from __future__ import annotations

import pytest

from scheduler.domain.plan import Meeting
from tests.support.builders import ask, make_problem, meet, table
from tests.unit.rules import Breach, breaches

R1 = meet("r1", "s0", "t1", "a1 b1")

# H1: a request is held at most once; every request, if policy.require_all


def test_h1_without_requests_nothing_need_be_held() -> None:
    assert breaches(make_problem(require_all=True)) == []


def test_h1_a_request_is_not_held_twice() -> None:
    problem = make_problem(requests=[ask("r1", "a", "b")])
    again = meet("r1", "s2", "t1", "a1 b1")
    assert breaches(problem, R1, again) == [("H1", ("r1",))]


def test_h1_all_must_be_held_if_the_policy_says_so() -> None:
    problem = make_problem(requests=[ask("r1", "a", "b"), ask("r2", "a", "b")], require_all=True)
    assert breaches(problem, R1) == [("H1", ("r2",))]


def test_h1_a_request_may_be_left_out_otherwise() -> None:
    problem = make_problem(requests=[ask("r1", "a", "b"), ask("r2", "a", "b")], require_all=False)
    assert breaches(problem, R1) == []


def test_h1_all_are_held() -> None:
    problem = make_problem(requests=[ask("r1", "a", "b"), ask("r2", "a", "b")], require_all=True)
    assert breaches(problem, R1, meet("r2", "s1", "t1", "a1 b1")) == []


# H2: a meeting of length k takes k slots that follow each other in one block; the start is an allowed slot


@pytest.mark.parametrize("slot", ["s0", "s1", "s2"])
def test_h2_a_meeting_of_one_slot_fits_in_any_block(slot: str) -> None:
    problem = make_problem(slots="1|2", requests=[ask("r1", "a", "b")])
    assert breaches(problem, meet("r1", slot, "t1", "a1 b1")) == []


@pytest.mark.parametrize("slot", ["s1", "s3", "s4"])
def test_h2_a_meeting_does_not_run_out_of_its_block(slot: str) -> None:
    problem = make_problem(slots="2|2 1", requests=[ask("r1", "a", "b", length=2)])
    assert breaches(problem, meet("r1", slot, "t1", "a1 b1")) == [("H2", ("r1", slot))]


@pytest.mark.parametrize("slot", ["s0", "s2"])
def test_h2_a_meeting_of_two_slots_fits_in_a_block_of_two(slot: str) -> None:
    problem = make_problem(slots="2|2 1", requests=[ask("r1", "a", "b", length=2)])
    assert breaches(problem, meet("r1", slot, "t1", "a1 b1")) == []


@pytest.mark.parametrize(
    ("slots", "found"),
    [(["s1", "s2"], [("H2", ("r1", "s0"))]), ([], [("H2", ("r1", "s0"))]), (["s2", "s0"], []), (None, [])],
)
def test_h2_the_start_is_an_allowed_slot(slots: list[str] | None, found: list[Breach]) -> None:
    problem = make_problem(requests=[ask("r1", "a", "b", slots=slots)])
    assert breaches(problem, R1) == found


def test_h2_only_the_start_need_be_an_allowed_slot() -> None:
    problem = make_problem(requests=[ask("r1", "a", "b", length=2, slots=["s0"])])
    assert breaches(problem, R1) == []


# H9: fixed requests are held there or not at all


def test_h9_a_fixed_request_may_be_left_out() -> None:
    assert breaches(make_problem(requests=[ask("r1", "a", "b", fixed={"slot": "s1"})])) == []


@pytest.mark.parametrize("meeting", [meet("r1", "s0", "t1", "a1 b1"), meet("r1", "s1", "t2", "a1 b1")])
def test_h9_a_fixed_request_is_held_nowhere_else(meeting: Meeting) -> None:
    fixed = ask("r1", "a", "b", fixed={"slot": "s1", "place": "t1"})
    problem = make_problem(requests=[fixed], places=[table("t1"), table("t2")])
    assert breaches(problem, meeting) == [("H9", ("r1", meeting.slot, meeting.place))]


@pytest.mark.parametrize("place", ["t1", "t2"])
def test_h9_a_request_that_is_fixed_in_time_alone_is_held_anywhere(place: str) -> None:
    fixed = ask("r1", "a", "b", fixed={"slot": "s1"})
    problem = make_problem(requests=[fixed], places=[table("t1"), table("t2")])
    assert breaches(problem, meet("r1", "s1", place, "a1 b1")) == []


def test_h9_a_request_is_held_where_it_is_fixed() -> None:
    fixed = ask("r1", "a", "b", fixed={"slot": "s1", "place": "t2"})
    problem = make_problem(requests=[fixed], places=[table("t1"), table("t2")])
    assert breaches(problem, meet("r1", "s1", "t2", "a1 b1")) == []


# H11: if both are held, `before` has ended when `after` starts

TWO = [ask("r1", "a", "b", length=2), ask("r2", "c", "d")]


@pytest.mark.parametrize("held", [[], [R1], [meet("r2", "s0", "t1", "c1 d1")]])
def test_h11_says_nothing_unless_both_are_held(held: list[Meeting]) -> None:
    assert breaches(make_problem(requests=TWO, precedences=[("r1", "r2")]), *held) == []


@pytest.mark.parametrize("slot", ["s0", "s1"])
def test_h11_after_does_not_start_until_before_has_ended(slot: str) -> None:
    problem = make_problem(requests=TWO, precedences=[("r1", "r2")])
    assert breaches(problem, R1, meet("r2", slot, "t1", "c1 d1")) == [("H11", ("r1", "r2"))]


def test_h11_after_may_start_when_before_ends() -> None:
    problem = make_problem(requests=TWO, precedences=[("r1", "r2")])
    assert breaches(problem, R1, meet("r2", "s2", "t1", "c1 d1")) == []
