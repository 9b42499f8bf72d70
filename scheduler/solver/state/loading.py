"""Meetings into a search's state and back: only what keeps the rules is taken."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from scheduler.domain.plan import Meeting
from scheduler.solver.compiled.kernels import Ints, entry, inlined
from scheduler.solver.instance.arrays import COUNTED, LOCKED, MUST, PUBLISHED, Data, Flat
from scheduler.solver.instance.published import read_home
from scheduler.solver.state.delta import fits, gain_of, is_able
from scheduler.solver.state.spread import refresh_all
from scheduler.solver.state.state import (
    GROUP,
    INTERPRETER,
    OPTION,
    SLOT,
    State,
    link,
    reset,
    unlink,
)


def table_of(flat: Flat, meetings: Iterable[Meeting]) -> Ints:
    """The meetings as rows like State.held; what does not exist in the problem is left out."""
    table = np.full((len(flat.problem.requests), 4), -1, np.int32)
    lookup = flat.problem.index.requests
    for meeting in meetings:
        r = lookup.get(meeting.request)
        if r is None:
            continue
        home = read_home(flat.problem, flat.options, flat.groups, r, meeting)
        if home.whole:
            table[r] = (home.slot, home.group, home.option, home.interpreter)
    return table


@inlined
def _hold(d: Data, s: State, r: int, table: Ints) -> None:
    """Hold a request as its row says, if that keeps the hard rules."""
    t, g, o, i = table[r, SLOT], table[r, GROUP], table[r, OPTION], table[r, INTERPRETER]
    if is_able(d, o, i) and fits(d, s, r, t, g, o, i):
        s.score[0] += gain_of(d, s, r, t, g, o, i)
        link(d, s, r, t, g, o, i)


@entry
def load(d: Data, s: State, table: Ints, order: Ints) -> None:
    """Empty the state, then hold, in this order, each row of `table` that keeps the hard rules."""
    reset(d, s)
    for k in range(order.shape[0]):
        r = order[k]
        if table[r, SLOT] >= 0:
            _hold(d, s, r, table)
    refresh_all(d, s)


@entry
def shift(d: Data, s: State, table: Ints, order: Ints) -> None:
    """As `load`, from a plan that differs little: only the rows that differ are touched."""
    for r in range(table.shape[0]):
        t, g, o, i = s.held[r, SLOT], s.held[r, GROUP], s.held[r, OPTION], s.held[r, INTERPRETER]
        is_same = table[r, GROUP] == g and table[r, OPTION] == o and table[r, INTERPRETER] == i
        if t >= 0 and not (is_same and table[r, SLOT] == t):
            unlink(d, s, r)
            s.score[0] -= gain_of(d, s, r, t, g, o, i)
    for k in range(order.shape[0]):
        r = order[k]
        if table[r, SLOT] >= 0 and s.held[r, SLOT] < 0:
            _hold(d, s, r, table)
    refresh_all(d, s)


def loading_order(d: Data) -> Ints:
    """What has to be held and is frozen first, then those whose change would count, then by weight."""
    keys = (-d.gain, -d.req[:, PUBLISHED], -d.req[:, COUNTED], -d.req[:, LOCKED], -d.req[:, MUST])
    return np.lexsort(keys).astype(np.int32)
