"""Steps of a search that can be taken back: hold, release, and undo to a point of the log."""

from __future__ import annotations

from scheduler.solver.compiled.kernels import inlined, kernel
from scheduler.solver.instance.arrays import Data
from scheduler.solver.state.columns import held, log
from scheduler.solver.state.delta import gain_of
from scheduler.solver.state.placement import IMPOSSIBLE, choose
from scheduler.solver.state.state import (
    State,
    link,
    place_of,
    unlink,
)


@inlined
def _log(state: State, request: int, linked: int) -> None:
    row = state.logged
    state.log[row, log.REQUEST] = request
    state.log[row, log.LINKED] = linked
    state.log[row, log.SLOT] = state.held[request, held.SLOT]
    state.log[row, log.GROUP] = state.held[request, held.GROUP]
    state.log[row, log.OPTION] = state.held[request, held.OPTION]
    state.log[row, log.INTERPRETER] = state.held[request, held.INTERPRETER]
    state.logged = row + 1


@kernel
def hold(
    data: Data, state: State, request: int, start: int, group: int, option: int, interpreter: int
) -> float:
    """Hold a request that is not held; what it adds to the score."""
    gain = gain_of(data, state, request, start, group, option, interpreter)
    link(data, state, request, start, group, option, interpreter)
    _log(state, request, 1)
    state.score += gain
    return gain


@kernel
def hold_chosen(data: Data, state: State, request: int, gain: float) -> None:
    """Hold a request where `choose` put it, for the gain that it gave."""
    start, group = state.chosen_slot, state.chosen_group
    link(data, state, request, start, group, state.chosen_option, state.chosen_interpreter)
    _log(state, request, 1)
    state.score += gain


@kernel
def release(data: Data, state: State, request: int) -> float:
    """Hold a request no longer; what it took from the score."""
    _log(state, request, 0)
    start, group, option, interpreter = place_of(state, request)
    unlink(data, state, request)
    gain = gain_of(data, state, request, start, group, option, interpreter)
    state.score -= gain
    return gain


@kernel
def undo(data: Data, state: State, mark: int, score: float) -> None:
    """Take back every step since `mark`; `score` is what the plan was worth then."""
    while state.logged > mark:
        row = state.logged - 1
        state.logged = row
        request = state.log[row, log.REQUEST]
        if state.log[row, log.LINKED]:
            unlink(data, state, request)
        else:
            link(
                data,
                state,
                request,
                state.log[row, log.SLOT],
                state.log[row, log.GROUP],
                state.log[row, log.OPTION],
                state.log[row, log.INTERPRETER],
            )
    state.score = score


@kernel
def insert_best(data: Data, state: State, request: int, temperature: float, least: float) -> bool:
    """Hold `request` at the place drawn, if that gains more than `least`."""
    gain = choose(data, state, request, temperature)
    if gain == IMPOSSIBLE or gain <= least:
        return False
    hold_chosen(data, state, request, gain)
    return True
