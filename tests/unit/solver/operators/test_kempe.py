"""Kempe chains: connected meetings swap slots, all of them or none."""

from __future__ import annotations

from typing import Any

import pytest

from scheduler.domain.problem import Problem
from scheduler.solver.annealing.anneal import KEMPE
from tests.support.builders import ask, make_problem, meet, table
from tests.support.moves import board

CHAIN = [
    meet("r1", "s0", "t1", "ann1 bo1"),
    meet("r2", "s1", "t1", "ann1 cai1"),
    meet("r3", "s1", "t2", "bo1 dee1"),
    meet("r4", "s0", "t2", "dee1 eve1"),
]
"""As in docs/solver.md: a shared person connects each with the next."""


def chain(**parts: Any) -> Problem:
    pairs = ("ann bo", "ann cai", "bo dee", "dee eve")
    requests = [ask(f"r{k}", *pair.split()) for k, pair in enumerate(pairs, 1)]
    places = [table("t1", capacity=4), table("t2", "h2", capacity=4)]
    return make_problem(**{"slots": "2", "requests": requests, "places": places, **parts})


def test_all_that_hang_together_by_people_change_slots_and_keep_their_places() -> None:
    plan = board(chain(), CHAIN)
    gain = plan.move(KEMPE)
    assert plan.plan() == {"r1": "s1 t1", "r2": "s0 t1", "r3": "s0 t2", "r4": "s1 t2"}
    assert plan.queue() == []
    assert gain == pytest.approx(0)
    assert plan.state.score == pytest.approx(plan.score())


def test_undo_restores_every_table() -> None:
    plan = board(chain(), CHAIN)
    before, score = plan.picture(), plan.state.score
    plan.move(KEMPE)
    plan.undo(score)
    assert plan.picture() == before


def test_a_meeting_that_shares_nothing_with_the_chain_stays() -> None:
    """Without r3, r1 and r2 are connected, and r4 is alone: either component moves."""
    plan = board(chain(), [CHAIN[0], CHAIN[1], CHAIN[3]])
    plan.move(KEMPE)
    assert plan.slots() in ({"r1": "s1", "r2": "s0", "r4": "s0"}, {"r1": "s0", "r2": "s1", "r4": "s1"})


def test_meetings_hang_together_by_the_last_seat_of_a_table() -> None:
    requests = [ask("r1", "ann", "bo"), ask("r2", "cai", "dee")]
    problem = make_problem(slots="2", requests=requests, places=[table("t1")])
    plan = board(problem, [meet("r1", "s0", "t1", "ann1 bo1"), meet("r2", "s1", "t1", "cai1 dee1")])
    plan.move(KEMPE)
    assert plan.slots() == {"r1": "s1", "r2": "s0"}


@pytest.mark.parametrize(
    "parts",
    [
        {"precedences": [("r1", "r2")]},
        {"frozen_until": "s1", "published": [CHAIN[0], CHAIN[3]]},
        {"requests": "long"},
    ],
    ids=["an order", "a locked meeting", "a long meeting"],
)
def test_a_chain_with_one_that_may_not_change_slots_is_left_alone(parts: Any) -> None:
    if parts.get("requests") == "long":
        requests = [ask("r1", "ann", "bo", length=2), ask("r2", "ann", "cai")]
        plan = board(chain(slots="3", requests=requests), [CHAIN[0], meet("r2", "s2", "t1", "ann1 cai1")])
    else:
        plan = board(chain(**parts), CHAIN)
    before = plan.picture()
    with pytest.raises(AssertionError, match="no move"):
        plan.move(KEMPE)
    assert plan.picture() == before
