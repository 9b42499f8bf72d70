"""How often people meet each other a day (H15), their meetings in a row (H16), and their days (H17)."""

from __future__ import annotations

from scheduler.solver.compiled.kernels import inlined, kernel
from scheduler.solver.instance.arrays import Data
from scheduler.solver.instance.columns import options, people, rules, slots
from scheduler.solver.instance.ranges import people_of
from scheduler.solver.state.state import State


@inlined
def are_opposite(data: Data, person: int, other: int) -> bool:
    """Whether two attendees of a meeting sit on different sides of it."""
    return data.people[person, people.FIRM] != data.people[other, people.FIRM]


@inlined
def shared_at(state: State, person: int, other: int, slot: int) -> int:
    """The meeting that two people have with each other from a slot on, or -1."""
    request = state.at[person, slot]
    is_shared = request >= 0 and state.at[other, slot] == request
    return request if is_shared and (slot == 0 or state.at[person, slot - 1] != request) else -1


@kernel
def count_shared(data: Data, state: State, person: int, other: int, start: int) -> int:
    """How many meetings two people have with each other on the day of slot `start`."""
    count = 0
    for slot in range(data.slots[start, slots.FIRST], data.slots[start, slots.LAST] + 1):
        if shared_at(state, person, other, slot) >= 0:
            count += 1
    return count


@kernel
def _keeps_pairs(data: Data, state: State, option: int, start: int) -> bool:
    """Whether no two people of an option meet each other too often on the day of slot `start`."""
    for k in people_of(data, option):
        for j in range(k + 1, data.options[option, options.PEOPLE_END]):
            person, other = data.option_people[k], data.option_people[j]
            if (
                are_opposite(data, person, other)
                and count_shared(data, state, person, other, start) >= data.rules[rules.PAIR_CAP]
            ):
                return False
    return True


@inlined
def row_before(data: Data, state: State, person: int, start: int) -> int:
    """The first slot of the meetings in a row that end right before slot `start`, or `start`."""
    slot = start
    while slot > 0 and data.slots[slot - 1, slots.ROOM] > 1 and state.at[person, slot - 1] >= 0:
        slot -= 1
    return slot


@inlined
def row_after(data: Data, state: State, person: int, end: int) -> int:
    """The last slot of the meetings in a row that begin right after slot `end`, or `end`."""
    slot = end
    while data.slots[slot, slots.ROOM] > 1 and state.at[person, slot + 1] >= 0:
        slot += 1
    return slot


@kernel
def count_row(data: Data, state: State, person: int, start: int, end: int) -> int:
    """How many meetings a person has in a row right before and right after [start, end]."""
    count = 0
    last = -1
    for slot in range(row_before(data, state, person, start), start):
        if state.at[person, slot] != last:
            count += 1
        last = state.at[person, slot]
    for slot in range(end + 1, row_after(data, state, person, end) + 1):
        if state.at[person, slot] != last:
            count += 1
        last = state.at[person, slot]
    return count


@kernel
def _keeps_rows(data: Data, state: State, option: int, start: int, end: int) -> bool:
    """Whether nobody of an option gets too many meetings in a row by one in [start, end]."""
    for k in people_of(data, option):
        person = data.option_people[k]
        if count_row(data, state, person, start, end) >= data.people[person, people.ROW_CAP]:
            return False
    return True


@kernel
def is_day_too_many(data: Data, state: State, person: int, day: int) -> bool:
    """Whether a person has no meeting on a day, and meetings on as many others as they may."""
    if state.day_count[person, day] > 0:
        return False
    count = 0
    for other in range(state.day_count.shape[1]):
        if state.day_count[person, other] > 0:
            count += 1
    return count >= data.people[person, people.DAYS_CAP]


@kernel
def _keeps_days(data: Data, state: State, option: int, start: int) -> bool:
    """Whether for nobody of an option the day of slot `start` is one too many."""
    for k in people_of(data, option):
        if is_day_too_many(data, state, data.option_people[k], data.slots[start, slots.DAY]):
            return False
    return True


@inlined
def keeps_spacing(data: Data, state: State, option: int, start: int, end: int) -> bool:
    """Whether a request, not held, may be held in [start, end] by the people of an option (H15 to H17)."""
    if data.rules[rules.PAIR_CAP] >= 0 and not _keeps_pairs(data, state, option, start):
        return False
    if data.rules[rules.ROW_CAPS] and not _keeps_rows(data, state, option, start, end):
        return False
    return not data.rules[rules.DAYS_CAPS] or _keeps_days(data, state, option, start)
