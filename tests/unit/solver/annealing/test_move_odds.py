"""The probability of each kind of move in a hot and in a cold search."""

from __future__ import annotations

import numpy as np
import pytest

from scheduler.solver.annealing.anneal import GAP, HALLS, HELD, KEMPE, KINDS, REDRAW, UNHELD_IN
from scheduler.solver.annealing.move_odds import cumulative_move_odds
from scheduler.solver.annealing.temperature import LOOSE_SHARE, NO_LIMIT, cooling_progress


def shares(cooled_share: float, unscheduled: float = 0.2) -> dict[int, float]:
    """Return the share of each kind."""
    return dict(enumerate(np.diff(cumulative_move_odds(cooled_share, unscheduled), prepend=0.0)))


@pytest.mark.parametrize("share", [0.0, 0.39, 0.5, 0.61, 1.0])
@pytest.mark.parametrize("unscheduled", [0.0, 0.3, 1.0])
def test_the_odds_of_all_kinds_are_one(share: float, unscheduled: float) -> None:
    found = shares(share, unscheduled)
    assert len(found) == KINDS
    assert min(found.values()) >= 0
    assert sum(found.values()) == pytest.approx(1.0)


def test_a_cold_search_swaps_slots_where_a_hot_one_forces_chains() -> None:
    hot, cold = shares(0.0), shares(1.0)
    assert cold[KEMPE] > 3 * hot[KEMPE]
    assert all(cold[kind] < hot[kind] / 1.5 for kind in (GAP, HALLS, HELD, UNHELD_IN))
    assert cold[REDRAW] > 0.25


def test_the_odds_turn_evenly_from_hot_to_cold() -> None:
    for kind in range(KINDS):
        assert shares(0.25)[kind] == pytest.approx(0.75 * shares(0.0)[kind] + 0.25 * shares(1.0)[kind])


def test_a_cold_search_forces_in_more_where_more_is_not_held() -> None:
    found = [shares(1.0, unscheduled)[UNHELD_IN] for unscheduled in (0.0, 0.2, 0.6)]
    assert found[0] == 0
    assert found[0] < found[1] < found[2]


def test_each_of_the_two_coolings_of_an_idle_limit_begins_hot_and_ends_cold() -> None:
    begins = [cooling_progress(share, 1) for share in (0.0, LOOSE_SHARE)]
    ends = [cooling_progress(share, 1) for share in (LOOSE_SHARE - 1e-9, 1.0)]
    assert begins == [0.0, 0.0]
    assert ends == pytest.approx([1.0, 1.0])
    assert cooling_progress(0.3, NO_LIMIT) == 0.3
