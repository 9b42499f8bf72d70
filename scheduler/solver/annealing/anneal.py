"""Simulated annealing: a stretch of moves at one temperature, each kept or undone as a whole."""

from __future__ import annotations

import math

from scheduler.solver.compiled.kernels import Floats, entry, inlined, random_unit
from scheduler.solver.instance.arrays import Data
from scheduler.solver.instance.columns import rules
from scheduler.solver.operators.draws import random_held
from scheduler.solver.operators.kempe import swap_slots
from scheduler.solver.operators.repair import repair
from scheduler.solver.operators.targets import fill_gap, insert_unscheduled, join_halls, move_held
from scheduler.solver.state.placement import IMPOSSIBLE, choose_place
from scheduler.solver.state.spread import excess, refresh_logged
from scheduler.solver.state.state import State
from scheduler.solver.state.steps import hold_chosen, release, undo

# Kinds of move, in the order of their odds in `annealing/odds`.
REDRAW, GAP, HALLS, HELD, UNHELD_IN, KEMPE = range(6)
KINDS = 6


@inlined
def redraw(data: Data, state: State, temperature: float) -> bool:
    """Draw a new place for a random meeting by the odds of Boltzmann. It may stay out.

    The draw is from its conditional distribution: a heat bath (Geman and Geman 1984,
    doi:10.1109/TPAMI.1984.4767596), which needs no test of acceptance. Logs two rows at most. False if
    there is nothing to draw.
    """
    request = random_held(data, state)
    if request < 0:
        return False
    release(data, state, request)
    gain = choose_place(data, state, request, temperature)
    if gain == IMPOSSIBLE or gain < temperature * math.log(random_unit(state.rng)):
        return gain != IMPOSSIBLE
    hold_chosen(data, state, request, gain)
    return True


@inlined
def make_move(data: Data, state: State, kind: int, temperature: float, stamp: int) -> bool:
    """Make a move of a kind, at `temperature`. What it does is logged. False if it is to be undone."""
    if kind == REDRAW:
        return redraw(data, state, temperature)
    if kind == GAP:
        return fill_gap(data, state, stamp)
    if kind == HALLS:
        return join_halls(data, state, stamp)
    if kind == HELD:
        return move_held(data, state, stamp)
    if kind == UNHELD_IN:
        return insert_unscheduled(data, state, stamp)
    return swap_slots(data, state, stamp)


@entry
def anneal(
    data: Data, state: State, moves: int, temperature: float, penalty: float, odds: Floats, tally: Floats
) -> None:
    """Make a number of moves at one temperature, each kept or undone as a whole.

    Simulated annealing (Kirkpatrick, Gelatt and Vecchi 1983, doi:10.1126/science.220.4598.671) with the
    rule of Metropolis: a threshold is drawn before the move, and the score has to reach it. A change of
    the plan beyond `max_moved` is undone, too. `odds` are the kinds' cumulated shares, `penalty` the
    price of `excess`. `tally` gains, per kind, the moves tried, kept, and the score won by those that
    won. The idle figures have to be counted.
    """
    limited = data.rules[rules.SPREAD] >= 0
    apart = excess(data, state) if limited else 0
    for _ in range(moves):
        state.logged = 0
        state.queued = 0
        state.stamp += 1
        stamp = state.stamp
        score = state.score
        changed = state.changed
        share = random_unit(state.rng)
        kind = 0
        while kind < KINDS - 1 and share >= odds[kind]:
            kind += 1
        tally[kind, 0] += 1
        lowest = score + temperature * math.log(random_unit(state.rng))
        kept = make_move(data, state, kind, temperature, stamp)
        if kept and state.queued > 0:
            kept = repair(data, state, temperature, stamp, lowest)
        if kept and kind != REDRAW:
            kept = state.score >= lowest
        if kept and state.changed > data.rules[rules.MAX_MOVED] and state.changed > changed:
            kept = False
        rows = state.logged
        after = 0
        if kept and limited:
            refresh_logged(data, state, rows)
            after = excess(data, state)
            kept = state.score - penalty * after >= lowest - penalty * apart
        if not kept:
            undo(data, state, 0, score)
            if limited:
                refresh_logged(data, state, rows)
        else:
            apart = after
            tally[kind, 1] += 1
            if state.score > score:
                tally[kind, 2] += state.score - score
