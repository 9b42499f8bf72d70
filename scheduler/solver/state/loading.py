"""Meetings into a search's state and back: only what keeps the rules is taken."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from scheduler.domain.plan import Meeting
from scheduler.solver.compiled.kernels import Int32s, entry, inlined
from scheduler.solver.instance.arrays import Data, Flat
from scheduler.solver.instance.columns import requests, rules
from scheduler.solver.instance.published import read_row
from scheduler.solver.state.columns import held
from scheduler.solver.state.delta import insertion_gain, interpreter_has_skill, is_feasible
from scheduler.solver.state.linking import link, place_of, unlink
from scheduler.solver.state.spread import refresh_all
from scheduler.solver.state.state import State, reset


def table_of(flat: Flat, meetings: Iterable[Meeting]) -> Int32s:
    """The meetings as rows like `State.held`. What does not exist in the problem is left out."""
    table = np.full((len(flat.problem.requests), 4), -1, np.int32)
    lookup = flat.problem.index.requests
    for meeting in meetings:
        request = lookup.get(meeting.request)
        if request is None:
            continue
        row = read_row(flat.problem, flat.options, flat.groups, request, meeting)
        if row.whole:
            table[request] = (row.slot, row.group, row.option, row.interpreter)
    return table


@inlined
def row_of(table: Int32s, request: int) -> tuple[int, int, int, int]:
    """Slot, group, option and interpreter of a row of a table like `State.held`."""
    return (
        table[request, held.SLOT],
        table[request, held.GROUP],
        table[request, held.OPTION],
        table[request, held.INTERPRETER],
    )


@inlined
def hold_row(data: Data, state: State, request: int, table: Int32s) -> bool:
    """Hold a request as its row of `table` says, if that keeps the hard rules. It is not logged."""
    start, group, option, interpreter = row_of(table, request)
    if not interpreter_has_skill(data, option, interpreter) or not is_feasible(
        data, state, request, start, group, option, interpreter
    ):
        return False
    state.score += insertion_gain(data, state, request, start, group, option, interpreter)
    link(data, state, request, start, group, option, interpreter)
    return True


@entry
def load(data: Data, state: State, table: Int32s, order: Int32s) -> None:
    """Empty the state, then hold, in this order, each row of `table` that keeps the hard rules."""
    reset(data, state)
    for k in range(order.shape[0]):
        request = order[k]
        if table[request, held.SLOT] >= 0:
            hold_row(data, state, request, table)
    if data.rules[rules.SPREAD] >= 0:
        refresh_all(data, state)


@entry
def shift(data: Data, state: State, table: Int32s, order: Int32s) -> None:
    """As `load`, from a plan that differs little: only the rows that differ are touched."""
    for request in range(table.shape[0]):
        start, group, option, interpreter = place_of(state, request)
        is_same = (
            table[request, held.GROUP] == group
            and table[request, held.OPTION] == option
            and table[request, held.INTERPRETER] == interpreter
        )
        if start >= 0 and not (is_same and table[request, held.SLOT] == start):
            unlink(data, state, request)
            state.score -= insertion_gain(data, state, request, start, group, option, interpreter)
    for k in range(order.shape[0]):
        request = order[k]
        if table[request, held.SLOT] >= 0 and state.held[request, held.SLOT] < 0:
            hold_row(data, state, request, table)
    if data.rules[rules.SPREAD] >= 0:
        refresh_all(data, state)


def loading_order(data: Data) -> Int32s:
    """What has to be held and is frozen first, then those whose change would count, then by weight."""
    keys = (
        -data.gain,
        -data.requests[:, requests.PUBLISHED],
        -data.requests[:, requests.COUNTED],
        -data.requests[:, requests.LOCKED],
        -data.requests[:, requests.MUST],
    )
    return np.lexsort(keys).astype(np.int32)
