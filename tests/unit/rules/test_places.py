from __future__ import annotations

import pytest

from tests.support.builders import ask, booth, make_problem, meet, table
from tests.unit.rules import breaches

# H5: at most `capacity` meetings at a time; a booth only meetings of its own firm as `to`; the wished kind

R1 = meet("r1", "s0", "t1", "a1 b1")
R2 = meet("r2", "s0", "t1", "c1 d1")
TWO = [ask("r1", "a", "b", length=2), ask("r2", "c", "d")]


def test_h5_a_table_holds_one_meeting_of_anybody() -> None:
    assert breaches(make_problem(places=[table("t1")], requests=TWO), R1) == []


@pytest.mark.parametrize("slot", ["s0", "s1"])
def test_h5_a_place_does_not_hold_more_than_its_capacity(slot: str) -> None:
    problem = make_problem(places=[table("t1")], requests=TWO)
    held = [R1, meet("r2", slot, "t1", "c1 d1")]
    assert breaches(problem, *held) == [("H5", ("t1", slot, "r1", "r2"))]


def test_h5_a_place_holds_as_many_as_its_capacity() -> None:
    assert breaches(make_problem(places=[table("t1", capacity=2)], requests=TWO), R1, R2) == []


def test_h5_a_place_is_free_again_when_a_meeting_has_ended() -> None:
    problem = make_problem(places=[table("t1")], requests=TWO)
    assert breaches(problem, R1, meet("r2", "s2", "t1", "c1 d1")) == []


def test_h5_a_place_without_capacity_holds_nothing() -> None:
    problem = make_problem(places=[table("t1", capacity=0)], requests=TWO)
    assert breaches(problem, R1) == [("H5", ("r1", "t1"))]


@pytest.mark.parametrize("owner", ["a", "c"])
def test_h5_a_booth_holds_no_meeting_to_another_firm(owner: str) -> None:
    problem = make_problem(places=[booth("x", owner)], requests=TWO)
    assert breaches(problem, meet("r1", "s0", "x", "a1 b1")) == [("H5", ("r1", "x"))]


@pytest.mark.parametrize("wish", ["booth", "any"])
def test_h5_a_booth_holds_meetings_to_its_own_firm(wish: str) -> None:
    problem = make_problem(places=[booth("x", "b")], requests=[ask("r1", "a", "b", place=wish)])
    assert breaches(problem, meet("r1", "s0", "x", "a1 b1")) == []


@pytest.mark.parametrize(("wish", "place"), [("booth", "t1"), ("table", "x")])
def test_h5_a_request_is_not_held_at_the_other_kind_of_place(wish: str, place: str) -> None:
    problem = make_problem(places=[booth("x", "b"), table("t1")], requests=[ask("r1", "a", "b", place=wish)])
    assert breaches(problem, meet("r1", "s0", place, "a1 b1")) == [("H5", ("r1", place))]


@pytest.mark.parametrize(("wish", "place"), [("booth", "x"), ("table", "t1"), ("any", "x"), ("any", "t1")])
def test_h5_a_request_is_held_at_the_kind_of_place_that_it_wishes(wish: str, place: str) -> None:
    problem = make_problem(places=[booth("x", "b"), table("t1")], requests=[ask("r1", "a", "b", place=wish)])
    assert breaches(problem, meet("r1", "s0", place, "a1 b1")) == []


@pytest.mark.parametrize("receiver", ["b", "c", "d"])
def test_h5_a_joint_stand_holds_meetings_to_its_owner_and_its_partners(receiver: str) -> None:
    stand = booth("x", "b", partners="c d")
    problem = make_problem(places=[stand], requests=[ask("r1", "a", receiver, place="booth")])
    assert breaches(problem, meet("r1", "s0", "x", f"a1 {receiver}1")) == []


def test_h5_a_joint_stand_holds_no_meeting_to_another_firm() -> None:
    problem = make_problem(places=[booth("x", "c", partners="d")], requests=[ask("r1", "c", "b")])
    assert breaches(problem, meet("r1", "s0", "x", "c1 b1")) == [("H5", ("r1", "x"))]


def test_h5_the_firms_of_a_joint_stand_share_its_capacity() -> None:
    requests = [ask("r1", "a", "b"), ask("r2", "e", "c"), ask("r3", "f", "d")]
    problem = make_problem(places=[booth("x", "b", partners="c d", capacity=2)], requests=requests)
    held = [meet("r1", "s0", "x", "a1 b1"), meet("r2", "s0", "x", "e1 c1")]
    assert breaches(problem, *held, meet("r3", "s1", "x", "f1 d1")) == []
    third = meet("r3", "s0", "x", "f1 d1")
    assert breaches(problem, *held, third) == [("H5", ("x", "s0", "r1", "r2", "r3"))]
