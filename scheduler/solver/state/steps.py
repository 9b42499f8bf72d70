"""Steps of a search that can be taken back: hold, release, and undo to a point of the log."""

from __future__ import annotations

from scheduler.solver.compiled.kernels import inlined, kernel
from scheduler.solver.instance.arrays import Data
from scheduler.solver.state.delta import gain_of
from scheduler.solver.state.placement import IMPOSSIBLE, choose
from scheduler.solver.state.state import (
    CHOSEN_GROUP,
    CHOSEN_INTERPRETER,
    CHOSEN_OPTION,
    CHOSEN_SLOT,
    GROUP,
    INTERPRETER,
    LINKED,
    LOGGED,
    OPTION,
    REQUEST,
    SLOT,
    State,
    link,
    unlink,
)


@inlined
def _log(s: State, r: int, linked: int) -> None:
    row = s.number[LOGGED]
    s.log[row, REQUEST] = r
    s.log[row, LINKED] = linked
    s.log[row, SLOT] = s.held[r, SLOT]
    s.log[row, GROUP] = s.held[r, GROUP]
    s.log[row, OPTION] = s.held[r, OPTION]
    s.log[row, INTERPRETER] = s.held[r, INTERPRETER]
    s.number[LOGGED] = row + 1


@kernel
def hold(d: Data, s: State, r: int, t: int, g: int, o: int, i: int) -> float:
    """Hold a request that is not held; what it adds to the score."""
    gain = gain_of(d, s, r, t, g, o, i)
    link(d, s, r, t, g, o, i)
    _log(s, r, 1)
    s.score[0] += gain
    return gain


@kernel
def hold_chosen(d: Data, s: State, r: int, gain: float) -> None:
    """Hold a request where `choose` put it, for the gain that it gave."""
    c = s.number
    link(d, s, r, c[CHOSEN_SLOT], c[CHOSEN_GROUP], c[CHOSEN_OPTION], c[CHOSEN_INTERPRETER])
    _log(s, r, 1)
    s.score[0] += gain


@kernel
def release(d: Data, s: State, r: int) -> float:
    """Hold a request no longer; what it took from the score."""
    _log(s, r, 0)
    t, g, o, i = s.held[r, SLOT], s.held[r, GROUP], s.held[r, OPTION], s.held[r, INTERPRETER]
    unlink(d, s, r)
    gain = gain_of(d, s, r, t, g, o, i)
    s.score[0] -= gain
    return gain


@kernel
def undo(d: Data, s: State, mark: int, score: float) -> None:
    """Take back every step since `mark`; `score` is what the plan was worth then."""
    while s.number[LOGGED] > mark:
        row = s.number[LOGGED] - 1
        s.number[LOGGED] = row
        r = s.log[row, REQUEST]
        if s.log[row, LINKED]:
            unlink(d, s, r)
        else:
            link(d, s, r, s.log[row, SLOT], s.log[row, GROUP], s.log[row, OPTION], s.log[row, INTERPRETER])
    s.score[0] = score


@kernel
def insert_best(d: Data, s: State, r: int, heat: float, least: float) -> bool:
    """Hold request `r` at the place drawn, if that gains more than `least`."""
    gain = choose(d, s, r, heat)
    if gain == IMPOSSIBLE or gain <= least:
        return False
    hold_chosen(d, s, r, gain)
    return True
