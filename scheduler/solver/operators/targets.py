"""Targets of ejection moves: a person's gap, beside a meeting in the same hall, or anywhere."""

from __future__ import annotations

from scheduler.solver.compiled.kernels import (
    ZERO,
    bit,
    bit_count,
    bits_up_to,
    first_set,
    inlined,
    kernel,
    last_set,
    random_below,
)
from scheduler.solver.instance.arrays import Data
from scheduler.solver.instance.columns import firms, groups, people, requests, slots
from scheduler.solver.instance.ranges import end_of, people_of
from scheduler.solver.operators.draws import (
    DRAW_ATTEMPTS,
    has_start,
    may_move,
    random_bit,
    random_group,
    random_held,
    random_meeting,
    random_member,
    random_option,
    random_start,
)
from scheduler.solver.operators.ejection import insert_by_cheapest_ejection, insert_by_ejection
from scheduler.solver.state.columns import held
from scheduler.solver.state.state import State
from scheduler.solver.state.steps import release


@inlined
def group_beside(data: Data, state: State, request: int, person: int, start: int) -> int:
    """A group of places for `request` in the hall of a neighbour of slot `start` in a person's day."""
    first, last = data.requests[request, requests.GROUPS_BEGIN], data.requests[request, requests.GROUPS_END]
    if last - first == 1:
        return data.group_list[first]
    before = last_set(state.occupied, person, start, data.slots[start, slots.FIRST])
    after = first_set(
        state.occupied, person, start + data.requests[request, requests.LENGTH], data.slots[start, slots.LAST]
    )
    near = before if after < 0 or (before >= 0 and random_below(state.rng, 2) == 0) else after
    if near >= 0:
        for k in range(first, last):
            group = data.group_list[k]
            if (
                data.groups[group, groups.HALL] == state.hall_at[person, near]
                and state.room[group, start] > 0
            ):
                return group
    return random_group(data, state, request, start)


@kernel
def move_to(data: Data, state: State, request: int, person: int, start: int, stamp: int) -> bool:
    """Move a held request by ejection, with its people, to slot `start`, for the good of one of them.

    It is released, then inserted. Effect and result are those of `insert_by_ejection`.
    """
    if start == state.held[request, held.SLOT]:
        return False
    option = state.held[request, held.OPTION]
    release(data, state, request)
    group = group_beside(data, state, request, person, start)
    return group >= 0 and insert_by_ejection(data, state, request, start, group, option, stamp)


@inlined
def find_gap(data: Data, state: State, person: int, near: int) -> int:
    """A random idle slot of a person's day (that of slot `near`) between two meetings, or -1."""
    first = first_set(state.occupied, person, data.slots[near, slots.FIRST], data.slots[near, slots.LAST])
    last = last_set(state.occupied, person, data.slots[near, slots.LAST] + 1, first)
    seen = 0
    found = -1
    for word in range(first + 1 >> 6, (last - 1 >> 6) + 1):
        idle = data.avail[person, word] & ~state.occupied[person, word] & ~bits_up_to(first, word)
        idle &= bits_up_to(last - 1, word)
        if idle != ZERO:
            n = bit_count(idle)
            seen += n
            if seen == n or random_below(state.rng, seen) < n:
                found = (word << 6) + random_bit(state.rng, idle)
    return found


@inlined
def option_with(data: Data, state: State, request: int, person: int) -> int:
    """An option of a request in which a person sits, or -1."""
    n = data.requests[request, requests.OPTIONS_END] - data.requests[request, requests.OPTIONS_BEGIN]
    if n == 0:
        return -1
    turn = random_below(state.rng, n)
    for step in range(n):
        option = data.requests[request, requests.OPTIONS_BEGIN] + (turn + step) % n
        for k in people_of(data, option):
            if data.option_people[k] == person:
                return option
    return -1


@kernel
def insert_for_person(data: Data, state: State, person: int, start: int, stamp: int) -> bool:
    """Insert a request of a person's firm that is not held, with that person, in slot `start`.

    Effect and result are those of `insert_by_ejection`.
    """
    firm = data.people[person, people.FIRM]
    first = data.firms[firm, firms.REQUESTS_BEGIN]
    n = data.firms[firm, firms.REQUESTS_END] - first
    for _ in range(DRAW_ATTEMPTS):
        request = data.firm_requests[first + random_below(state.rng, n)]
        if state.held[request, held.SLOT] < 0 and data.starts[request, start >> 6] & bit(start):
            option = option_with(data, state, request, person)
            if option < 0:
                continue
            group = group_beside(data, state, request, person, start)
            return group >= 0 and insert_by_ejection(data, state, request, start, group, option, stamp)
    return False


@kernel
def fill_gap(data: Data, state: State, stamp: int) -> bool:
    """Fill an idle slot of a person's day with a meeting: the day's first or last, any other, or a new one.

    Looks at the people of a few random meetings. Effect and result are those of `insert_by_ejection`.
    """
    for _ in range(DRAW_ATTEMPTS):
        request = random_held(data, state)
        if request < 0:
            return False
        person = random_member(data, state, request)
        start = state.held[request, held.SLOT]
        gap = find_gap(data, state, person, start)
        if gap < 0:
            continue
        kind = random_below(state.rng, 4)
        if kind == 0:
            request = random_meeting(data, state, person)
        elif kind == 1:
            request = state.at[
                person,
                first_set(
                    state.occupied, person, data.slots[start, slots.FIRST], data.slots[start, slots.LAST]
                ),
            ]
        elif kind == 2:
            request = state.at[
                person,
                last_set(
                    state.occupied, person, data.slots[start, slots.LAST] + 1, data.slots[start, slots.FIRST]
                ),
            ]
        else:
            return insert_for_person(data, state, person, gap, stamp)
        return request >= 0 and may_move(data, request) and move_to(data, state, request, person, gap, stamp)
    return False


@kernel
def beside_hall(data: Data, state: State, request: int, person: int, hall: int) -> int:
    """An allowed start right before or after another meeting of a person in a hall, or -1."""
    slot_count = data.slots.shape[0]
    turn = random_below(state.rng, slot_count)
    for step in range(slot_count):
        slot = turn + step
        if slot >= slot_count:
            slot -= slot_count
        other = state.at[person, slot]
        if other < 0 or other == request or state.hall_at[person, slot] != hall:
            continue
        goal = state.held[other, held.SLOT] - data.requests[request, requests.LENGTH]
        if random_below(state.rng, 2) == 0:
            goal = state.held[other, held.SLOT] + data.requests[other, requests.LENGTH]
        if (
            goal >= data.slots[slot, slots.FIRST]
            and goal <= data.slots[slot, slots.LAST]
            and state.at[person, goal] != request
            and data.starts[request, goal >> 6] & bit(goal)
        ):
            return goal
    return -1


@kernel
def join_halls(data: Data, state: State, stamp: int) -> bool:
    """Move a meeting at a hall change next to another one that its person has in its hall.

    Looks at a few random meetings. Effect and result are those of `insert_by_ejection`.
    """
    for _ in range(DRAW_ATTEMPTS):
        request = random_held(data, state)
        if request < 0:
            return False
        person = random_member(data, state, request)
        start = state.held[request, held.SLOT]
        end = end_of(data, request, start)
        before = last_set(state.occupied, person, start, data.slots[start, slots.FIRST])
        after = first_set(state.occupied, person, end + 1, data.slots[start, slots.LAST])
        hall = data.groups[state.held[request, held.GROUP], groups.HALL]
        changes = before >= 0 and state.hall_at[person, before] != hall
        changes |= after >= 0 and state.hall_at[person, after] != hall
        if not changes:
            continue
        goal = beside_hall(data, state, request, person, hall)
        return goal >= 0 and move_to(data, state, request, person, goal, stamp)
    return False


@kernel
def move_held(data: Data, state: State, stamp: int) -> bool:
    """Move a random meeting to a random slot, with random people.

    Effect and result are those of `insert_by_ejection`.
    """
    request = random_held(data, state)
    if request < 0:
        return False
    option = random_option(data, state, request)
    start = random_start(data, state, request, option)
    if start < 0 or start == state.held[request, held.SLOT]:
        return False
    release(data, state, request)
    group = random_group(data, state, request, start)
    return group >= 0 and insert_by_ejection(data, state, request, start, group, option, stamp)


@kernel
def insert_unscheduled(data: Data, state: State, stamp: int) -> bool:
    """Insert a random request that is not held where the meetings in its way are worth little.

    Effect and result are those of `insert_by_cheapest_ejection`.
    """
    if state.unscheduled_count == 0:
        return False
    for _ in range(DRAW_ATTEMPTS):
        request = state.unscheduled[random_below(state.rng, state.unscheduled_count)]
        if has_start(data, request):
            return insert_by_cheapest_ejection(data, state, request, stamp)
    return False
