"""Targeted moves: filling an idle slot, and joining the meetings of one hall."""

from __future__ import annotations

import pytest

from scheduler.domain.problem import Problem
from scheduler.solver.annealing.anneal import GAP, HALLS
from tests.support.builders import ask, booth, make_problem, meet, table
from tests.support.moves import board


def gap() -> Problem:
    requests = [ask("r1", "ann", "bo"), ask("r2", "ann", "cai"), ask("r3", "ann", "dee")]
    return make_problem(slots="4", requests=requests)


GAP_PLAN = [
    meet("r1", "s0", "t1", "ann1 bo1"),
    meet("r2", "s2", "t1", "ann1 cai1"),
    meet("r3", "s3", "t1", "ann1 dee1"),
]
"""Ann is idle in s1."""


def test_a_meeting_of_the_person_is_pulled_into_the_idle_slot() -> None:
    plan = board(gap(), GAP_PLAN)
    before, score = plan.picture(), plan.state.score
    idle = float(plan.flat.problem.policy.factors["idle"])
    gains = set()
    for _ in range(30):
        gain = plan.move(GAP)
        assert "s1" in plan.slots().values()
        assert plan.state.score == pytest.approx(plan.score())
        gains.add(round(gain, 6))
        plan.undo(score)
        assert plan.picture() == before
    assert idle in gains


def test_a_request_that_is_not_held_may_fill_it() -> None:
    plan = board(gap(), GAP_PLAN[:2])
    score = plan.state.score
    filled = set()
    for _ in range(30):
        plan.move(GAP)
        filled |= {request for request, slot in plan.slots().items() if slot == "s1"}
        plan.undo(score)
    assert filled == {"r1", "r2", "r3"}


def halls() -> Problem:
    """Cai wants to meet at her own booth, in the other hall."""
    requests = [ask("r1", "ann", "bo"), ask("r2", "ann", "cai", place="booth"), ask("r3", "ann", "dee")]
    return make_problem(slots="3", requests=requests, places=[table("t1", "h1"), booth("b2", "cai", "h2")])


HALLS_PLAN = [
    meet("r1", "s0", "t1", "ann1 bo1"),
    meet("r2", "s1", "b2", "ann1 cai1"),
    meet("r3", "s2", "t1", "ann1 dee1"),
]
"""Ann changes halls twice."""


def test_a_meeting_is_moved_next_to_another_one_in_its_hall() -> None:
    plan = board(halls(), HALLS_PLAN)
    before, score = plan.picture(), plan.state.score
    for _ in range(20):
        plan.move(HALLS)
        assert plan.slots() in ({"r1": "s0", "r3": "s1"}, {"r1": "s1", "r3": "s2"})
        assert plan.queue() == ["r2"]
        assert plan.state.score == pytest.approx(plan.score())
        plan.undo(score)
        assert plan.picture() == before


def test_after_the_repair_one_hall_change_is_left() -> None:
    plan = board(halls(), HALLS_PLAN)
    score = plan.state.score
    plan.move(HALLS)
    assert plan.repair()
    assert len(plan.slots()) == 3
    assert plan.state.score - score == pytest.approx(float(plan.flat.problem.policy.factors["hall_change"]))
