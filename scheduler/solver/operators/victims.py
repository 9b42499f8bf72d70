"""Victims: the held meetings that stand where a request is to be held, and what they are worth."""

from __future__ import annotations

from scheduler.solver.compiled.kernels import (
    bit,
    first_set,
    inlined,
    kernel,
    last_set,
    random_below,
    random_unit,
)
from scheduler.solver.instance.arrays import Data
from scheduler.solver.instance.columns import factors, firms, groups, options, people, requests, rules, slots
from scheduler.solver.instance.ranges import (
    after_of,
    before_of,
    end_of,
    first_seat,
    people_of,
    published_people_of,
    worth_of,
)
from scheduler.solver.operators.draws import may_move
from scheduler.solver.state.columns import held
from scheduler.solver.state.delta import earliest_start, group_gain
from scheduler.solver.state.linking import is_as_published
from scheduler.solver.state.sizes import MAX_VICTIMS
from scheduler.solver.state.spacing import are_opposite, is_day_too_many, row_after, row_before, shared_at
from scheduler.solver.state.state import State
from scheduler.solver.state.steps import release

FORBIDDEN = 1e18


@inlined
def meeting_worth(data: Data, state: State, request: int) -> float:
    """What the plan loses with a held request, not counting idle time and walking."""
    loss = data.gain[request]
    for side in range(requests.SENDER, requests.RECEIVER + 1):
        firm = data.requests[request, side]
        loss += data.firm_worth[worth_of(data, firm, state.firm_count[firm] - 1)]
    if data.group_sizes.shape[0]:
        loss -= group_gain(data, state, request, -1)
    if data.requests[request, requests.PUBLISHED]:
        loss += data.factors[factors.DROPPED]
        if is_as_published(data, state, request):
            for k in published_people_of(data, request):
                loss += data.factors[factors.REPEATED] * state.changed_of[data.published_people[k]]
    return loss


@kernel
def _eject(data: Data, state: State, request: int, stamp: int) -> bool:
    """Put a held request on the list of victims, once. Returns whether it may be one.

    It may not if this move placed it already, if it is locked, or if the list is full.
    """
    n = state.victim_count
    for k in range(n):
        if state.victims[k] == request:
            return True
    if state.mark[request] == stamp or n >= MAX_VICTIMS or not may_move(data, request):
        return False
    state.victims[n] = request
    state.victim_count = n + 1
    return True


@kernel
def eject_person(data: Data, state: State, person: int, start: int, end: int, hall: int, stamp: int) -> bool:
    """List the meetings that keep a person from one in [start, end] in a hall. False if one has to stay.

    They are those in its slots, and its neighbours if the walk is too short. False too where the person
    is away.
    """
    for slot in range(start, end + 1):
        if not (data.avail[person, slot >> 6] & bit(slot)):
            return False
        if state.at[person, slot] >= 0 and not _eject(data, state, state.at[person, slot], stamp):
            return False
    before = last_set(state.occupied, person, start, data.slots[start, slots.WALK_FIRST])
    if (
        before >= 0
        and earliest_start(data, state.hall_at[person, before], hall, before) > start
        and not _eject(data, state, state.at[person, before], stamp)
    ):
        return False
    after = first_set(state.occupied, person, end + 1, data.slots[start, slots.WALK_LAST])
    return (
        after < 0
        or earliest_start(data, hall, state.hall_at[person, after], end) <= after
        or _eject(data, state, state.at[person, after], stamp)
    )


@inlined
def _eject_seat(data: Data, state: State, group: int, slot: int, stamp: int) -> bool:
    """List a random meeting of a group that is full in a slot, unless a victim leaves it already."""
    if state.room[group, slot] > 0:
        return True
    if data.seats[group, slot] == 0:
        return False
    row = first_seat(data, group, slot)
    for k in range(data.seats[group, slot]):
        for j in range(state.victim_count):
            if state.victims[j] == state.seated[row + k]:
                return True
    return _eject(data, state, state.seated[row + random_below(state.rng, data.seats[group, slot])], stamp)


@inlined
def eject_order(data: Data, state: State, request: int, start: int, end: int, stamp: int) -> bool:
    """List the meetings that precedences forbid beside one in [start, end]."""
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


@inlined
def _eject_for_cap(data: Data, state: State, person: int, day: int, start: int, stamp: int) -> bool:
    """List about the lightest meeting of a person's full day, unless a victim leaves that day already."""
    for k in range(state.victim_count):
        victim = state.victims[k]
        first = state.held[victim, held.SLOT]
        if data.slots[first, slots.DAY] == day:
            for slot in range(first, end_of(data, victim, first) + 1):
                if state.at[person, slot] == victim:
                    return True
    lightest = -1
    least = FORBIDDEN
    for slot in range(data.slots[start, slots.FIRST], data.slots[start, slots.LAST] + 1):
        request = state.at[person, slot]
        if request >= 0:
            loss = meeting_worth(data, state, request) * (1.0 + random_unit(state.rng))
            if loss < least and state.mark[request] != stamp and may_move(data, request):
                least = loss
                lightest = request
    return lightest >= 0 and _eject(data, state, lightest, stamp)


@inlined
def _eject_firm(data: Data, state: State, request: int, start: int) -> bool:
    """Whether the firms' caps leave the day open once the victims are out. A firm's cap ejects nothing."""
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
def _is_victim(state: State, request: int) -> bool:
    for k in range(state.victim_count):  # noqa: SIM110 -- a kernel has no generators
        if state.victims[k] == request:
            return True
    return False


@kernel
def _eject_pairs(data: Data, state: State, option: int, start: int, stamp: int) -> bool:
    """List meetings in which people of an option meet each other too often that day (H15)."""
    for k in people_of(data, option):
        for j in range(k + 1, data.options[option, options.PEOPLE_END]):
            person, other = data.option_people[k], data.option_people[j]
            if not are_opposite(data, person, other):
                continue
            left = 0
            for slot in range(data.slots[start, slots.FIRST], data.slots[start, slots.LAST] + 1):
                request = shared_at(state, person, other, slot)
                if request < 0 or _is_victim(state, request):
                    continue
                left += 1
                if left >= data.rules[rules.PAIR_CAP] and not _eject(data, state, request, stamp):
                    return False
    return True


@kernel
def _eject_row(data: Data, state: State, person: int, start: int, end: int, stamp: int) -> bool:
    """List the neighbours of [start, end] that give a person too many meetings in a row (H16)."""
    before, after = 0, 0
    last = -1
    slot = start - 1
    while slot >= row_before(data, state, person, start) and not _is_victim(state, state.at[person, slot]):
        if state.at[person, slot] != last:
            before += 1
        last = state.at[person, slot]
        slot -= 1
    slot = end + 1
    while slot <= row_after(data, state, person, end) and not _is_victim(state, state.at[person, slot]):
        if state.at[person, slot] != last:
            after += 1
        last = state.at[person, slot]
        slot += 1
    most = data.people[person, people.ROW_CAP] - 1
    if before + after <= most:
        return True
    if after > most or (before <= most and random_below(state.rng, 2) == 0):
        if not _eject(data, state, state.at[person, end + 1], stamp):
            return False
        after = 0
    return before + after <= most or _eject(data, state, state.at[person, start - 1], stamp)


@inlined
def _begins_at(state: State, person: int, slot: int) -> bool:
    """Whether a person has a meeting from a slot on that is no victim."""
    request = state.at[person, slot]
    is_later = slot > 0 and state.at[person, slot - 1] == request
    return request >= 0 and not is_later and not _is_victim(state, request)


@kernel
def _eject_day(data: Data, state: State, person: int, start: int, stamp: int) -> bool:
    """List all meetings of about the lightest other day of a person who has too many days (H17).

    Nothing where the victims leave such a day already. On a day with meetings that may not move, no day is
    listed in part: the next lightest is.
    """
    if not is_day_too_many(data, state, person, data.slots[start, slots.DAY]):
        return True
    lightest, least, count = -1, FORBIDDEN, 0
    slot = 0
    while slot < data.slots.shape[0]:
        first, last = data.slots[slot, slots.FIRST], data.slots[slot, slots.LAST]
        loss, is_used, can_leave = 0.0, False, True
        for each in range(first, last + 1):
            if _begins_at(state, person, each):
                request = state.at[person, each]
                is_used = True
                can_leave = can_leave and state.mark[request] != stamp and may_move(data, request)
                loss += meeting_worth(data, state, request)
        if is_used:
            count += 1
            loss *= 1.0 + random_unit(state.rng)
            if can_leave and loss < least:
                least, lightest = loss, first
        slot = last + 1
    if count < data.people[person, people.DAYS_CAP]:
        return True
    if lightest < 0:
        return False
    for each in range(lightest, data.slots[lightest, slots.LAST] + 1):
        if _begins_at(state, person, each) and not _eject(data, state, state.at[person, each], stamp):
            return False
    return True


@inlined
def _eject_spacing(data: Data, state: State, option: int, start: int, end: int, stamp: int) -> bool:
    """List meetings that H15 to H17 forbid beside one of an option in [start, end]."""
    if data.rules[rules.PAIR_CAP] >= 0 and not _eject_pairs(data, state, option, start, stamp):
        return False
    if data.rules[rules.ROW_CAPS]:
        for k in people_of(data, option):
            if not _eject_row(data, state, data.option_people[k], start, end, stamp):
                return False
    if data.rules[rules.DAYS_CAPS]:
        for k in people_of(data, option):
            if not _eject_day(data, state, data.option_people[k], start, stamp):
                return False
    return True


@kernel
def list_victims(
    data: Data, state: State, request: int, start: int, group: int, option: int, stamp: int
) -> bool:
    """List in `victims` the held meetings in the way of `request` there. False if one of them has to stay.

    `request` is not held. Nothing is released yet. False too if the start is not allowed or somebody is
    away.
    """
    state.victim_count = 0
    end = end_of(data, request, start)
    if (
        not (data.starts[request, start >> 6] & bit(start))
        or data.slots[start, slots.ROOM] < data.requests[request, requests.LENGTH]
    ):
        return False
    hall = data.groups[group, groups.HALL]
    for k in people_of(data, option):
        if not eject_person(data, state, data.option_people[k], start, end, hall, stamp):
            return False
    for slot in range(start, end + 1):
        if not _eject_seat(data, state, group, slot, stamp):
            return False
    if not eject_order(data, state, request, start, end, stamp):
        return False
    day = data.slots[start, slots.DAY]
    for k in people_of(data, option):
        person = data.option_people[k]
        if state.day_count[person, day] >= data.people[person, people.CAP] and not _eject_for_cap(
            data, state, person, day, start, stamp
        ):
            return False
    if not _eject_spacing(data, state, option, start, end, stamp):
        return False
    return not data.rules[rules.FIRM_CAPS] or _eject_firm(data, state, request, start)


@inlined
def release_victims(data: Data, state: State) -> None:
    """Release the listed meetings, log that, and append them to the queue."""
    for k in range(state.victim_count):
        release(data, state, state.victims[k])
        state.queue[state.queued] = state.victims[k]
        state.queued += 1


@inlined
def lightest_of_day(data: Data, state: State, person: int, start: int) -> float:
    """The least worth of a person's meetings on the day of slot `start`."""
    least = FORBIDDEN
    for slot in range(data.slots[start, slots.FIRST], data.slots[start, slots.LAST] + 1):
        if state.at[person, slot] >= 0:
            least = min(least, meeting_worth(data, state, state.at[person, slot]))
    return least


@kernel
def worth_in_way(
    data: Data, state: State, request: int, start: int, option: int, group: int, stamp: int, most: float
) -> float:
    """The approximate worth of the meetings where `request` would be held, UNBEARABLE if one has to stay.

    The sum ends once it is beyond `most`.
    """
    end = end_of(data, request, start)
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
                        return FORBIDDEN
                    total += meeting_worth(data, state, victim)
                    if total >= most:
                        return total
                    last = victim
        if (
            own < 0
            and state.day_count[person, data.slots[start, slots.DAY]] >= data.people[person, people.CAP]
        ):
            total += lightest_of_day(data, state, person, start)
    if state.room[group, start] <= 0:
        victim = state.seated[first_seat(data, group, start)]
        if data.seats[group, start] == 0 or state.mark[victim] == stamp or not may_move(data, victim):
            return FORBIDDEN
        if victim != last:
            total += meeting_worth(data, state, victim)
    return total
