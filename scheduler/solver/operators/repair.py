"""Ejection chains: what was ejected finds another place, by force if need be; what is dropped is replaced."""

from __future__ import annotations

from scheduler.solver.compiled.kernels import below, inlined, kernel
from scheduler.solver.instance.arrays import (
    FLOOR,
    RECEIVER,
    REQUEST0,
    REQUEST1,
    SENDER,
    SHORTFALL,
    Data,
)
from scheduler.solver.operators.ejection import force_cheaply
from scheduler.solver.state.delta import base_gain
from scheduler.solver.state.state import QUEUED, SLOT, State
from scheduler.solver.state.steps import insert_best

DEEPEST = 6
LOOKS = 12
TRIES = 2


@inlined
def _owed(d: Data, s: State, r: int) -> float:
    """What others can win back of a dropped request: the floors that its firms are below."""
    owed = 0.0
    for side in range(SENDER, RECEIVER + 1):
        f = d.req[r, side]
        if s.firm_count[f] < d.firm[f, FLOOR]:
            owed += d.factor[SHORTFALL]
    return owed


@inlined
def _hope(d: Data, s: State, done: int) -> float:
    """The most that the plan is worth once the queue is settled, and what was dropped of it replaced."""
    hope = s.score[0]
    for k in range(s.number[QUEUED]):
        r = s.queue[k]
        if k >= done:
            hope += base_gain(d, s, r)
        elif s.held[r, SLOT] < 0:
            hope += _owed(d, s, r)
    return hope


@kernel
def _replace(d: Data, s: State, r: int, heat: float, stamp: int) -> None:
    """Hold other requests of a dropped one's firms where that left room."""
    for side in range(SENDER, RECEIVER + 1):
        f = d.req[r, side]
        first = d.firm[f, REQUEST0]
        n = d.firm[f, REQUEST1] - first
        tries = 0
        for _ in range(LOOKS):
            q = d.firm_requests[first + below(s.rng, n)]
            if s.held[q, SLOT] >= 0 or q == r:
                continue
            tries += 1
            if insert_best(d, s, q, heat, 0.0):
                s.mark[q] = stamp
                break
            if tries == TRIES:
                break


@kernel
def settle(d: Data, s: State, heat: float, stamp: int, lowest: float) -> bool:
    """Find places for the queue; False when the score cannot reach `lowest`."""
    forced = 0
    done = 0
    while done < s.number[QUEUED]:
        if _hope(d, s, done) < lowest:
            return False
        r = s.queue[done]
        done += 1
        if insert_best(d, s, r, heat, 0.0):
            s.mark[r] = stamp
        elif done == s.number[QUEUED] and s.score[0] >= lowest:
            break
        elif forced < DEEPEST:
            forced += 1
            force_cheaply(d, s, r, stamp)
    for k in range(s.number[QUEUED]):
        if s.held[s.queue[k], SLOT] < 0:
            _replace(d, s, s.queue[k], heat, stamp)
    return True
