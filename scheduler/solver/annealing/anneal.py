"""Simulated annealing: a stretch of moves at one temperature, each kept or undone as a whole."""

from __future__ import annotations

import math

from scheduler.solver.compiled.kernels import Floats, chance, entry, inlined
from scheduler.solver.instance.arrays import MAX_MOVED, SPREAD, Data
from scheduler.solver.operators.kempe import swap_slots
from scheduler.solver.operators.repair import settle
from scheduler.solver.operators.targets import fill_gap, force_held, force_unheld, join_halls, random_held
from scheduler.solver.state.placement import IMPOSSIBLE, choose
from scheduler.solver.state.spread import excess, refresh_logged
from scheduler.solver.state.state import CHANGED, LOGGED, QUEUED, STAMP, State
from scheduler.solver.state.steps import hold_chosen, release, undo

# kinds of move
REDRAW, GAP, HALLS, HELD, UNHELD_IN, KEMPE = range(6)
KINDS = 6


@inlined
def redraw(d: Data, s: State, heat: float) -> bool:
    """Draw a new place for a random meeting with Boltzmann's odds."""
    r = random_held(d, s)
    if r < 0:
        return False
    release(d, s, r)
    gain = choose(d, s, r, heat)
    if gain == IMPOSSIBLE or gain < heat * math.log(chance(s.rng)):
        return gain != IMPOSSIBLE
    hold_chosen(d, s, r, gain)
    return True


@inlined
def _step(d: Data, s: State, kind: int, heat: float, stamp: int) -> bool:
    if kind == REDRAW:
        return redraw(d, s, heat)
    if kind == GAP:
        return fill_gap(d, s, stamp)
    if kind == HALLS:
        return join_halls(d, s, stamp)
    if kind == HELD:
        return force_held(d, s, stamp)
    if kind == UNHELD_IN:
        return force_unheld(d, s, stamp)
    return swap_slots(d, s, stamp)


@entry
def anneal(d: Data, s: State, moves: int, heat: float, penalty: float, odds: Floats, tally: Floats) -> None:
    """Make a number of moves; `odds` are the kinds' cumulated shares, `penalty` the price of `excess`.

    `tally` gains, per kind, the moves tried, kept, and the score won by those that won.
    """
    limited = d.rule[SPREAD] >= 0
    apart = excess(d, s) if limited else 0
    for _ in range(moves):
        s.number[LOGGED] = 0
        s.number[QUEUED] = 0
        s.number[STAMP] += 1
        stamp = s.number[STAMP]
        score = s.score[0]
        changed = s.number[CHANGED]
        u = chance(s.rng)
        kind = 0
        while kind < KINDS - 1 and u >= odds[kind]:
            kind += 1
        tally[kind, 0] += 1
        lowest = score + heat * math.log(chance(s.rng))
        kept = _step(d, s, kind, heat, stamp)
        if kept and s.number[QUEUED] > 0:
            kept = settle(d, s, heat, stamp, lowest)
        if kept and kind != REDRAW:
            kept = s.score[0] >= lowest
        if kept and s.number[CHANGED] > d.rule[MAX_MOVED] and s.number[CHANGED] > changed:
            kept = False
        rows = s.number[LOGGED]
        after = 0
        if kept and limited:
            refresh_logged(d, s, rows)
            after = excess(d, s)
            kept = s.score[0] - penalty * after >= lowest - penalty * apart
        if not kept:
            undo(d, s, 0, score)
            if limited:
                refresh_logged(d, s, rows)
        else:
            apart = after
            tally[kind, 1] += 1
            if s.score[0] > score:
                tally[kind, 2] += s.score[0] - score
