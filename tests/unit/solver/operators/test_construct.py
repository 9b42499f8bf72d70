"""The initial plan: heaviest first, each at its best place, and only gains."""

from __future__ import annotations

import pytest

from scheduler.solver.operators.construct import construct
from tests.support.builders import ask, make_problem, meet
from tests.support.moves import board


def test_of_two_that_want_the_only_slot_the_heavier_one_is_held() -> None:
    requests = [ask("r1", "ann", "bo"), ask("r2", "ann", "cai", weight=2)]
    plan = board(make_problem(slots="1", requests=requests))
    construct(plan.flat.data, plan.state)
    assert plan.slots() == {"r2": "s0"}
    assert plan.state.score == pytest.approx(plan.score())


def test_what_is_held_stays_and_the_rest_closes_up_with_it() -> None:
    requests = [ask("r1", "ann", "bo"), ask("r2", "ann", "cai", weight=9), ask("r3", "ann", "dee")]
    plan = board(make_problem(slots="3", requests=requests), [meet("r1", "s1", "t1", "ann1 bo1")])
    construct(plan.flat.data, plan.state)
    assert plan.slots()["r1"] == "s1"
    assert set(plan.slots().values()) == {"s0", "s1", "s2"}
    assert plan.state.logged == 0


def test_a_request_that_costs_more_than_it_is_worth_is_left_out() -> None:
    requests = [ask("r1", "ann", "bo"), ask("r2", "ann", "cai", slots=["s3"])]
    factors = {"served": 1, "idle": 10}
    problem = make_problem(slots="4", requests=requests, factors=factors)
    plan = board(problem, [meet("r1", "s0", "t1", "ann1 bo1")])
    construct(plan.flat.data, plan.state)
    assert plan.slots() == {"r1": "s0"}


def test_what_would_break_the_idle_limit_is_taken_out_again() -> None:
    requests = [ask("r1", "ann", "bo"), ask("r2", "ann", "cai", slots=["s3"])]
    problem = make_problem(slots="4", requests=requests, max_idle_spread=1)
    plan = board(problem, [meet("r1", "s0", "t1", "ann1 bo1")])
    construct(plan.flat.data, plan.state)
    assert plan.slots() == {"r1": "s0"}
