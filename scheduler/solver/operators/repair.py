"""Repair after an ejection: place the ejected meetings elsewhere, and replace those that are dropped."""

from __future__ import annotations

from scheduler.solver.compiled.kernels import inlined, kernel, random_below
from scheduler.solver.instance.arrays import Data
from scheduler.solver.instance.columns import firms, requests
from scheduler.solver.instance.ranges import worth_of
from scheduler.solver.operators.draws import DRAW_ATTEMPTS, has_start
from scheduler.solver.operators.ejection import insert_by_cheapest_ejection
from scheduler.solver.state.columns import held
from scheduler.solver.state.delta import base_gain, max_group_gain
from scheduler.solver.state.sizes import MAX_DEPTH
from scheduler.solver.state.state import State
from scheduler.solver.state.steps import insert_best

MAX_TRIES = 2


@inlined
def _recoverable(data: Data, state: State, request: int) -> float:
    """What other requests can win back of a dropped one: its firms' floors, fair shares and groups."""
    recoverable = max_group_gain(data, request)
    for side in range(requests.SENDER, requests.RECEIVER + 1):
        firm = data.requests[request, side]
        recoverable += data.firm_worth[worth_of(data, firm, state.firm_count[firm])]
    return recoverable


@inlined
def _optimistic_score(data: Data, state: State, done: int) -> float:
    """An optimistic score after the repair: the rest of the queue is held, and the dropped are replaced."""
    estimate = state.score
    for k in range(state.queued):
        request = state.queue[k]
        if k >= done:
            estimate += base_gain(data, state, request)
        elif state.held[request, held.SLOT] < 0:
            estimate += _recoverable(data, state, request)
    return estimate


@kernel
def _replace(data: Data, state: State, request: int, temperature: float, stamp: int) -> None:
    """Replace a dropped request: hold at most one other request of each of its firms.

    Looks at a few random requests, and takes the first that gains.
    """
    for side in range(requests.SENDER, requests.RECEIVER + 1):
        firm = data.requests[request, side]
        first = data.firms[firm, firms.REQUESTS_BEGIN]
        n = data.firms[firm, firms.REQUESTS_END] - first
        tries = 0
        for _ in range(DRAW_ATTEMPTS):
            other = data.firm_requests[first + random_below(state.rng, n)]
            if state.held[other, held.SLOT] >= 0 or other == request or not has_start(data, other):
                continue
            tries += 1
            if insert_best(data, state, other, temperature, 0.0):
                state.mark[other] = stamp
                break
            if tries == MAX_TRIES:
                break


@kernel
def repair(data: Data, state: State, temperature: float, stamp: int, lowest: float) -> bool:
    """Repair: place the queued meetings, in their order. False when the score cannot reach `lowest` any more.

    The end of an ejection chain (Glover 1996, doi:10.1016/0166-218X(94)00037-E). Each meeting is inserted
    where that gains. One that fits nowhere may be inserted by ejection, which queues others. Those that stay
    out may be replaced. All is logged and marked. The caller undoes it if False, or if the score is too low.
    """
    ejections = 0
    done = 0
    while done < state.queued:
        if _optimistic_score(data, state, done) < lowest:
            return False
        request = state.queue[done]
        done += 1
        if insert_best(data, state, request, temperature, 0.0):
            state.mark[request] = stamp
        elif done == state.queued and state.score >= lowest:
            break
        elif ejections < MAX_DEPTH:
            ejections += 1
            insert_by_cheapest_ejection(data, state, request, stamp)
    for k in range(state.queued):
        if state.held[state.queue[k], held.SLOT] < 0:
            _replace(data, state, state.queue[k], temperature, stamp)
    return True
