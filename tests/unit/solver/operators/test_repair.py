"""Ejection chains: a meeting dropped for a better one is replaced in the same chain."""

from __future__ import annotations

import numpy as np

from scheduler.solver.annealing.anneal import KINDS, UNHELD_IN, anneal
from scheduler.solver.instance.arrays import flatten
from scheduler.solver.state.columns import held
from scheduler.solver.state.loading import load, loading_order, table_of
from scheduler.solver.state.state import new_state
from tests.support.builders import ask, firm, make_problem, meet

COLD = 1e-6


def test_a_swap_that_costs_a_floor_is_made_when_the_partner_can_be_held_by_another() -> None:
    """The hub can meet A or B. A's floor of 1 outweighs any swap, unless A meets C instead."""
    problem = make_problem(
        slots="1",
        firms=[firm("a", min_meetings=1)],
        requests=[
            ask("hub-a", "hub", "a", weight=12),
            ask("hub-b", "hub", "b", weight=12),
            ask("a-c", "a", "c", weight=5),
        ],
    )
    flat = flatten(problem)
    state = new_state(flat.data, 1)
    start = table_of(flat, [meet("hub-a", "s0", "t1", "hub1 a1")])
    load(flat.data, state, start, loading_order(flat.data))

    odds = np.cumsum(np.arange(KINDS) == UNHELD_IN).astype(float)
    anneal(flat.data, state, 200, COLD, 0.0, odds, np.zeros((KINDS, 3)))

    assert (state.held[:, held.SLOT] >= 0).tolist() == [False, True, True]
