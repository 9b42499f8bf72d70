"""Keep rule H12 by force: drop meetings at the ends of days until nobody is idle beyond the limit."""

from __future__ import annotations

from scheduler.solver.compiled.kernels import entry, kernel
from scheduler.solver.instance.arrays import (
    ATTENDEES,
    DAY,
    LOCKED,
    MUST,
    PEOPLE0,
    PEOPLE1,
    SPREAD,
    Data,
)
from scheduler.solver.state.delta import gain_of
from scheduler.solver.state.spread import excess, refresh_of
from scheduler.solver.state.state import GROUP, INTERPRETER, OPTION, SLOT, State, link, unlink

PRICE = 3000.0  # points of a step beyond the limit: more leads to no better plan, less to a worse one


@kernel
def _refresh(d: Data, s: State, o: int) -> None:
    for k in range(d.option[o, PEOPLE0], d.option[o, PEOPLE1]):
        refresh_of(d, s, d.option_people[k])


@kernel
def _drop(d: Data, s: State, r: int, t: int, g: int, o: int, i: int) -> None:
    unlink(d, s, r)
    s.score[0] -= gain_of(d, s, r, t, g, o, i)
    _refresh(d, s, o)


@kernel
def _is_end_of_gap_day(d: Data, s: State, p: int, r: int, t: int) -> bool:
    """Whether meeting `r`, which starts at `t`, is the first or last of its day, and that has a free slot."""
    first = -1
    last = -1
    busy = 0
    for u in range(d.slot.shape[0]):
        if d.slot[u, DAY] == d.slot[t, DAY] and s.at[p, u] >= 0:
            first = u if first < 0 else first
            last = u
            busy += 1
    return last - first + 1 > busy and (s.at[p, first] == r or s.at[p, last] == r)


@kernel
def _best_end(d: Data, s: State, p: int) -> int:
    """Of the ends of an attendee's days with a gap that which costs least, with others' excess; or -1."""
    found = -1
    best = 0.0
    before, score = excess(d, s), s.score[0]
    for t in range(d.slot.shape[0]):
        r = s.at[p, t]
        if r < 0 or t != s.held[r, SLOT] or d.req[r, LOCKED] or d.req[r, MUST]:
            continue
        if not _is_end_of_gap_day(d, s, p, r, t):
            continue
        g, o, i = s.held[r, GROUP], s.held[r, OPTION], s.held[r, INTERPRETER]
        _drop(d, s, r, t, g, o, i)
        gain = PRICE * (before - excess(d, s)) + s.score[0] - score
        link(d, s, r, t, g, o, i)
        _refresh(d, s, o)
        s.score[0] = score
        if found < 0 or gain > best:
            found, best = r, gain
    return found


@kernel
def _is_beyond(d: Data, s: State, p: int) -> bool:
    least = 0
    while s.idle_count[least] == 0:
        least += 1
    return s.idle_of[p] > least + d.rule[SPREAD]


@kernel
def _narrow_day_ends(d: Data, s: State, p: int) -> int:
    """Drop ends of an attendee's days until they keep the limit or can drop no more; the number dropped."""
    dropped = 0
    while _is_beyond(d, s, p):
        r = _best_end(d, s, p)
        if r < 0:
            break
        t, g, o, i = s.held[r, SLOT], s.held[r, GROUP], s.held[r, OPTION], s.held[r, INTERPRETER]
        _drop(d, s, r, t, g, o, i)
        dropped += 1
    return dropped


@entry
def narrow(d: Data, s: State) -> None:
    """Drop the first or last meeting of days with a gap, rather such as make nobody else idle.

    Frozen meetings stay, and who has only those at the ends of such days remains beyond the limit.
    """
    dropped = 1
    while dropped > 0 and excess(d, s) > 0:
        dropped = 0
        for p in range(d.rule[ATTENDEES]):
            dropped += _narrow_day_ends(d, s, p)
