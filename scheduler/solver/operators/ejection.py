"""Ejection move: insert a meeting at a position, and queue the meetings that it displaces for `repair`."""

from __future__ import annotations

from scheduler.solver.compiled.kernels import (
    ZERO,
    bit,
    kernel,
    lowest_bit,
    random_below,
    random_bits,
    random_unit,
)
from scheduler.solver.instance.arrays import Data
from scheduler.solver.instance.columns import groups, options, rules
from scheduler.solver.instance.ranges import end_of, options_of, people_of
from scheduler.solver.operators.draws import random_bit, random_group
from scheduler.solver.operators.victims import (
    FORBIDDEN,
    eject_person,
    list_victims,
    release_victims,
    worth_in_way,
)
from scheduler.solver.state.delta import interpreter_fits, is_feasible, may_interpret
from scheduler.solver.state.placement import NONE_FREE, interpreter_for
from scheduler.solver.state.state import State
from scheduler.solver.state.steps import hold


@kernel
def _free_interpreter(
    data: Data, state: State, request: int, option: int, start: int, group: int, stamp: int
) -> int:
    """An interpreter for the meeting, -1 if it needs none, or NONE_FREE if there is none.

    If none is free, a random one of the class is taken out of other meetings, which are released and
    queued.
    """
    end = end_of(data, request, start)
    interpreter = interpreter_for(data, state, request, option, start, end, group)
    if interpreter != NONE_FREE:
        return interpreter
    word_count = state.interpreters_free.shape[1]
    word = random_below(state.rng, word_count)
    able = data.class_words[data.options[option, options.CLASS], word]
    if able == ZERO:
        return NONE_FREE
    interpreter = data.rules[rules.ATTENDEES] + (word << 6) + random_bit(state.rng, able)
    state.victim_count = 0
    hall = data.groups[group, groups.HALL]
    if not may_interpret(data, interpreter, start, end, group) or not eject_person(
        data, state, interpreter, start, end, hall, stamp
    ):
        return NONE_FREE
    release_victims(data, state)
    return interpreter if interpreter_fits(data, state, interpreter, start, end, group) else NONE_FREE


@kernel
def insert_by_ejection(
    data: Data, state: State, request: int, start: int, group: int, option: int, stamp: int
) -> bool:
    """Hold `request`, which is not held, there. The meetings in its way are released and queued.

    `repair` is to place them after that (ejection chain: Glover 1996, doi:10.1016/0166-218X(94)00037-E).
    Marks and logs what it does. False if it cannot be held: the caller then undoes what is logged.
    """
    if not list_victims(data, state, request, start, group, option, stamp):
        return False
    release_victims(data, state)
    interpreter = _free_interpreter(data, state, request, option, start, group, stamp)
    if interpreter == NONE_FREE or not is_feasible(data, state, request, start, group, option, interpreter):
        return False
    hold(data, state, request, start, group, option, interpreter)
    state.mark[request] = stamp
    return True


@kernel
def insert_by_cheapest_ejection(data: Data, state: State, request: int, stamp: int) -> bool:
    """Insert `request`, which is not held, where the meetings in its way are worth least.

    A random half of its starts is compared. Effect and result are those of `insert_by_ejection`.
    """
    least = FORBIDDEN
    best_start, best_group, best_option = -1, -1, -1
    for option in options_of(data, request):
        for word in range(state.open.shape[1]):
            rest = data.starts[request, word] & random_bits(state.rng)
            for k in people_of(data, option):
                rest &= data.avail[data.option_people[k], word]
            while rest != ZERO:
                start = (word << 6) + lowest_bit(rest)
                rest &= rest - bit(0)
                group = random_group(data, state, request, start)
                if group < 0:
                    return False
                noise = 1.0 + random_unit(state.rng)
                cost = worth_in_way(data, state, request, start, option, group, stamp, least / noise) * noise
                if cost < least:
                    least = cost
                    best_start, best_group, best_option = start, group, option
    return best_start >= 0 and insert_by_ejection(
        data, state, request, best_start, best_group, best_option, stamp
    )
