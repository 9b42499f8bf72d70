"""The first plan: heaviest requests first, each where it adds least idle time and walking."""

from __future__ import annotations

import numpy as np

from scheduler.solver.compiled.kernels import Ints, entry
from scheduler.solver.instance.arrays import LOCKED, MUST, OPTION0, OPTION1, PUBLISHED, SPREAD, Data
from scheduler.solver.state.spread import excess, refresh_logged
from scheduler.solver.state.state import LOGGED, SLOT, State
from scheduler.solver.state.steps import insert_best, undo


def construct(d: Data, s: State) -> None:
    """Insert every request that is not held, where one fits that gains."""
    spread = d.req[:, OPTION1] - d.req[:, OPTION0]
    order = np.lexsort((spread, -d.gain, -d.req[:, PUBLISHED], -d.req[:, LOCKED], -d.req[:, MUST]))
    insert_in_order(d, s, order.astype(np.int32))


def construct_compulsory(d: Data, s: State) -> None:
    """Insert the requests that have to be held where they are fixed."""
    insert_in_order(d, s, np.flatnonzero(d.req[:, MUST]).astype(np.int32))


@entry
def insert_in_order(d: Data, s: State, order: Ints) -> None:
    """Insert each request of `order` that is not held at its best place, if that gains."""
    s.number[LOGGED] = 0
    for k in range(order.shape[0]):
        r = order[k]
        if s.held[r, SLOT] < 0:
            score, before = s.score[0], excess(d, s)
            if insert_best(d, s, r, 0.0, 0.0) and d.rule[SPREAD] >= 0:
                refresh_logged(d, s, 1)
                if excess(d, s) > before:
                    undo(d, s, 0, score)
                    refresh_logged(d, s, 1)
            s.number[LOGGED] = 0
