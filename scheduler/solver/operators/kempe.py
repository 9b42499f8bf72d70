"""Kempe chains: the meetings of two slots change places as far as they hang together by people and places."""

from __future__ import annotations

from scheduler.solver.compiled.kernels import below, bit, inlined, kernel
from scheduler.solver.instance.arrays import (
    FIRST,
    HALL,
    LAST,
    LENGTH,
    PEOPLE0,
    PEOPLE1,
    ROW,
    SEATS,
    Data,
)
from scheduler.solver.operators.ejection import may_move, random_start
from scheduler.solver.operators.targets import beside_hall, random_held, random_member
from scheduler.solver.state.delta import fits
from scheduler.solver.state.state import GROUP, INTERPRETER, LOGGED, OPTION, QUEUED, SLOT, State
from scheduler.solver.state.steps import hold, release

LONGEST = 24


@inlined
def _join(d: Data, s: State, r: int, stamp: int) -> bool:
    """Add a meeting to the chain; whether it may be part of one."""
    if s.mark[r] == stamp:
        return True
    n = s.number[QUEUED]
    if n >= LONGEST or d.req[r, LENGTH] != 1 or not may_move(d, r):
        return False
    s.mark[r] = stamp
    s.queue[n] = r
    s.number[QUEUED] = n + 1
    return True


@inlined
def _join_person(d: Data, s: State, p: int, t: int, stamp: int) -> bool:
    if not (d.avail[p, t >> 6] & bit(t)):
        return False
    return s.at[p, t] < 0 or _join(d, s, s.at[p, t], stamp)


@inlined
def _join_place(d: Data, s: State, g: int, t: int, stamp: int) -> bool:
    """Take one meeting of a full group along, unless one of the chain leaves it already."""
    if s.room[g, t] > 0:
        return True
    if d.seats[g, t] == 0:
        return False
    row = d.group[g, ROW] + t * d.group[g, SEATS]
    if d.seats[g, t] > 1:
        for k in range(d.seats[g, t]):
            if s.mark[s.seated[row + k]] == stamp:
                return True
    return _join(d, s, s.seated[row + below(s.rng, d.seats[g, t])], stamp)


@inlined
def _gather(d: Data, s: State, first: int, second: int, stamp: int) -> bool:
    """Follow the chain from the queue's first meeting to its end."""
    k = 0
    while k < s.number[QUEUED]:
        r = s.queue[k]
        k += 1
        goal = second if s.held[r, SLOT] == first else first
        o = s.held[r, OPTION]
        for j in range(d.option[o, PEOPLE0], d.option[o, PEOPLE1]):
            if not _join_person(d, s, d.option_people[j], goal, stamp):
                return False
        i = s.held[r, INTERPRETER]
        if i >= 0 and not _join_person(d, s, i, goal, stamp):
            return False
        if not _join_place(d, s, s.held[r, GROUP], goal, stamp):
            return False
    return True


@inlined
def other_slot(d: Data, s: State, r: int) -> int:
    """A slot to swap with: beside a meeting in the same hall, on the same day, or any; or -1."""
    t = s.held[r, SLOT]
    kind = below(s.rng, 4)
    if kind == 0:
        return d.slot[t, FIRST] + below(s.rng, d.slot[t, LAST] - d.slot[t, FIRST] + 1)
    if kind == 1:
        return random_start(d, s, r, s.held[r, OPTION])
    return beside_hall(d, s, r, random_member(d, s, r), d.group[s.held[r, GROUP], HALL])


@kernel
def swap_slots(d: Data, s: State, stamp: int) -> bool:
    """Swap a random meeting's slot with another along its Kempe chain; False: undo what was done."""
    r = random_held(d, s)
    if r < 0 or d.req[r, LENGTH] != 1:
        return False
    first = s.held[r, SLOT]
    second = other_slot(d, s, r)
    if second < 0 or second == first:
        return False
    s.number[QUEUED] = 0
    if not _join(d, s, r, stamp) or not _gather(d, s, first, second, stamp):
        return False
    n = s.number[QUEUED]
    row = s.number[LOGGED]
    for k in range(n):
        release(d, s, s.queue[k])
    for k in range(n):
        old = s.log[row + k]
        goal = second if old[SLOT] == first else first
        r = s.queue[k]
        if not fits(d, s, r, goal, old[GROUP], old[OPTION], old[INTERPRETER]):
            return False
        hold(d, s, r, goal, old[GROUP], old[OPTION], old[INTERPRETER])
    s.number[QUEUED] = 0
    return True
