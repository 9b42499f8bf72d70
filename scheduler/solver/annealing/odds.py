"""How often each kind of move is tried: other kinds win while a search is hot than once it is cold."""

from __future__ import annotations

import numpy as np

from scheduler.solver.annealing.anneal import UNHELD_IN
from scheduler.solver.compiled.kernels import Floats

# in the order of the kinds in `anneal`: REDRAW, GAP, HALLS, HELD, UNHELD_IN, KEMPE
HOT = (0.8, 0.25, 0.15, 0.2, 0.08, 0.3)
COLD = (0.8, 0.2, 0.05, 0.1, 0.15, 1.5)
"""That of UNHELD_IN is for a plan without a meeting: it falls with the share of what is not held."""


def odds_at(cooled: float, unheld: float) -> Floats:
    """The kinds' cumulated shares after this share of the cooling, with this share of requests not held.

    At 620 firms, a quarter of a hall change hot: of Kempe swaps, which cost least, one in 120 is kept;
    of chains fewer than one in 400, while the force of what is not held takes a third of the time.
    """
    cold = np.array(COLD)
    cold[UNHELD_IN] *= unheld
    odds = (1 - cooled) * np.array(HOT) / sum(HOT) + cooled * cold / cold.sum()
    cumulated: Floats = np.cumsum(odds)
    return cumulated
