"""Link and unlink: a request is held, or no longer, in all tables of the state."""

from __future__ import annotations

from scheduler.solver.compiled.kernels import bit, inlined, kernel
from scheduler.solver.instance.arrays import Data
from scheduler.solver.instance.columns import firms, groups, people, requests, rules, slots
from scheduler.solver.instance.ranges import (
    end_of,
    first_seat,
    groups_of_firm,
    people_of,
    published_people_of,
)
from scheduler.solver.state.columns import held
from scheduler.solver.state.state import State


@inlined
def place_of(state: State, request: int) -> tuple[int, int, int, int]:
    """Slot, group, option and interpreter of a held request."""
    return (
        state.held[request, held.SLOT],
        state.held[request, held.GROUP],
        state.held[request, held.OPTION],
        state.held[request, held.INTERPRETER],
    )


@inlined
def is_as_published(data: Data, state: State, request: int) -> bool:
    """Whether a held request is as it was published. Its table is chosen later, in `plans/seating`."""
    return (
        data.requests[request, requests.PUBLISHED_SLOT] == state.held[request, held.SLOT]
        and data.requests[request, requests.PUBLISHED_GROUP] == state.held[request, held.GROUP]
        and data.requests[request, requests.PUBLISHED_OPTION] == state.held[request, held.OPTION]
        and data.requests[request, requests.PUBLISHED_INTERPRETER] == state.held[request, held.INTERPRETER]
    )


@kernel
def link(
    data: Data, state: State, request: int, start: int, group: int, option: int, interpreter: int
) -> None:
    """Hold `request`, which is not held, from slot `start` in `group` with the people of `option`.

    Changes all tables of the state, but neither the log, the score nor the idle figures. It checks
    nothing: the people, the interpreter (or -1) and a seat have to be free.
    """
    end = end_of(data, request, start)
    hall = data.groups[group, groups.HALL]
    for k in people_of(data, option):
        _busy(data, state, data.option_people[k], request, start, end, hall)
    if interpreter >= 0:
        _busy(data, state, interpreter, request, start, end, hall)
        number = interpreter - data.rules[rules.ATTENDEES]
        for slot in range(start, end + 1):
            state.interpreters_free[slot, number >> 6] &= ~bit(number)
    _take_seat(data, state, group, request, start, end)
    _count_firms(data, state, request, start, 1)
    last = state.unscheduled[state.unscheduled_count - 1]
    state.unscheduled[state.unscheduled_at[request]] = last
    state.unscheduled_at[last] = state.unscheduled_at[request]
    state.unscheduled_at[request] = -1
    state.unscheduled_count -= 1
    state.held[request, held.SLOT] = start
    state.held[request, held.GROUP] = group
    state.held[request, held.OPTION] = option
    state.held[request, held.INTERPRETER] = interpreter
    if data.requests[request, requests.PUBLISHED] and is_as_published(data, state, request):
        _count_change(data, state, request, -1)


@kernel
def unlink(data: Data, state: State, request: int) -> None:
    """Hold `request`, which is held, no longer: the exact opposite of `link`.

    The row in `held` keeps its other columns, and seats of a group may change order.
    """
    start = state.held[request, held.SLOT]
    end = end_of(data, request, start)
    interpreter = state.held[request, held.INTERPRETER]
    option = state.held[request, held.OPTION]
    if data.requests[request, requests.PUBLISHED] and is_as_published(data, state, request):
        _count_change(data, state, request, 1)
    for k in people_of(data, option):
        _free(data, state, data.option_people[k], start, end)
    if interpreter >= 0:
        _free(data, state, interpreter, start, end)
        number = interpreter - data.rules[rules.ATTENDEES]
        for slot in range(start, end + 1):
            state.interpreters_free[slot, number >> 6] |= bit(number)
    _leave_seat(data, state, state.held[request, held.GROUP], request, start, end)
    _count_firms(data, state, request, start, -1)
    state.unscheduled_at[request] = state.unscheduled_count
    state.unscheduled[state.unscheduled_count] = request
    state.unscheduled_count += 1
    state.held[request, held.SLOT] = -1


@inlined
def _busy(data: Data, state: State, person: int, request: int, start: int, end: int, hall: int) -> None:
    """Put a request into a person's slots, and close the day if that reaches the person's cap."""
    for slot in range(start, end + 1):
        state.at[person, slot] = request
        state.hall_at[person, slot] = hall
        state.occupied[person, slot >> 6] |= bit(slot)
        state.open[person, slot >> 6] &= ~bit(slot)
    day = data.slots[start, slots.DAY]
    state.day_count[person, day] += 1
    if state.day_count[person, day] == data.people[person, people.CAP]:
        for word in range(data.avail.shape[1]):
            state.full[person, word] |= data.day_words[day, word]
            state.open[person, word] &= ~data.day_words[day, word]


@inlined
def _free(data: Data, state: State, person: int, start: int, end: int) -> None:
    """Take a request out of a person's slots, and open the day again if it was at the person's cap."""
    for slot in range(start, end + 1):
        state.at[person, slot] = -1
        state.occupied[person, slot >> 6] &= ~bit(slot)
    day = data.slots[start, slots.DAY]
    if state.day_count[person, day] == data.people[person, people.CAP]:
        for word in range(data.avail.shape[1]):
            state.full[person, word] &= ~data.day_words[day, word]
            state.open[person, word] = (
                data.avail[person, word] & ~state.occupied[person, word] & ~state.full[person, word]
            )
    else:
        for slot in range(start, end + 1):
            state.open[person, slot >> 6] |= bit(slot) & ~state.full[person, slot >> 6]
    state.day_count[person, day] -= 1


@inlined
def _take_seat(data: Data, state: State, group: int, request: int, start: int, end: int) -> None:
    """Give a request a seat of a group in each of its slots."""
    for slot in range(start, end + 1):
        taken = data.seats[group, slot] - state.room[group, slot]
        state.seated[first_seat(data, group, slot) + taken] = request
        state.room[group, slot] -= 1
        if state.room[group, slot] == 0:
            state.group_open[group, slot >> 6] &= ~bit(slot)


@inlined
def _leave_seat(data: Data, state: State, group: int, request: int, start: int, end: int) -> None:
    """Take a request's seats back. The last meeting of the list moves to its place there."""
    for slot in range(start, end + 1):
        row = first_seat(data, group, slot)
        last = row + data.seats[group, slot] - state.room[group, slot] - 1
        for k in range(row, last):
            if state.seated[k] == request:
                state.seated[k] = state.seated[last]
                break
        state.room[group, slot] += 1
        state.group_open[group, slot >> 6] |= bit(slot)


@inlined
def _count_firms(data: Data, state: State, request: int, start: int, step: int) -> None:
    """Count a meeting of both firms, one more or one less, and open or close their day by their caps."""
    day = data.slots[start, slots.DAY]
    for side in range(requests.SENDER, requests.RECEIVER + 1):
        firm = data.requests[request, side]
        state.firm_count[firm] += step
        for k in groups_of_firm(data, firm):
            state.group_count[data.firm_groups[k]] += step
        if data.rules[rules.FIRM_CAPS]:
            state.firm_day[firm, day] += step
            for word in range(data.avail.shape[1]):
                if state.firm_day[firm, day] >= data.firms[firm, firms.CAP]:
                    state.firm_open[firm, word] &= ~data.day_words[day, word]
                else:
                    state.firm_open[firm, word] |= data.day_words[day, word]


@inlined
def _count_change(data: Data, state: State, request: int, step: int) -> None:
    """Count published `request` as changed (step 1), or no longer (step -1)."""
    state.changed += step * data.requests[request, requests.COUNTED]
    for k in published_people_of(data, request):
        state.changed_of[data.published_people[k]] += step
