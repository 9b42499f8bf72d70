"""Steps of a search that can be taken back: hold, release, and undo to a point of the log."""

from __future__ import annotations

from scheduler.solver.compiled.kernels import inlined, kernel
from scheduler.solver.instance.arrays import Data
from scheduler.solver.state.columns import held, log
from scheduler.solver.state.delta import insertion_gain
from scheduler.solver.state.linking import link, place_of, unlink
from scheduler.solver.state.placement import IMPOSSIBLE, choose_place
from scheduler.solver.state.state import State


@inlined
def _log(state: State, request: int, linked: int) -> None:
    """Write a step into the log: before `unlink`, or after `link`."""
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
    """Hold `request`, which is not held, and log it. Returns what that adds to the score.

    Needs a place that `fits`.
    """
    gain = insertion_gain(data, state, request, start, group, option, interpreter)
    link(data, state, request, start, group, option, interpreter)
    _log(state, request, 1)
    state.score += gain
    return gain


@kernel
def hold_chosen(data: Data, state: State, request: int, gain: float) -> None:
    """Hold `request` where `choose` put it, and log it. `gain` is what `choose` returned.

    Nothing may have been held or released since.
    """
    start, group = state.chosen_slot, state.chosen_group
    link(data, state, request, start, group, state.chosen_option, state.chosen_interpreter)
    _log(state, request, 1)
    state.score += gain


@kernel
def release(data: Data, state: State, request: int) -> float:
    """Hold `request`, which is held, no longer, and log it. Returns what that takes from the score."""
    _log(state, request, 0)
    start, group, option, interpreter = place_of(state, request)
    unlink(data, state, request)
    gain = insertion_gain(data, state, request, start, group, option, interpreter)
    state.score -= gain
    return gain


@kernel
def undo(data: Data, state: State, mark: int, score: float) -> None:
    """Take back the steps of the log beyond its first `mark` rows, the last one first.

    The score is set to `score`, what the plan was worth then, so that it gathers no rounding. Idle
    figures are not counted again, and `queue`, `victims` and `mark` stay as they are: the next move
    starts them anew.
    """
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
    """Hold `request`, which is not held, at the place that `choose` draws, if that gains more than `least`.

    Logs one row if it is held. Returns whether it is.
    """
    gain = choose_place(data, state, request, temperature)
    if gain == IMPOSSIBLE or gain <= least:
        return False
    hold_chosen(data, state, request, gain)
    return True
