"""Where to put a request that is not held: every free place is weighed, one drawn by Boltzmann's odds.

The draw is the Gumbel-max trick (Yellott 1977, doi:10.1016/0022-2496(77)90026-8; Maddison, Tarlow and
Minka 2014, arXiv:1411.0030): the largest sum of a gain and the temperature times a Gumbel noise wins.
"""

from __future__ import annotations

import numpy as np

from scheduler.solver.compiled.kernels import (
    ZERO,
    bit,
    first_set,
    inlined,
    kernel,
    last_set,
    lowest_bit,
    random_below,
)
from scheduler.solver.instance.arrays import NONE, Data
from scheduler.solver.instance.columns import factors, groups, options, requests, slots
from scheduler.solver.instance.ranges import groups_of, options_of, people_of
from scheduler.solver.state.delta import (
    base_gain,
    can_walk_over_nights,
    earliest_start,
    find_interpreter,
    idle_added,
    interpreter_fits,
    interpreter_has_skill,
    keeps_precedences,
    published_gain,
)
from scheduler.solver.state.spacing import keeps_spacing
from scheduler.solver.state.state import State

IMPOSSIBLE = -1e18
NONE_FREE = -2  # in place of an interpreter
LATE = -1000
NOISES = 4096  # the length of Data.noise


@inlined
def free_starts(data: Data, state: State, request: int, option: int, word: int) -> np.uint64:
    """The start slots in `word` that the request, the firms and the people of the option leave open."""
    rest: np.uint64 = data.starts[request, word]
    rest &= (
        state.firm_open[data.requests[request, requests.SENDER], word]
        & state.firm_open[data.requests[request, requests.RECEIVER], word]
    )
    for k in people_of(data, option):
        rest &= state.open[data.option_people[k], word]
    return rest


@inlined
def has_order(data: Data, request: int) -> bool:
    """Whether a request is part of any precedence."""
    return (
        data.requests[request, requests.BEFORE_BEGIN] < data.requests[request, requests.BEFORE_END]
        or data.requests[request, requests.AFTER_BEGIN] < data.requests[request, requests.AFTER_END]
    )


@inlined
def can_stay(data: Data, state: State, option: int, start: int, end: int) -> bool:
    """Whether the block lasts until `end` (H2), and an option's people, free at `start`, stay free."""
    if data.slots[start, slots.ROOM] < end - start + 1:
        return False
    for slot in range(start + 1, end + 1):
        for k in people_of(data, option):
            if not (state.open[data.option_people[k], slot >> 6] & bit(slot)):
                return False
    return True


@inlined
def has_room(state: State, group: int, start: int, end: int) -> bool:
    """Whether a group of places has a seat in each slot of [start, end]."""
    is_open = True
    for slot in range(start, end + 1):
        is_open = is_open and (state.group_open[group, slot >> 6] & bit(slot)) != ZERO
    return is_open


@inlined
def scan_neighbours(data: Data, state: State, option: int, start: int, end: int) -> int:
    """The idle slots that a meeting in [start, end] adds for the people of an option.

    Leaves each one's nearest meetings in `near`: their slots, and their halls or -1.
    """
    added = 0
    first = data.options[option, options.PEOPLE_BEGIN]
    for row in range(data.options[option, options.PEOPLE_END] - first):
        person = data.option_people[first + row]
        before = last_set(state.occupied, person, start, data.slots[start, slots.FIRST])
        after = first_set(state.occupied, person, end + 1, data.slots[start, slots.LAST])
        added += idle_added(data, person, start, end, before, after)
        state.near[row, 0] = before
        state.near[row, 1] = state.hall_at[person, before] if before >= 0 else -1
        state.near[row, 2] = after
        state.near[row, 3] = state.hall_at[person, after] if after >= 0 else -1
    return added


@inlined
def halls_added(data: Data, state: State, size: int, start: int, end: int, hall: int) -> int:
    """The hall changes that a meeting in a hall adds for those in `near`, LATE if one cannot walk so fast."""
    changes = 0
    for row in range(size):
        there, next_hall = state.near[row, 1], state.near[row, 3]
        if there >= 0 and there != hall:
            if earliest_start(data, there, hall, state.near[row, 0]) > start:
                return LATE
            changes += 1
        if next_hall >= 0:
            if next_hall != hall:
                if earliest_start(data, hall, next_hall, end) > state.near[row, 2]:
                    return LATE
                changes += 1
            if there >= 0 and there != next_hall:
                changes -= 1
    return changes


@inlined
def max_noise(data: Data, turn: int, n: int) -> float:
    """The largest of `n` noises from `turn` on."""
    most = data.noise[turn & (NOISES - 1)]
    for k in range(1, n):
        most = max(most, data.noise[(turn + k) & (NOISES - 1)])
    return most


@kernel
def interpreter_for(
    data: Data, state: State, request: int, option: int, start: int, end: int, group: int
) -> int:
    """The interpreter of a meeting: -1 if it needs none, NONE_FREE if it needs one and none is.

    The published one if that counts, else the first free one from a random word on. Changes nothing but
    `rng`.
    """
    need = data.options[option, options.CLASS]
    if need < 0:
        return NONE
    published = data.requests[request, requests.PUBLISHED_INTERPRETER]
    if (
        published >= 0
        and (
            data.requests[request, requests.PUBLISHED_SLOT] == start
            or data.factors[factors.MOVED_OTHERS] > 0.0
        )
        and interpreter_has_skill(data, option, published)
        and interpreter_fits(data, state, published, start, end, group)
    ):
        return published
    found = find_interpreter(
        data, state, need, start, end, group, random_below(state.rng, state.interpreters_free.shape[1])
    )
    return found if found >= 0 else NONE_FREE


@inlined
def record_choice(state: State, start: int, group: int, option: int, interpreter: int) -> None:
    """Leave a place in the state, for `hold_chosen`."""
    state.chosen_slot = start
    state.chosen_group = group
    state.chosen_option = option
    state.chosen_interpreter = interpreter


@kernel
def choose_place(data: Data, state: State, request: int, temperature: float) -> float:
    """The gain of the place drawn for `request`, which is not held, or IMPOSSIBLE if no place is free.

    Leaves the place in `chosen_slot`, `chosen_group`, `chosen_option` and `chosen_interpreter`, and
    changes nothing else but `near` and `rng`. At temperature 0 it is the best place. Else each place is
    drawn with odds exp(gain / temperature).
    """
    base = base_gain(data, state, request)
    best = IMPOSSIBLE
    found = IMPOSSIBLE
    length = data.requests[request, requests.LENGTH]
    ordered = has_order(data, request)
    first = data.requests[request, requests.GROUPS_BEGIN]
    n = data.requests[request, requests.GROUPS_END] - first
    turn = random_below(state.rng, NOISES)
    for option in options_of(data, request):
        size = data.options[option, options.PEOPLE_END] - data.options[option, options.PEOPLE_BEGIN]
        most = base + data.factors[factors.IDLE] * size * length  # if it filled a gap of each person
        for word in range(state.open.shape[1]):
            rest = free_starts(data, state, request, option, word)
            while rest != ZERO:
                start = (word << 6) + lowest_bit(rest)
                rest &= rest - bit(0)
                end = start + length - 1
                if length > 1 and not can_stay(data, state, option, start, end):
                    continue
                if ordered and not keeps_precedences(data, state, request, start, end):
                    continue
                turn += n
                luck = temperature * max_noise(data, turn, n)
                if most + luck <= best:
                    continue
                idle = base - data.factors[factors.IDLE] * scan_neighbours(data, state, option, start, end)
                if idle + luck <= best or not keeps_spacing(data, state, option, start, end):
                    continue
                for k in groups_of(data, request):
                    group = data.group_list[k]
                    if not has_room(state, group, start, end):
                        continue
                    hall = data.groups[group, groups.HALL]
                    changes = halls_added(data, state, size, start, end, hall)
                    if changes == LATE:
                        continue
                    gain = idle - data.factors[factors.HALL_CHANGE] * changes
                    value = gain + temperature * data.noise[(turn + k - first) & (NOISES - 1)]
                    if value <= best or not can_walk_over_nights(data, state, option, start, end, hall):
                        continue
                    interpreter = interpreter_for(data, state, request, option, start, end, group)
                    if interpreter == NONE_FREE:
                        continue
                    if data.requests[request, requests.PUBLISHED]:
                        extra = published_gain(data, state, request, start, group, option, interpreter)
                        gain += extra
                        value += extra
                        if value <= best:
                            continue
                    best = value
                    found = gain
                    record_choice(state, start, group, option, interpreter)
    return found
