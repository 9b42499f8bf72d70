"""Adding, removing and undoing: score changes equal the rules', and no state remains."""

from __future__ import annotations

import pytest

from scheduler.domain.problem import Problem
from scheduler.solver.annealing.anneal import KINDS
from tests.support.builders import ask, firm, interpreter, make_problem, meet, person, table
from tests.support.busy import busy_problem
from tests.support.moves import board


def three() -> Problem:
    """Ann meets Bo, Bo meets Cai with an interpreter, Ann meets Cai; two halls, caps and floors."""
    return make_problem(
        slots="4",
        requests=[
            ask("r1", "ann", "bo", weight=3),
            ask("r2", "bo", "cai", weight=2),
            ask("r3", "ann", "cai"),
        ],
        firms=[firm("ann", min_meetings=1), firm("bo"), firm("cai", max_per_day=2)],
        attendees=[person("a", "ann"), person("b", "bo", max_per_day=2), person("c", "cai", "zh")],
        interpreters=[interpreter("i")],
        places=[table("t1", "h1"), table("t2", "h2")],
        walking={("h1", "h2"): 0.0},
    )


def test_what_a_meeting_adds_is_what_the_rules_say_it_adds() -> None:
    plan = board(three())
    score = plan.score()
    for meeting in (
        meet("r1", "s0", "t1", "a b"),
        meet("r2", "s2", "t2", "b c", "i"),
        meet("r3", "s1", "t1", "a c", "i"),
    ):
        gain = plan.hold(meeting)
        assert plan.score() - score == pytest.approx(gain)
        score = plan.score()
        assert plan.state.score == pytest.approx(score)


def test_a_release_takes_what_the_meeting_added() -> None:
    plan = board(three(), [meet("r1", "s0", "t1", "a b"), meet("r2", "s2", "t2", "b c", "i")])
    gain = plan.release("r2")
    assert gain == pytest.approx(plan.hold(meet("r2", "s2", "t2", "b c", "i")))


def test_undo_restores_every_table() -> None:
    plan = board(three(), [meet("r1", "s0", "t1", "a b"), meet("r2", "s2", "t2", "b c", "i")])
    before, score = plan.picture(), plan.state.score
    plan.begin()
    plan.release("r1")
    plan.hold(meet("r3", "s0", "t2", "a c", "i"))
    plan.release("r2")
    plan.hold(meet("r1", "s3", "t1", "a b"))
    assert plan.slots() == {"r3": "s0", "r1": "s3"}
    plan.undo(score)
    assert plan.picture() == before


@pytest.mark.parametrize("kind", range(KINDS))
def test_undo_restores_every_table_after_any_kind_of_move(kind: int) -> None:
    """On a full plan, with caps, walks, interpreters and precedences."""
    from scheduler.solver.plans.start import build_start_state

    problem = busy_problem()
    plan = board(problem)
    plan.state = build_start_state(plan.flat, None, kind)
    before, score = plan.picture(), plan.state.score
    for _ in range(50):
        plan.move(kind, temperature=20.0)
        plan.repair(20.0)
        plan.undo(score)
        assert plan.picture() == before
