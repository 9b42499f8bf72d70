"""Ejection: a request takes its place, displaced meetings are queued, and the repair reinserts them."""

from __future__ import annotations

from typing import Any

import pytest

from scheduler.domain.problem import Problem
from scheduler.solver.annealing.anneal import HELD, UNHELD_IN
from tests.support.builders import ask, booth, firm, interpreter, make_problem, meet, person, table
from tests.support.moves import Board, board

R1 = meet("r1", "s0", "t1", "ann1 bo1")
R2 = meet("r2", "s1", "t1", "ann1 cai1")


def three(**parts: Any) -> Problem:
    """Ann can meet Bo, Cai and Dee."""
    requests = [ask("r1", "ann", "bo"), ask("r2", "ann", "cai"), ask("r3", "ann", "dee")]
    return make_problem(**{"slots": "3", "requests": requests, **parts})


def ejections(plan: Board, request: str, slot: str, place: str = "t1") -> dict[str, str]:
    assert plan.insert_by_ejection(request, slot, place)
    return plan.slots()


def test_the_meetings_of_the_same_people_make_way_and_are_queued() -> None:
    plan = board(three(), [R1, R2])
    assert ejections(plan, "r3", "s0") == {"r3": "s0", "r2": "s1"}
    assert plan.queue() == ["r1"]
    assert plan.state.score == pytest.approx(plan.score())


def test_what_was_queued_finds_another_place() -> None:
    plan = board(three(), [R1, R2])
    score = plan.state.score
    ejections(plan, "r3", "s0")
    assert plan.repair()
    assert plan.slots() == {"r3": "s0", "r2": "s1", "r1": "s2"}
    assert plan.state.score == pytest.approx(plan.score())
    assert plan.state.score - score == pytest.approx(plan.flat.data.gain[2])


def test_what_was_queued_may_eject_in_turn() -> None:
    """Bo is available in s0 and s1 only: r1 goes to s1, and r2, which was there, to s2."""
    bo = person("bo1", "bo", unavailable="s2")
    dee = person("dee1", "dee", unavailable="s1 s2")
    plan = board(three(attendees=[bo, dee]), [R1, R2])
    score = plan.state.score
    for _ in range(50):  # r1 is inserted in a random half of its slots, which may be none
        ejections(plan, "r3", "s0")
        assert plan.repair(lowest=score + 1)
        if plan.slots() == {"r3": "s0", "r1": "s1", "r2": "s2"}:
            break
        plan.undo(score)
    assert plan.state.score > score + 1
    assert plan.state.score == pytest.approx(plan.score())


def test_a_chain_that_cannot_be_worth_enough_ends() -> None:
    plan = board(three(slots="2"), [R1, R2])
    ejections(plan, "r3", "s0")
    assert not plan.repair(lowest=plan.state.score + 1e9)


@pytest.mark.parametrize(
    ("parts", "slot", "place", "ejected"),
    [
        ({"slots": "1"}, "s0", "t1", {"r1"}),
        ({"slots": "3", "walking": {("h1", "h2"): 15.0}}, "s1", "t2", {"r1"}),
        ({"slots": "3", "attendees": [person("ann1", "ann", max_per_day=1)]}, "s1", "t1", {"r1"}),
        ({"slots": "3", "precedences": [("r3", "r1")]}, "s1", "t1", {"r1"}),
        ({"slots": "3"}, "s1", "t1", set()),
    ],
    ids=["H3 people", "H6 a walk", "H8 a person's cap", "H11 an order", "nothing"],
)
def test_victims_are_what_stands_in_the_way_by_a_rule(
    parts: Any, slot: str, place: str, ejected: set[str]
) -> None:
    places = [table("t1", "h1", capacity=2), table("t2", "h2", capacity=2)]
    plan = board(three(places=places, **parts), [R1])
    assert plan.insert_by_ejection("r3", slot, place)
    assert set(plan.queue()) == ejected
    assert plan.state.score == pytest.approx(plan.score())


def test_a_full_group_of_places_gives_up_one_meeting() -> None:
    requests = [ask("r1", "ann", "bo"), ask("r2", "cai", "dee"), ask("r3", "eve", "fay")]
    problem = make_problem(slots="2", requests=requests, places=[table("t1"), table("t2")])
    plan = board(problem, [meet("r1", "s0", "t1", "ann1 bo1"), meet("r2", "s0", "t2", "cai1 dee1")])
    ejections(plan, "r3", "s0")
    assert plan.queue() in (["r1"], ["r2"])


def test_an_interpreter_is_taken_out_of_another_meeting() -> None:
    people = [person("bo1", "bo", "zh"), person("dee1", "dee", "zh")]
    requests = [ask("r1", "ann", "bo"), ask("r2", "cai", "dee")]
    problem = make_problem(slots="2", requests=requests, attendees=people, interpreters=[interpreter("i")])
    plan = board(problem, [meet("r1", "s0", "t1", "ann1 bo1", "i")])
    assert ejections(plan, "r2", "s0") == {"r2": "s0"}
    assert plan.queue() == ["r1"]


@pytest.mark.parametrize(
    "parts",
    [
        {"frozen_until": "s1", "published": [R1]},
        {"attendees": [person("ann1", "ann", unavailable="s0")]},
        {"firms": [firm("dee", max_per_day=0)]},
        {"places": [table("t1", unavailable="s0"), booth("b", "bo")]},
    ],
    ids=["H10 a frozen meeting stays", "H4 away", "H8 a firm's cap ejects nothing", "H5 closed"],
)
def test_an_ejection_fails_where_what_is_in_the_way_has_to_stay(parts: Any) -> None:
    frozen = "published" in parts
    plan = board(three(**parts), [R1] if frozen else [])
    before, score = plan.picture(), plan.state.score
    assert not plan.insert_by_ejection("r3", "s0", "t1")
    plan.undo(score)
    assert plan.picture() == before


def test_a_random_meeting_is_moved_to_a_random_slot() -> None:
    plan = board(three(), [R1, R2])
    before, score = plan.picture(), plan.state.score
    plan.move(HELD)
    moved = plan.slots()
    assert moved != {"r1": "s0", "r2": "s1"}
    assert plan.state.score == pytest.approx(plan.score())
    plan.undo(score)
    assert plan.picture() == before


def test_a_request_that_is_not_held_is_inserted_where_least_is_in_the_way() -> None:
    """Dee is available in s0 and s1: of r1 and r2, which are there, the lighter one is ejected more often."""
    requests = [ask("r1", "ann", "bo", weight=9), ask("r2", "ann", "cai"), ask("r3", "ann", "dee", weight=5)]
    plan = board(three(requests=requests, attendees=[person("dee1", "dee", unavailable="s2")]), [R1, R2])
    before, score = plan.picture(), plan.state.score
    ejected = []
    for _ in range(60):
        plan.move(UNHELD_IN)
        ejected += plan.queue()
        plan.undo(score)
    assert plan.picture() == before
    assert ejected.count("r2") > ejected.count("r1") > 0
