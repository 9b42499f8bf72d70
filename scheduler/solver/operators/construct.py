"""The first plan: heaviest requests first, each where it adds least idle time and walking."""

from __future__ import annotations

import numpy as np

from scheduler.solver.compiled.kernels import Int32s, entry
from scheduler.solver.instance.arrays import Data
from scheduler.solver.instance.columns import requests, rules
from scheduler.solver.state.columns import held
from scheduler.solver.state.spread import excess, refresh_logged
from scheduler.solver.state.state import State
from scheduler.solver.state.steps import insert_best, undo


def construct(data: Data, state: State) -> None:
    """Insert every request that is not held, where one fits that gains."""
    choices = data.requests[:, requests.OPTIONS_END] - data.requests[:, requests.OPTIONS_BEGIN]
    order = np.lexsort(
        (
            choices,
            -data.gain,
            -data.requests[:, requests.PUBLISHED],
            -data.requests[:, requests.LOCKED],
            -data.requests[:, requests.MUST],
        )
    )
    insert_in_order(data, state, order.astype(np.int32))


def construct_compulsory(data: Data, state: State) -> None:
    """Insert the requests that have to be held where they are fixed."""
    insert_in_order(data, state, np.flatnonzero(data.requests[:, requests.MUST]).astype(np.int32))


@entry
def insert_in_order(data: Data, state: State, order: Int32s) -> None:
    """Insert each request of `order` that is not held at its best place, if that gains.

    One that brings idle figures further beyond the limit of H12 is taken out again. The log is empty
    afterwards.
    """
    state.logged = 0
    for k in range(order.shape[0]):
        request = order[k]
        if state.held[request, held.SLOT] < 0:
            score, before = state.score, excess(data, state)
            if insert_best(data, state, request, 0.0, 0.0) and data.rules[rules.SPREAD] >= 0:
                refresh_logged(data, state, 1)
                if excess(data, state) > before:
                    undo(data, state, 0, score)
                    refresh_logged(data, state, 1)
            state.logged = 0
