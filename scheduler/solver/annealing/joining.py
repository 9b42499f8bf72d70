"""Joining two searches of one plan: the changes of one are made in the plan of the other.

At a low temperature few moves are kept. Two threads that search the same plan for a moment then rarely change
the same day of the same person, and a change is worth in the other plan what it was worth in its own. This is
parallel annealing with speculative moves (Witte, Chamberlain and Franklin 1991, doi:10.1109/71.97904), where
many moves are made before the threads compare what they kept.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from scheduler.solver.compiled.kernels import Int32s, entry, inlined, random_unit
from scheduler.solver.instance.arrays import Data
from scheduler.solver.instance.columns import factors, requests, rules, slots
from scheduler.solver.instance.ranges import people_of
from scheduler.solver.state.columns import held
from scheduler.solver.state.delta import insertion_gain
from scheduler.solver.state.linking import link, place_of, unlink
from scheduler.solver.state.loading import hold_row, row_of
from scheduler.solver.state.state import State

NOBODY, PLAN = -1, -2
"""Who changed a cell: nobody, or the plan that the changes are made in. Else it is a changed request."""
FREE, SHARED, CLASHING = range(3)
"""A changed request: alone in its cells, in a cell that the plan changed, or itself changed in the plan."""
END = -1


class Joined(NamedTuple):
    """Requests that two searches changed."""

    own: int
    """In the plan."""
    others: int
    """In the other one."""
    taken: int
    """Of the latter, in the plan now as well."""


class Joiner:
    """Joins plans of one problem. Its arrays are used again for each join.

    A cell is a day of an attendee or interpreter, or all of a firm whose number of meetings changes. Where a
    rule or price spans days it is all days of a person, and where groups of firms are compared, one cell is
    all numbers of meetings. Changes that share a cell are one component, which is joined as a whole or not at
    all.

    Parameters
    ----------
    data
        The problem.
    """

    def __init__(self, data: Data) -> None:
        count = len(data.requests)
        cells = data.avail.shape[0] * data.day_words.shape[0] + data.firms.shape[0] + 1
        self.changer = np.empty(cells, np.int32)
        self.parent, self.contact, self.following, self.changed = (
            np.empty(count, np.int32) for _ in range(4)
        )

    def join(self, data: Data, plan: State, base: Int32s, other: Int32s, temperature: float) -> Joined:
        """Make the changes from `base` to `other` in a plan that was changed from `base` as well.

        A component in cells that the plan has not changed is taken. One that shares a cell with it is taken
        if it keeps the hard rules and passes the test of Metropolis once more, as it may be worth another
        score here. One with a request that both changed is not taken. The idle figures are not counted.

        Parameters
        ----------
        data
            The problem, or a restriction of it that both searches kept.
        plan
            Is changed in place.
        base, other
            Tables like `State.held`.
        temperature
            In points of score.

        Returns
        -------
        Joined
            How many requests were changed.
        """
        scratch = self.changer, self.parent, self.contact, self.following, self.changed
        return Joined(*_join(data, plan, base, other, temperature, *scratch))


@entry
def _join(
    data: Data,
    state: State,
    base: Int32s,
    other: Int32s,
    temperature: float,
    changer: Int32s,
    parent: Int32s,
    contact: Int32s,
    following: Int32s,
    changed: Int32s,
) -> tuple[int, int, int]:
    changer[:] = NOBODY
    own, count = 0, 0
    for request in range(base.shape[0]):
        if _differs(base, state.held, request):
            own += 1
            _claim_all(data, base, state.held, request, PLAN, changer, parent, contact)
        if _differs(base, other, request):
            changed[count] = request
            count += 1
    for k in range(count):
        request = changed[k]
        parent[request], following[request] = request, END
        contact[request] = CLASHING if _differs(base, state.held, request) else FREE
        _claim_all(data, base, other, request, request, changer, parent, contact)
    for k in range(count):
        request = changed[k]
        root = _root(parent, request)
        if request != root:
            following[request] = following[root]
            following[root] = request
            contact[root] = max(contact[root], contact[request])
    taken = 0
    for k in range(count):
        root = changed[k]
        if parent[root] == root and contact[root] != CLASHING:
            lowest = -math.inf
            if contact[root] == SHARED:
                lowest = state.score + temperature * math.log(random_unit(state.rng))
            taken += _take(data, state, base, other, root, following, lowest)
    return own, count, taken


@inlined
def _differs(table: Int32s, other: Int32s, request: int) -> bool:
    """Whether a request is held otherwise in another table, or in one of them only."""
    if table[request, held.SLOT] != other[request, held.SLOT]:
        return True
    return table[request, held.SLOT] >= 0 and (
        table[request, held.GROUP] != other[request, held.GROUP]
        or table[request, held.OPTION] != other[request, held.OPTION]
        or table[request, held.INTERPRETER] != other[request, held.INTERPRETER]
    )


@inlined
def _claim_all(
    data: Data,
    base: Int32s,
    table: Int32s,
    request: int,
    by: int,
    changer: Int32s,
    parent: Int32s,
    contact: Int32s,
) -> None:
    """Claim all cells of a request that changes from its row in `base` to that in `table`."""
    _claim_row(data, base, request, by, changer, parent, contact)
    _claim_row(data, table, request, by, changer, parent, contact)
    if (base[request, held.SLOT] < 0) != (table[request, held.SLOT] < 0):
        first = data.avail.shape[0] * data.day_words.shape[0]
        for side in range(requests.SENDER, requests.RECEIVER + 1):
            _claim(first + data.requests[request, side], by, changer, parent, contact)
        if data.group_sizes.shape[0]:
            _claim(first + data.firms.shape[0], by, changer, parent, contact)


@inlined
def _spans_days(data: Data) -> bool:
    """Whether a change on one day of a person can be worth another score after one on another day."""
    return data.rules[rules.LONG_WALKS] > 0 or data.factors[factors.REPEATED] > 0


@inlined
def _claim_row(
    data: Data, table: Int32s, request: int, by: int, changer: Int32s, parent: Int32s, contact: Int32s
) -> None:
    """Claim the day of each person of a row, if it is held."""
    start, _, option, interpreter = row_of(table, request)
    if start < 0:
        return
    days = data.day_words.shape[0]
    day = 0 if _spans_days(data) else data.slots[start, slots.DAY]
    for k in people_of(data, option):
        _claim(data.option_people[k] * days + day, by, changer, parent, contact)
    if interpreter >= 0:
        _claim(interpreter * days + day, by, changer, parent, contact)


@inlined
def _claim(cell: int, by: int, changer: Int32s, parent: Int32s, contact: Int32s) -> None:
    """Claim a cell for the plan, or for a request, which joins the component that claimed it before."""
    before = changer[cell]
    if by == PLAN or before == NOBODY:
        changer[cell] = by
    elif before == PLAN:
        contact[by] = max(contact[by], SHARED)
    else:
        parent[_root(parent, by)] = _root(parent, before)


@inlined
def _root(parent: Int32s, request: int) -> int:
    """The root of a component (union-find with path halving)."""
    while parent[request] != request:
        parent[request] = parent[parent[request]]
        request = parent[request]
    return request


@inlined
def _take(
    data: Data, state: State, base: Int32s, other: Int32s, root: int, following: Int32s, lowest: float
) -> int:
    """Take a component, or leave all as it is. Returns the meetings that were taken."""
    score, before = state.score, state.changed
    request, size = root, 0
    while request != END:
        if base[request, held.SLOT] >= 0:
            start, group, option, interpreter = place_of(state, request)
            unlink(data, state, request)
            state.score -= insertion_gain(data, state, request, start, group, option, interpreter)
        size += 1
        request = following[request]
    fits = True
    request = root
    while request != END and fits:
        if other[request, held.SLOT] >= 0:
            fits = hold_row(data, state, request, other)
        request = following[request]
    if (
        fits
        and state.score >= lowest
        and (state.changed <= data.rules[rules.MAX_MOVED] or state.changed <= before)
    ):
        return size
    request = root
    while request != END:
        if state.held[request, held.SLOT] >= 0:
            unlink(data, state, request)
        request = following[request]
    request = root
    while request != END:
        if base[request, held.SLOT] >= 0:
            start, group, option, interpreter = row_of(base, request)
            link(data, state, request, start, group, option, interpreter)
        request = following[request]
    state.score = score
    return 0
