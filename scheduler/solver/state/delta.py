"""What a meeting would add to the score where it is put, from the nearest busy slots of its people."""

from __future__ import annotations

from scheduler.solver.compiled.kernels import ZERO, bit, first_set, inlined, kernel, last_set, lowest_bit
from scheduler.solver.instance.arrays import Data
from scheduler.solver.instance.columns import factors, groups, options, requests, rules, slots
from scheduler.solver.instance.ranges import (
    after_of,
    before_of,
    end_of,
    groups_of_firm,
    people_of,
    published_people_of,
    worth_of,
)
from scheduler.solver.instance.stations import ANYWHERE
from scheduler.solver.state.columns import held
from scheduler.solver.state.spacing import keeps_spacing
from scheduler.solver.state.state import State


@inlined
def earliest_start(data: Data, hall: int, other: int, end: int) -> int:
    """The first slot in which one can be in another hall after a meeting that ends with slot `end`."""
    return data.earliest[hall * data.rules[rules.HALLS] + other, end]


@inlined
def idle_added(data: Data, person: int, start: int, end: int, before: int, after: int) -> int:
    """The change of a person's idle figure by a meeting in [start, end] between busy slots, -1 for none."""
    if data.rules[rules.BREAKS]:
        added = 0
        if before >= 0 and before + 1 < start:
            added += 1
        if after >= 0 and end + 1 < after:
            added += 1
        if before >= 0 and after >= 0:
            added -= 1
        return added
    if before >= 0:
        if after >= 0:
            return start - end - 1
        return data.avail_before[person, start] - data.avail_before[person, before + 1]
    if after >= 0:
        return data.avail_before[person, after] - data.avail_before[person, end + 1]
    return 0


@inlined
def person_gain(data: Data, state: State, person: int, start: int, end: int, hall: int) -> float:
    """The score of idle slots and hall changes that a meeting in [start, end] adds for a person."""
    before = last_set(state.occupied, person, start, data.slots[start, slots.FIRST])
    after = first_set(state.occupied, person, end + 1, data.slots[start, slots.LAST])
    changes = 0
    if before >= 0 and state.hall_at[person, before] != hall:
        changes += 1
    if after >= 0:
        if state.hall_at[person, after] != hall:
            changes += 1
        if before >= 0 and state.hall_at[person, after] != state.hall_at[person, before]:
            changes -= 1
    return (
        -data.factors[factors.IDLE] * idle_added(data, person, start, end, before, after)
        - data.factors[factors.HALL_CHANGE] * changes
    )


@inlined
def can_walk(data: Data, state: State, person: int, start: int, end: int, hall: int) -> bool:
    """Whether a person gets in time to a meeting in [start, end], and on to the next one (H6)."""
    before = last_set(state.occupied, person, start, data.slots[start, slots.WALK_FIRST])
    if before >= 0 and earliest_start(data, state.hall_at[person, before], hall, before) > start:
        return False
    after = first_set(state.occupied, person, end + 1, data.slots[start, slots.WALK_LAST])
    return after < 0 or earliest_start(data, hall, state.hall_at[person, after], end) <= after


@inlined
def can_walk_over_nights(data: Data, state: State, option: int, start: int, end: int, hall: int) -> bool:
    """Whether all people of an option get there from the days before, and on to those after."""
    if not data.rules[rules.LONG_WALKS]:
        return True
    for k in people_of(data, option):
        if not can_walk(data, state, data.option_people[k], start, end, hall):
            return False
    return True


@inlined
def repeated_gain(data: Data, state: State, request: int) -> float:
    """What it spares its people that a published request, changed now, is held as published."""
    others = 0
    for k in published_people_of(data, request):
        others += state.changed_of[data.published_people[k]] - 1
    return data.factors[factors.REPEATED] * others


@inlined
def published_gain(
    data: Data, state: State, request: int, start: int, group: int, option: int, interpreter: int
) -> float:
    """The gain, 0 or less, of holding a published request, not held, there rather than as published."""
    relocated = data.requests[request, requests.PUBLISHED_GROUP] != group
    reassigned = (
        data.requests[request, requests.PUBLISHED_OPTION] != option
        or data.requests[request, requests.PUBLISHED_INTERPRETER] != interpreter
    )
    cost = 0.0
    if data.requests[request, requests.PUBLISHED_SLOT] != start:
        cost += data.factors[factors.MOVED]
        if reassigned:
            cost += data.factors[factors.MOVED_OTHERS]
    else:
        if relocated:
            cost += data.factors[factors.RELOCATED]
        if reassigned:
            cost += data.factors[factors.REASSIGNED]
        if not relocated and not reassigned:
            return 0.0
    return -cost - repeated_gain(data, state, request)


@inlined
def group_lack(data: Data, group: int, meetings: int, held_there: int) -> int:
    """The meetings that a group lacks to the share of all requests, in a plan with so many meetings."""
    total = data.requests.shape[0]
    return max(0, (data.group_sizes[group] * meetings + total - 1) // total - held_there)


@inlined
def group_gain(data: Data, state: State, request: int, step: int) -> float:
    """What the gaps of groups add to the score by one meeting more (step 1) or less (-1): of `request`."""
    meetings = data.requests.shape[0] - state.unscheduled_count
    lacking = 0
    for group in range(data.group_sizes.shape[0]):
        held_there = state.group_count[group]
        added = 0
        for side in range(requests.SENDER, requests.RECEIVER + 1):
            for k in groups_of_firm(data, data.requests[request, side]):
                if data.firm_groups[k] == group:
                    added += step
        lacking += group_lack(data, group, meetings + step, held_there + added)
        lacking -= group_lack(data, group, meetings, held_there)
    return -data.factors[factors.GROUP_GAP] * lacking


@inlined
def max_group_gain(data: Data, request: int) -> float:
    """The most that the gaps of groups add by holding a request in any plan: one meeting a side and group."""
    most = 0
    for side in range(requests.SENDER, requests.RECEIVER + 1):
        for _ in groups_of_firm(data, data.requests[request, side]):
            most += 1
    return data.factors[factors.GROUP_GAP] * most


@inlined
def base_gain(data: Data, state: State, request: int) -> float:
    """The most that holding a request adds: weight, floors, fair shares, groups, being held as published."""
    gain = data.gain[request]
    for side in range(requests.SENDER, requests.RECEIVER + 1):
        firm = data.requests[request, side]
        gain += data.firm_worth[worth_of(data, firm, state.firm_count[firm])]
    if data.group_sizes.shape[0]:
        gain += group_gain(data, state, request, 1)
    if data.requests[request, requests.PUBLISHED]:
        gain += data.factors[factors.DROPPED] + repeated_gain(data, state, request)
    return gain


@kernel
def insertion_gain(
    data: Data, state: State, request: int, start: int, group: int, option: int, interpreter: int
) -> float:
    """The change of the score by holding `request`, which is not held, so.

    Reads the state only. It needs no place that is allowed, but people who are free there: their
    neighbours are the nearest meetings of the day.
    """
    gain = base_gain(data, state, request)
    end = end_of(data, request, start)
    hall = data.groups[group, groups.HALL]
    for k in people_of(data, option):
        gain += person_gain(data, state, data.option_people[k], start, end, hall)
    if data.requests[request, requests.PUBLISHED]:
        gain += published_gain(data, state, request, start, group, option, interpreter)
    return gain


@inlined
def keeps_precedences(data: Data, state: State, request: int, start: int, end: int) -> bool:
    """Whether a request held in [start, end] keeps its precedences with those that are held (H11)."""
    for k in before_of(data, request):
        other = data.before[k]
        first = state.held[other, held.SLOT]
        if first >= 0 and end_of(data, other, first) >= start:
            return False
    for k in after_of(data, request):
        other = data.after[k]
        if state.held[other, held.SLOT] >= 0 and state.held[other, held.SLOT] <= end:
            return False
    return True


@inlined
def may_interpret(data: Data, interpreter: int, start: int, end: int, group: int) -> bool:
    """Whether an interpreter is tied to no other group of places in [start, end] (H14)."""
    if data.stations.shape[0] == 0:
        return True
    number = interpreter - data.rules[rules.ATTENDEES]
    for slot in range(start, end + 1):
        if data.stations[number, slot] != ANYWHERE and data.stations[number, slot] != group:
            return False
    return True


@inlined
def interpreter_fits(data: Data, state: State, interpreter: int, start: int, end: int, group: int) -> bool:
    """Whether an interpreter is free for a group in [start, end] and gets there and away in time."""
    if not may_interpret(data, interpreter, start, end, group):
        return False
    for slot in range(start, end + 1):
        if not state.open[interpreter, slot >> 6] & bit(slot):
            return False
    return can_walk(data, state, interpreter, start, end, data.groups[group, groups.HALL])


@inlined
def interpreter_has_skill(data: Data, option: int, interpreter: int) -> bool:
    """Whether `interpreter`, or none (-1), is what the people of `option` need."""
    need = data.options[option, options.CLASS]
    if need < 0 or interpreter < 0:
        return need < 0 and interpreter < 0
    number = interpreter - data.rules[rules.ATTENDEES]
    return (data.class_words[need, number >> 6] & bit(number)) != ZERO


@inlined
def find_interpreter(
    data: Data, state: State, need: int, start: int, end: int, group: int, first_word: int
) -> int:
    """A free interpreter of a class who gets there in time, or -1. The search begins at word `first_word`.

    One who is tied to the group comes before those who could go elsewhere.
    """
    hall = data.groups[group, groups.HALL]
    found = -1
    word_count = state.interpreters_free.shape[1]
    for step in range(word_count):
        word = first_word + step
        if word >= word_count:
            word -= word_count
        rest = data.class_words[need, word]
        for slot in range(start, end + 1):
            rest &= state.interpreters_free[slot, word]
        while rest != ZERO:
            interpreter = data.rules[rules.ATTENDEES] + (word << 6) + lowest_bit(rest)
            rest &= rest - bit(0)
            if not can_walk(data, state, interpreter, start, end, hall):
                continue
            if data.stations.shape[0] == 0:
                return interpreter
            if may_interpret(data, interpreter, start, end, group):
                if data.stations[interpreter - data.rules[rules.ATTENDEES], start] == group:
                    return interpreter
                if found < 0:
                    found = interpreter
    return found


@kernel
def is_feasible(
    data: Data, state: State, request: int, start: int, group: int, option: int, interpreter: int
) -> bool:
    """Whether holding `request`, which is not held, so keeps every hard rule but H12 and H13.

    Reads the state only. `interpreter` has to be one whom the option needs, or -1: see `is_able`.
    """
    end = end_of(data, request, start)
    hall = data.groups[group, groups.HALL]
    if not (data.starts[request, start >> 6] & bit(start)):
        return False
    for slot in range(start, end + 1):
        if state.room[group, slot] <= 0:
            return False
    for side in range(requests.SENDER, requests.RECEIVER + 1):
        if not (state.firm_open[data.requests[request, side], start >> 6] & bit(start)):
            return False
    for k in people_of(data, option):
        person = data.option_people[k]
        for slot in range(start, end + 1):
            if not (state.open[person, slot >> 6] & bit(slot)):
                return False
        if not can_walk(data, state, person, start, end, hall):
            return False
    if interpreter >= 0 and not interpreter_fits(data, state, interpreter, start, end, group):
        return False
    if not keeps_spacing(data, state, option, start, end):
        return False
    return keeps_precedences(data, state, request, start, end)
