"""Spread repair: ends of days with a gap are dropped until idle figures are close enough."""

from __future__ import annotations

from typing import Any

import pytest

from scheduler.domain.problem import Problem
from scheduler.solver.operators.spread_repair import repair_spread
from scheduler.solver.state.spread import excess_of
from tests.support.builders import ask, firm, make_problem, meet
from tests.support.moves import board

PLAN = [
    meet("r1", "s0", "t1", "ann1 bo1"),
    meet("r2", "s1", "t1", "ann1 dee1"),
    meet("r3", "s3", "t1", "bo1 cai1"),
]
"""As in docs/solver.md: Bo is idle for two slots, no one else for any."""


def problem(**parts: Any) -> Problem:
    requests = [ask("r1", "ann", "bo", weight=3), ask("r2", "ann", "dee"), ask("r3", "bo", "cai")]
    return make_problem(**{"slots": "4", "requests": requests, "max_idle_spread": 1, **parts})


def repaired(**parts: Any) -> dict[str, str]:
    plan = board(problem(**parts), PLAN)
    repair_spread(plan.flat.data, plan.state)
    if excess_of(plan.flat.data, plan.state) == 0:
        assert plan.state.score == pytest.approx(plan.score())
    return plan.slots()


def test_the_end_that_costs_least_is_dropped() -> None:
    assert repaired() == {"r1": "s0", "r2": "s1"}


def test_nothing_is_dropped_within_the_limit() -> None:
    assert len(repaired(max_idle_spread=2)) == 3


def test_what_has_to_be_held_stays() -> None:
    requests = [
        ask("r1", "ann", "bo", weight=3, fixed={"slot": "s0", "place": "t1", "must": True}),
        ask("r2", "ann", "dee"),
        ask("r3", "bo", "cai", fixed={"slot": "s3", "place": "t1", "must": True}),
    ]
    assert len(repaired(requests=requests)) == 3


def test_a_floor_decides_which_end_is_dropped() -> None:
    """Cai's floor makes r3 worth more than r1."""
    assert repaired(firms=[firm("cai", min_meetings=1)]) == {"r2": "s1", "r3": "s3"}
