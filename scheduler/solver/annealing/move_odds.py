"""The odds of the kinds of moves: other kinds win at a high temperature than at a low one."""

from __future__ import annotations

import numpy as np

from scheduler.solver.annealing.anneal import UNHELD_IN
from scheduler.solver.compiled.kernels import Floats

# in the order of the kinds in `anneal`: REDRAW, GAP, HALLS, HELD, UNHELD_IN, KEMPE
HOT = (0.8, 0.25, 0.15, 0.2, 0.16, 0.3)
COLD = (0.8, 0.2, 0.05, 0.1, 0.3, 1.5)
"""The odds of UNHELD_IN are for a plan without a meeting. They fall with the share of requests not held."""


def cumulative_move_odds(cooled: float, unscheduled: float) -> Floats:
    """The kinds' cumulated shares after this share of the cooling, with this share of requests not held.

    Measured at 620 firms and a temperature of a quarter of a hall change: of Kempe swaps, which cost least,
    one in 120 is kept. Of ejection chains fewer than one in 400 are kept. The insertion of an unheld request
    costs most.
    """
    cold = np.array(COLD)
    cold[UNHELD_IN] *= unscheduled
    odds = (1 - cooled) * np.array(HOT) / sum(HOT) + cooled * cold / cold.sum()
    cumulated: Floats = np.cumsum(odds)
    return cumulated
