"""Meetings into a search's state and back: only what keeps the rules is taken."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from scheduler.domain.plan import Meeting
from scheduler.solver.arrays import COUNTED, LOCKED, PUBLISHED, Data, Flat
from scheduler.solver.delta import fits, gain_of, is_able
from scheduler.solver.homes import read_home
from scheduler.solver.kernels import Ints, entry
from scheduler.solver.spread import refresh_all
from scheduler.solver.state import GROUP, INTERPRETER, OPTION, SLOT, State, link, reset


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


@entry
def load(d: Data, s: State, table: Ints, order: Ints) -> None:
    """Empty the state, then hold, in this order, each row of `table` that keeps the hard rules."""
    reset(d, s)
    for k in range(order.shape[0]):
        r = order[k]
        t, g, o, i = table[r, SLOT], table[r, GROUP], table[r, OPTION], table[r, INTERPRETER]
        if t < 0 or not is_able(d, o, i) or not fits(d, s, r, t, g, o, i):
            continue
        s.score[0] += gain_of(d, s, r, t, g, o, i)
        link(d, s, r, t, g, o, i)
    refresh_all(d, s)


def loading_order(d: Data) -> Ints:
    """Frozen meetings first, then those whose change would count, then by weight."""
    keys = (-d.gain, -d.req[:, PUBLISHED], -d.req[:, COUNTED], -d.req[:, LOCKED])
    return np.lexsort(keys).astype(np.int32)
