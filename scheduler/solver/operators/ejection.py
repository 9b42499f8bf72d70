"""A meeting takes its place by force; what stood there is queued, to be settled elsewhere."""

from __future__ import annotations

import numpy as np

from scheduler.solver.compiled.kernels import (
    ZERO,
    Words,
    below,
    bit,
    chance,
    draw,
    first_set,
    inlined,
    kernel,
    last_set,
    lowest_bit,
)
from scheduler.solver.instance.arrays import Data
from scheduler.solver.instance.columns import factors, firms, groups, options, people, requests, rules, slots
from scheduler.solver.instance.ranges import after_of, before_of, options_of, people_of, published_people_of
from scheduler.solver.state.columns import held
from scheduler.solver.state.delta import earliest_start, fits, interpreter_fits
from scheduler.solver.state.placement import interpreter_for
from scheduler.solver.state.state import State, at_home
from scheduler.solver.state.steps import hold, release

MOST_VICTIMS = 12
UNBEARABLE = 1e18


@inlined
def may_move(data: Data, request: int) -> bool:
    """Whether a held request may be moved."""
    return data.requests[request, requests.LOCKED] == 0


@kernel
def _eject(data: Data, state: State, request: int, stamp: int) -> bool:
    """Put a held request on the list of victims; whether it may be one."""
    n = state.victim_count
    for k in range(n):
        if state.victims[k] == request:
            return True
    if state.mark[request] == stamp or n >= MOST_VICTIMS or not may_move(data, request):
        return False
    state.victims[n] = request
    state.victim_count = n + 1
    return True


@kernel
def _eject_person(data: Data, state: State, person: int, start: int, end: int, hall: int, stamp: int) -> bool:
    """Make a person free in [start, end], with time to walk before and after."""
    for slot in range(start, end + 1):
        if not (data.avail[person, slot >> 6] & bit(slot)):
            return False
        if state.at[person, slot] >= 0 and not _eject(data, state, state.at[person, slot], stamp):
            return False
    before = last_set(state.occupied, person, start, data.slots[start, slots.FIRST])
    if (
        before >= 0
        and earliest_start(data, state.hall_at[person, before], hall, before) > start
        and not _eject(data, state, state.at[person, before], stamp)
    ):
        return False
    after = first_set(state.occupied, person, end + 1, data.slots[start, slots.LAST])
    return (
        after < 0
        or earliest_start(data, hall, state.hall_at[person, after], end) <= after
        or _eject(data, state, state.at[person, after], stamp)
    )


@inlined
def worth(data: Data, state: State, request: int) -> float:
    """What the plan loses with a held request, idle time and walking aside."""
    loss = data.gain[request]
    for side in range(requests.SENDER, requests.RECEIVER + 1):
        firm = data.requests[request, side]
        if state.firm_count[firm] <= data.firms[firm, firms.FLOOR]:
            loss += data.factors[factors.SHORTFALL]
    if data.requests[request, requests.PUBLISHED]:
        loss += data.factors[factors.DROPPED]
        if at_home(data, state, request):
            for k in published_people_of(data, request):
                loss += data.factors[factors.REPEATED] * state.changed_of[data.published_people[k]]
    return loss


@inlined
def _eject_for_cap(data: Data, state: State, person: int, day: int, start: int, stamp: int) -> bool:
    """Bring a person's day, that is full, below its cap."""
    for k in range(state.victim_count):
        request = state.victims[k]
        if data.slots[state.held[request, held.SLOT], slots.DAY] == day:
            for slot in range(
                state.held[request, held.SLOT],
                state.held[request, held.SLOT] + data.requests[request, requests.LENGTH],
            ):
                if state.at[person, slot] == request:
                    return True
    lightest = -1
    least = UNBEARABLE
    for slot in range(data.slots[start, slots.FIRST], data.slots[start, slots.LAST] + 1):
        request = state.at[person, slot]
        if request >= 0:
            loss = worth(data, state, request) * (1.0 + chance(state.rng))
            if loss < least and state.mark[request] != stamp and may_move(data, request):
                least = loss
                lightest = request
    return lightest >= 0 and _eject(data, state, lightest, stamp)


@inlined
def _eject_firm(data: Data, state: State, request: int, start: int) -> bool:
    """Whether the firms' caps leave the day open, victims aside."""
    day = data.slots[start, slots.DAY]
    for side in range(requests.SENDER, requests.RECEIVER + 1):
        firm = data.requests[request, side]
        n = state.firm_day[firm, day]
        for k in range(state.victim_count):
            victim = state.victims[k]
            if (
                data.requests[victim, requests.SENDER] == firm
                or data.requests[victim, requests.RECEIVER] == firm
            ) and data.slots[state.held[victim, held.SLOT], slots.DAY] == day:
                n -= 1
        if n >= data.firms[firm, firms.CAP]:
            return False
    return True


@inlined
def _eject_seat(data: Data, state: State, group: int, slot: int, stamp: int) -> bool:
    """Make room in a group of places in one slot."""
    if state.room[group, slot] > 0:
        return True
    if data.seats[group, slot] == 0:
        return False
    row = data.groups[group, groups.FIRST_SEAT] + slot * data.groups[group, groups.SEATS]
    for k in range(data.seats[group, slot]):
        for k2 in range(state.victim_count):
            if state.victims[k2] == state.seated[row + k]:
                return True
    return _eject(data, state, state.seated[row + below(state.rng, data.seats[group, slot])], stamp)


@inlined
def _eject_order(data: Data, state: State, request: int, start: int, end: int, stamp: int) -> bool:
    """Take away what precedences forbid beside a meeting in [start, end]."""
    for k in before_of(data, request):
        other = data.before[k]
        begin = state.held[other, held.SLOT]
        if (
            begin >= 0
            and begin + data.requests[other, requests.LENGTH] > start
            and not _eject(data, state, other, stamp)
        ):
            return False
    for k in after_of(data, request):
        other = data.after[k]
        begin = state.held[other, held.SLOT]
        if begin >= 0 and begin <= end and not _eject(data, state, other, stamp):
            return False
    return True


@kernel
def list_victims(
    data: Data, state: State, request: int, start: int, group: int, option: int, stamp: int
) -> bool:
    """List the meetings in the way of `request` there; whether all of them may be moved."""
    state.victim_count = 0
    end = start + data.requests[request, requests.LENGTH] - 1
    if (
        not (data.starts[request, start >> 6] & bit(start))
        or data.slots[start, slots.ROOM] < data.requests[request, requests.LENGTH]
    ):
        return False
    hall = data.groups[group, groups.HALL]
    for k in people_of(data, option):
        if not _eject_person(data, state, data.option_people[k], start, end, hall, stamp):
            return False
    for slot in range(start, end + 1):
        if not _eject_seat(data, state, group, slot, stamp):
            return False
    if not _eject_order(data, state, request, start, end, stamp):
        return False
    day = data.slots[start, slots.DAY]
    for k in people_of(data, option):
        person = data.option_people[k]
        if state.day_count[person, day] >= data.people[person, people.CAP] and not _eject_for_cap(
            data, state, person, day, start, stamp
        ):
            return False
    return not data.rules[rules.FIRM_CAPS] or _eject_firm(data, state, request, start)


@kernel
def _free_interpreter(
    data: Data, state: State, request: int, option: int, start: int, hall: int, stamp: int
) -> int:
    """An interpreter for the meeting, taken from another one if need be; -2 if there is none."""
    end = start + data.requests[request, requests.LENGTH] - 1
    interpreter = interpreter_for(data, state, request, option, start, end, hall)
    if interpreter != -2:
        return interpreter
    word_count = state.interpreters_free.shape[1]
    word = below(state.rng, word_count)
    able = data.class_words[data.options[option, options.CLASS], word]
    if able == ZERO:
        return -2
    interpreter = data.rules[rules.ATTENDEES] + (word << 6) + random_bit(state.rng, able)
    state.victim_count = 0
    if not _eject_person(data, state, interpreter, start, end, hall, stamp):
        return -2
    _release_victims(data, state)
    return interpreter if interpreter_fits(data, state, interpreter, start, end, hall) else -2


@inlined
def random_bit(rng: Words, word: np.uint64) -> int:
    """The position of a random set bit of a word that is not 0."""
    n = 0
    rest = word
    while rest != ZERO:
        rest &= rest - bit(0)
        n += 1
    rest = word
    for _ in range(below(rng, n)):
        rest &= rest - bit(0)
    return lowest_bit(rest)


@inlined
def _release_victims(data: Data, state: State) -> None:
    for k in range(state.victim_count):
        release(data, state, state.victims[k])
        state.queue[state.queued] = state.victims[k]
        state.queued += 1


@kernel
def force(data: Data, state: State, request: int, start: int, group: int, option: int, stamp: int) -> bool:
    """Hold `request`, not held now, there; what was in the way is queued. False: undo what was done."""
    if not list_victims(data, state, request, start, group, option, stamp):
        return False
    _release_victims(data, state)
    interpreter = _free_interpreter(
        data, state, request, option, start, data.groups[group, groups.HALL], stamp
    )
    if interpreter == -2 or not fits(data, state, request, start, group, option, interpreter):
        return False
    hold(data, state, request, start, group, option, interpreter)
    state.mark[request] = stamp
    return True


@kernel
def random_start(data: Data, state: State, request: int, option: int) -> int:
    """A random start slot in which the people of an option are available, busy or not; -1 if none."""
    word_count = state.open.shape[1]
    turn = below(state.rng, word_count)
    for step in range(word_count):
        word = turn + step
        if word >= word_count:
            word -= word_count
        able = data.starts[request, word]
        for k in people_of(data, option):
            able &= data.avail[data.option_people[k], word]
        if able != ZERO:
            return (word << 6) + random_bit(state.rng, able)
    return -1


@inlined
def random_option(data: Data, state: State, request: int) -> int:
    """A random option of a request, or -1."""
    n = data.requests[request, requests.OPTIONS_END] - data.requests[request, requests.OPTIONS_BEGIN]
    return data.requests[request, requests.OPTIONS_BEGIN] + below(state.rng, n) if n > 0 else -1


@inlined
def random_group(data: Data, state: State, request: int, start: int) -> int:
    """A random group of places of a request, with room in slot `start` if two draws find one; or -1."""
    n = data.requests[request, requests.GROUPS_END] - data.requests[request, requests.GROUPS_BEGIN]
    if n == 0:
        return -1
    group = data.group_list[data.requests[request, requests.GROUPS_BEGIN] + below(state.rng, n)]
    if state.room[group, start] <= 0:
        group = data.group_list[data.requests[request, requests.GROUPS_BEGIN] + below(state.rng, n)]
    return group


@inlined
def lightest_of_day(data: Data, state: State, person: int, start: int) -> float:
    """The least worth of a person's meetings on the day of slot `start`."""
    least = UNBEARABLE
    for slot in range(data.slots[start, slots.FIRST], data.slots[start, slots.LAST] + 1):
        if state.at[person, slot] >= 0:
            least = min(least, worth(data, state, state.at[person, slot]))
    return least


@kernel
def worth_in_way(
    data: Data, state: State, request: int, start: int, option: int, group: int, stamp: int, most: float
) -> float:
    """The worth of what stands where `request` would be held, about; UNBEARABLE if it has to stay.

    Adds up no further once it is beyond `most`.
    """
    end = start + data.requests[request, requests.LENGTH] - 1
    total = 0.0
    last = -1
    for k in people_of(data, option):
        person = data.option_people[k]
        own = -1
        for slot in range(start, end + 1):
            victim = state.at[person, slot]
            if victim >= 0:
                own = victim
                if victim != last:
                    if state.mark[victim] == stamp or not may_move(data, victim):
                        return UNBEARABLE
                    total += worth(data, state, victim)
                    if total >= most:
                        return total
                    last = victim
        if (
            own < 0
            and state.day_count[person, data.slots[start, slots.DAY]] >= data.people[person, people.CAP]
        ):
            total += lightest_of_day(data, state, person, start)
    if state.room[group, start] <= 0:
        victim = state.seated[
            data.groups[group, groups.FIRST_SEAT] + start * data.groups[group, groups.SEATS]
        ]
        if data.seats[group, start] == 0 or state.mark[victim] == stamp or not may_move(data, victim):
            return UNBEARABLE
        if victim != last:
            total += worth(data, state, victim)
    return total


@kernel
def force_cheaply(data: Data, state: State, request: int, stamp: int) -> bool:
    """Force `request` in where, of a random half of its slots, the least worth is in the way."""
    least = UNBEARABLE
    best_start, best_group, best_option = -1, -1, -1
    for option in options_of(data, request):
        for word in range(state.open.shape[1]):
            rest = data.starts[request, word] & draw(state.rng)
            for k in people_of(data, option):
                rest &= data.avail[data.option_people[k], word]
            while rest != ZERO:
                start = (word << 6) + lowest_bit(rest)
                rest &= rest - bit(0)
                group = random_group(data, state, request, start)
                if group < 0:
                    return False
                luck = 1.0 + chance(state.rng)
                cost = worth_in_way(data, state, request, start, option, group, stamp, least / luck) * luck
                if cost < least:
                    least = cost
                    best_start, best_group, best_option = start, group, option
    return best_start >= 0 and force(data, state, request, best_start, best_group, best_option, stamp)
