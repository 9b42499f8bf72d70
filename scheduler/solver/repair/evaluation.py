"""Kernels of the oracle: every start, group and choice of people of a request, with what gives way."""

from __future__ import annotations

from scheduler.solver.compiled.kernels import (
    ZERO,
    Floats,
    Int32s,
    bit,
    entry,
    inlined,
    lowest_bit,
)
from scheduler.solver.instance.arrays import Data
from scheduler.solver.instance.columns import factors, requests, rules
from scheduler.solver.instance.ranges import end_of, first_seat, groups_of, options_of, people_of
from scheduler.solver.operators.ejection import insert_by_ejection
from scheduler.solver.repair import candidates
from scheduler.solver.state.columns import held
from scheduler.solver.state.delta import base_gain, group_gain, is_feasible, max_group_gain
from scheduler.solver.state.placement import NONE_FREE, interpreter_for
from scheduler.solver.state.spread import excess, refresh_all, refresh_logged
from scheduler.solver.state.state import State
from scheduler.solver.state.steps import hold, insert_best, release, undo


@inlined
def gain_upper_bound(data: Data, state: State, request: int) -> float:
    """More than holding a request can add: each of its people has at best one gap and one walk less."""
    most = 0
    for option in options_of(data, request):
        size = 0
        for _ in people_of(data, option):
            size += 1
        most = max(most, size)
    spared = data.factors[factors.IDLE] * data.requests[request, requests.LENGTH]
    groups = max_group_gain(data, request) - group_gain(data, state, request, 1)
    return base_gain(data, state, request) + groups + most * (spared + data.factors[factors.HALL_CHANGE])


@inlined
def _settle(data: Data, state: State) -> int:
    """Hold each queued meeting at its best free place, in turn. How many have none that gains."""
    left = 0
    for k in range(state.queued):
        if not insert_best(data, state, state.queue[k], 0.0, 0.0):
            left += 1
    return left


@inlined
def _sort_seated(data: Data, state: State, group: int, start: int, end: int) -> None:
    """List the meetings of a group that is full in the order of their requests.

    A draw among them gives the same each time then. They stand as they came, by what was tried before.
    """
    for slot in range(start, end + 1):
        if state.room[group, slot] > 0:
            continue
        first = first_seat(data, group, slot)
        for k in range(first + 1, first + data.seats[group, slot]):
            request, j = state.seated[k], k
            while j > first and state.seated[j - 1] > request:
                state.seated[j] = state.seated[j - 1]
                j -= 1
            state.seated[j] = request


@inlined
def _put(
    data: Data,
    state: State,
    request: int,
    start: int,
    group: int,
    option: int,
    draws: int,
    alone: bool,
) -> bool:
    """Hold a request somewhere. What gives way is in the queue, nothing if `alone`.

    `draws` seeds what an ejection draws.
    """
    state.rng[0] = draws
    state.queued = 0
    state.stamp += 1
    end = end_of(data, request, start)
    if not alone:
        _sort_seated(data, state, group, start, end)
        return insert_by_ejection(data, state, request, start, group, option, state.stamp)
    interpreter = interpreter_for(data, state, request, option, start, end, group)
    if interpreter == NONE_FREE or not is_feasible(data, state, request, start, group, option, interpreter):
        return False
    hold(data, state, request, start, group, option, interpreter)
    return True


@inlined
def _seed(row: int) -> int:
    """The seed of a row: the same way is found again by it."""
    return 0x2545F4914F6CDD1D ^ ((row + 1) * 0x9E3779B9)


@inlined
def _weigh_row(data: Data, state: State, table: Int32s, figures: Floats, n: int, score: float) -> None:
    """Count what gave way, bound what it can add, and place it."""
    most = state.score - score
    for k in range(state.queued):
        most += max(0.0, gain_upper_bound(data, state, state.queue[k]))
    table[n, candidates.EJECTED] = state.queued
    table[n, candidates.UNPLACED] = _settle(data, state)
    figures[n, candidates.UPPER_BOUND] = most
    figures[n, candidates.GAIN] = state.score - score


@inlined
def _is_within(data: Data, state: State, max_spread_excess: int, max_changed: int) -> bool:
    """Whether the plan keeps the limits of H12 and H13. Idle figures of the log are counted again."""
    if state.changed > max_changed:
        return False
    if data.rules[rules.SPREAD] < 0:
        return True
    refresh_logged(data, state, state.logged)
    return excess(data, state) <= max_spread_excess


@entry
def begin_move(state: State) -> None:
    """Begin a move: an empty log, and the same draws each time."""
    state.logged = 0
    state.queued = 0
    state.stamp += 1
    state.rng[0] = _seed(-1)


@entry
def remove_meeting(data: Data, state: State, request: int) -> None:
    """Hold a request no longer. It is logged."""
    release(data, state, request)


@entry
def evaluate_candidates(
    data: Data,
    state: State,
    request: int,
    table: Int32s,
    figures: Floats,
    alone: bool,
    max_spread_excess: int,
    max_changed: int,
) -> int:
    """Fill `table` and `figures` (see `ways`) with each way to hold `request`, which is not held.

    If `alone`, only those at which nothing gives way. Leaves the plan as it is. Gives the number of rows, at
    most as many as the table has. A start at which somebody is away, or a meeting that may not be moved is in
    the way, has none. Not placed is what exceeds `max_spread_excess` (see `excess`) or `max_changed`
    meetings.
    """
    mark, score = state.logged, state.score
    n = 0
    for option in options_of(data, request):
        for word in range(data.starts.shape[1]):
            rest = data.starts[request, word]
            for k in people_of(data, option):
                rest &= data.avail[data.option_people[k], word]
            while rest != ZERO:
                start = (word << 6) + lowest_bit(rest)
                rest &= rest - bit(0)
                for k in groups_of(data, request):
                    group = data.group_list[k]
                    if n == table.shape[0] or data.seats[group, start] == 0:
                        continue
                    if _put(data, state, request, start, group, option, _seed(n), alone):
                        table[n, candidates.START] = start
                        table[n, candidates.GROUP] = group
                        table[n, candidates.OPTION] = option
                        table[n, candidates.INTERPRETER] = state.held[request, held.INTERPRETER]
                        _weigh_row(data, state, table, figures, n, score)
                        table[n, candidates.PLACED] = _is_within(data, state, max_spread_excess, max_changed)
                        n += 1
                    logged = state.logged
                    undo(data, state, mark, score)
                    if data.rules[rules.SPREAD] >= 0:
                        refresh_logged(data, state, logged)
    return n


@entry
def apply_candidate(data: Data, state: State, request: int, row: Int32s, number: int, alone: bool) -> bool:
    """Hold `request` as row `number` of the table says; what gave way is in the queue. It is logged."""
    return _put(
        data,
        state,
        request,
        row[candidates.START],
        row[candidates.GROUP],
        row[candidates.OPTION],
        _seed(number),
        alone,
    )


@entry
def place_at(
    data: Data, state: State, request: int, start: int, group: int, option: int, interpreter: int
) -> None:
    """Hold `request` there. It is logged."""
    hold(data, state, request, start, group, option, interpreter)


@entry
def max_gain(data: Data, state: State, request: int) -> float:
    """At least what holding a request can add to the score, 0 or more."""
    return max(0.0, gain_upper_bound(data, state, request))


@entry
def place_best(data: Data, state: State, request: int) -> bool:
    """Hold `request` at its best free place, if that gains. It is logged."""
    return insert_best(data, state, request, 0.0, 0.0)


@entry
def spread_excess(data: Data, state: State) -> int:
    """By how much idle figures exceed what H12 allows, all of them counted again."""
    refresh_all(data, state)
    return excess(data, state)


@entry
def undo_to(data: Data, state: State, mark: int, score: float) -> None:
    """Take back what is logged beyond `mark`."""
    undo(data, state, mark, score)
