"""The choice of a place: the best when cold, by Boltzmann's odds when warm, none if none is free."""

from __future__ import annotations

import math
from collections import Counter

import pytest

from scheduler.domain.problem import Problem
from scheduler.solver.state.placement import IMPOSSIBLE
from tests.support.builders import ask, make_problem, meet, table
from tests.support.moves import board

IDLE = 10
"""The default cost of an idle slot."""


def three(**parts: object) -> Problem:
    """Ann meets Bo; Ann can also meet Cai, in four slots."""
    return make_problem(
        **{"slots": "4", "requests": [ask("r1", "ann", "bo"), ask("r2", "ann", "cai")], **parts}
    )


def test_the_best_place_closes_up_with_the_meeting_that_is_there() -> None:
    plan = board(three(), [meet("r1", "s1", "t1", "ann1 bo1")])
    gain, slot, _ = plan.choose("r2")
    assert slot in {"s0", "s2"}
    assert gain == pytest.approx(plan.flat.data.gain[1])


def test_a_place_in_another_hall_costs_a_hall_change_and_is_chosen_only_if_the_other_is_full() -> None:
    places = [table("t1", "h1"), table("t2", "h2")]
    plan = board(three(places=places, slots="2"), [meet("r1", "s0", "t1", "ann1 bo1")])
    assert plan.choose("r2")[1:] == ("s1", "t1")
    full = three(places=[table("t1", "h1", unavailable="s1"), table("t2", "h2")], slots="2")
    plan = board(full, [meet("r1", "s0", "t1", "ann1 bo1")])
    gain, slot, place = plan.choose("r2")
    assert (slot, place) == ("s1", "t2")
    assert gain < plan.flat.data.gain[1]


def test_there_is_no_place_where_somebody_is_busy_all_the_time() -> None:
    plan = board(three(slots="1"), [meet("r1", "s0", "t1", "ann1 bo1")])
    assert plan.choose("r2")[0] == IMPOSSIBLE


def test_a_warm_draw_takes_places_by_the_odds_of_boltzmann() -> None:
    """Two places are adjacent; one leaves an idle slot, which costs 10: exp(-10 / 10) at temperature 10."""
    plan = board(three(), [meet("r1", "s1", "t1", "ann1 bo1")])
    times = 20_000
    found = Counter(plan.choose("r2", temperature=IDLE)[1] for _ in range(times))
    total = 2 + math.exp(-1)
    expected = {"s0": 1 / total, "s2": 1 / total, "s3": math.exp(-1) / total}
    assert set(found) == set(expected)
    for slot, odds in expected.items():
        assert found[slot] / times == pytest.approx(odds, abs=0.02)
