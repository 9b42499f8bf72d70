"""Kernels of the search within a budget of people: hold a request and all that gives way, each somewhere.

It is a search in depth. The request is held at each start, in each group of places, with each choice of
people; then what gave way for it is, and so on, until nothing waits. Of a full group of places or a full day
each meeting gives way in turn. A branch ends where more people would move than the budget.

The oracle draws which meeting of a full day or table gives way, and orders candidates by points: beside an
exact model it moved more people than needed in two questions of thirty. This answer drops nothing and moves
the fewest people: a search in depth within a budget of people, one more each time, which cuts nearly every
branch, as each meeting that gives way brings its own people. Its stack stands in arrays, as numba cannot keep
a recursion in its cache. It ends after 200,000 places. For one start and place, where it finds nothing,
CP-SAT is asked: only a proof is called impossible. 620 firms: p95 30 to 58 ms by kind; as few people as
CP-SAT in 32 of 32 questions that it knows, of 50 (benchmarks.repair --full); it agrees with trying every plan
on 3,173 questions about small problems.
"""

from __future__ import annotations

from scheduler.solver.compiled.kernels import Int32s, bit, entry, inlined, kernel
from scheduler.solver.instance.arrays import Data
from scheduler.solver.instance.columns import firms, groups, options, people, requests, rules, slots
from scheduler.solver.instance.ranges import end_of, first_seat, people_of
from scheduler.solver.operators.draws import may_move
from scheduler.solver.operators.victims import eject_order, eject_person
from scheduler.solver.repair.depth_first import (
    GROUP,
    HELD,
    NEXT,
    OPTION,
    START,
    TURN,
    DepthFirst,
    backtrack,
    push_frame,
    record_solution,
    set_resume_point,
)
from scheduler.solver.state.columns import held
from scheduler.solver.state.delta import is_feasible
from scheduler.solver.state.placement import NONE_FREE, interpreter_for
from scheduler.solver.state.spacing import (
    are_opposite,
    count_row,
    count_shared,
    is_day_too_many,
    row_after,
    row_before,
    shared_at,
)
from scheduler.solver.state.state import State
from scheduler.solver.state.steps import hold, release

NOTHING, NOBODY = -1, -2
"""In place of a meeting: none is in the way, or one is, and none of them may give way."""


@inlined
def _move(data: Data, search: DepthFirst, option: int) -> bool:
    """Count the people of an option among those who move. False if these are too many then."""
    for k in people_of(data, option):
        person = data.option_people[k]
        is_new = True
        for j in range(search.moving_count):
            is_new = is_new and search.moving[j] != person
        if is_new:
            if search.moving_count >= search.budget:
                return False
            search.moving[search.moving_count] = person
            search.moving_count += 1
    return True


@inlined
def _give_way(data: Data, state: State, search: DepthFirst, request: int) -> bool:
    """Release a meeting, which then waits. False if too many people move, or too many meetings wait."""
    if search.waiting_count >= search.waiting.shape[0] or not _move(
        data, search, state.held[request, held.OPTION]
    ):
        return False
    release(data, state, request)
    search.waiting[search.waiting_count] = request
    search.waiting_count += 1
    return True


@inlined
def _next_of(data: Data, state: State, request: int, last: int, found: int) -> int:
    """The lower of two meetings that is above `last` and may give way. `found` may be NOBODY."""
    can = request > last and state.mark[request] != state.stamp and may_move(data, request)
    return request if can and (found < 0 or request < found) else found


@kernel
def _next_of_pair(data: Data, state: State, option: int, start: int, last: int) -> int:
    """As `_next_in_way`, of the meetings of two people who meet as often as they may that day."""
    for k in people_of(data, option):
        for j in range(k + 1, data.options[option, options.PEOPLE_END]):
            person, other = data.option_people[k], data.option_people[j]
            if (
                not are_opposite(data, person, other)
                or count_shared(data, state, person, other, start) < data.rules[rules.PAIR_CAP]
            ):
                continue
            found = NOBODY
            for slot in range(data.slots[start, slots.FIRST], data.slots[start, slots.LAST] + 1):
                if shared_at(state, person, other, slot) >= 0:
                    found = _next_of(data, state, state.at[person, slot], last, found)
            return found
    return NOTHING


@kernel
def _next_of_row(data: Data, state: State, option: int, start: int, end: int, last: int) -> int:
    """As `_next_in_way`, of the meetings that are in a row with [start, end], where these are too many."""
    for k in people_of(data, option):
        person = data.option_people[k]
        if count_row(data, state, person, start, end) < data.people[person, people.ROW_CAP]:
            continue
        found = NOBODY
        for slot in range(row_before(data, state, person, start), row_after(data, state, person, end) + 1):
            if state.at[person, slot] >= 0:
                found = _next_of(data, state, state.at[person, slot], last, found)
        return found
    return NOTHING


@kernel
def _next_of_days(data: Data, state: State, option: int, day: int, last: int) -> int:
    """As `_next_in_way`, of all meetings of a person for whom a day is one too many."""
    for k in people_of(data, option):
        person = data.option_people[k]
        if not is_day_too_many(data, state, person, day):
            continue
        found = NOBODY
        for slot in range(data.slots.shape[0]):
            if state.at[person, slot] >= 0:
                found = _next_of(data, state, state.at[person, slot], last, found)
        return found
    return NOTHING


@inlined
def _next_of_spacing(data: Data, state: State, option: int, start: int, end: int, last: int) -> int:
    """As `_next_in_way`, of the meetings that H15 to H17 forbid beside one in [start, end]."""
    found = NOTHING
    if data.rules[rules.PAIR_CAP] >= 0:
        found = _next_of_pair(data, state, option, start, last)
    if found == NOTHING and data.rules[rules.ROW_CAPS]:
        found = _next_of_row(data, state, option, start, end, last)
    if found == NOTHING and data.rules[rules.DAYS_CAPS]:
        found = _next_of_days(data, state, option, data.slots[start, slots.DAY], last)
    return found


@kernel
def _next_in_way(
    data: Data, state: State, request: int, start: int, group: int, option: int, last: int
) -> int:
    """The first meeting above `last` of a full group of places, day, pair, row or set of days.

    One of these meetings gives way.

    NOTHING if neither is full, NOBODY if there is no such meeting.
    """
    for slot in range(start, end_of(data, request, start) + 1):
        if state.room[group, slot] <= 0:
            found, row = NOBODY, first_seat(data, group, slot)
            for k in range(row, row + data.seats[group, slot]):
                found = _next_of(data, state, state.seated[k], last, found)
            return found
    day = data.slots[start, slots.DAY]
    for k in people_of(data, option):
        person = data.option_people[k]
        if state.day_count[person, day] >= data.people[person, people.CAP]:
            found = NOBODY
            for slot in range(data.slots[start, slots.FIRST], data.slots[start, slots.LAST] + 1):
                if state.at[person, slot] >= 0:
                    found = _next_of(data, state, state.at[person, slot], last, found)
            return found
    found = _next_of_spacing(data, state, option, start, end_of(data, request, start), last)
    if found != NOTHING:
        return found
    for side in range(requests.SENDER, requests.RECEIVER + 1):
        firm = data.requests[request, side]
        if data.rules[rules.FIRM_CAPS] and state.firm_day[firm, day] >= data.firms[firm, firms.CAP]:
            found = NOBODY
            for k in range(data.firms[firm, firms.REQUESTS_BEGIN], data.firms[firm, firms.REQUESTS_END]):
                first = state.held[data.firm_requests[k], held.SLOT]
                if first >= 0 and data.slots[first, slots.DAY] == day:
                    found = _next_of(data, state, data.firm_requests[k], last, found)
            return found
    return NOTHING


@kernel
def _musts_give_way(
    data: Data, state: State, search: DepthFirst, request: int, start: int, group: int, option: int
) -> bool:
    """Release the meetings that all have to give way: of the same people, and by their order."""
    end, hall = end_of(data, request, start), data.groups[group, groups.HALL]
    while True:
        state.victim_count = 0
        for k in people_of(data, option):
            if not eject_person(data, state, data.option_people[k], start, end, hall, state.stamp):
                return False
        if not eject_order(data, state, request, start, end, state.stamp):
            return False
        if state.victim_count == 0:
            return True
        for k in range(state.victim_count):
            if not _give_way(data, state, search, state.victims[k]):
                return False


@kernel
def _may_start(data: Data, state: State, search: DepthFirst, request: int, start: int, option: int) -> bool:
    """Whether a start is allowed, and the budget enough for the meetings of the same people, in any hall."""
    if (
        not (data.starts[request, start >> 6] & bit(start))
        or data.slots[start, slots.ROOM] < data.requests[request, requests.LENGTH]
    ):
        return False
    count, is_enough = search.moving_count, True
    for k in people_of(data, option):
        person = data.option_people[k]
        for slot in range(start, end_of(data, request, start) + 1):
            other = state.at[person, slot]
            if not is_enough or not (data.avail[person, slot >> 6] & bit(slot)):
                is_enough = False
            elif other >= 0:
                is_enough = (
                    state.mark[other] != state.stamp
                    and may_move(data, other)
                    and _move(data, search, state.held[other, held.OPTION])
                )
    search.moving_count = count
    return is_enough


@kernel
def _choose(data: Data, state: State, search: DepthFirst, depth: int) -> bool:
    """Push a frame for the next place of the meeting whose turn it is. False if all were tried."""
    turn, moving = search.frames[depth, TURN], search.moving_count
    request = search.waiting[turn]
    first = data.requests[request, requests.GROUPS_BEGIN]
    group_count = data.requests[request, requests.GROUPS_END] - first
    of_option = data.slots.shape[0] * group_count
    begin = data.requests[request, requests.OPTIONS_BEGIN]
    n = search.frames[depth, NEXT]  # the choice of options, starts and groups, counted through
    end = (data.requests[request, requests.OPTIONS_END] - begin) * of_option
    while n < end and search.steps > 0:
        search.steps -= 1
        search.moving_count = moving
        option, start = begin + n // of_option, n % of_option // group_count
        if turn > 0 and not _move(data, search, option):
            n += of_option - n % of_option
            continue
        if not _may_start(data, state, search, request, start, option):
            n += group_count - n % group_count
            continue
        group = data.group_list[first + n % group_count]
        n += 1
        is_new = turn > 0 or start != search.was[0] or group != search.was[1] or option != search.was[2]
        if is_new and data.seats[group, start] > 0:
            search.frames[depth, NEXT] = n
            push_frame(state, search, depth + 1, turn, start, group, option)
            return True
    return False


@kernel
def _make_room(data: Data, state: State, search: DepthFirst, depth: int) -> bool:
    """Push a frame for what comes next of a place: another one that gives way, or the next that waits.

    False if that was all.
    """
    turn, last = search.frames[depth, TURN], search.frames[depth, NEXT]
    start, group, option = (
        search.frames[depth, START],
        search.frames[depth, GROUP],
        search.frames[depth, OPTION],
    )
    request = search.waiting[turn]
    if last == HELD:
        state.mark[request] = 0
        return False
    if last < 0:
        if not _musts_give_way(data, state, search, request, start, group, option):
            return False
        set_resume_point(state, search, depth)
    other = _next_in_way(data, state, request, start, group, option, last)
    while other >= 0:
        if _give_way(data, state, search, other):
            search.frames[depth, NEXT] = other
            push_frame(state, search, depth + 1, turn, start, group, option)
            return True
        other = _next_in_way(data, state, request, start, group, option, other)
    if other == NOBODY:
        return False
    interpreter = interpreter_for(data, state, request, option, start, end_of(data, request, start), group)
    if interpreter == NONE_FREE or not is_feasible(data, state, request, start, group, option, interpreter):
        return False
    hold(data, state, request, start, group, option, interpreter)
    if turn + 1 == search.waiting_count:
        record_solution(data, state, search)
        return False
    state.mark[request] = state.stamp
    search.frames[depth, NEXT] = HELD
    push_frame(state, search, depth + 1, turn + 1, -1, -1, -1)
    return True


@entry
def search_within_budget(
    data: Data,
    state: State,
    search: DepthFirst,
    request: int,
    kept: Int32s,
    budget: int,
    steps: int,
    begun: float,
) -> int:
    """Search for the ways to hold `request`, which is not held, while `budget` people move at most.

    Meetings that are `kept` give way to none. `begun` is the score from which gains count. The plan is left
    as it was. Gives the steps that are left of `steps`, 0 if not everything was tried.
    """
    state.stamp += 1
    for k in range(kept.shape[0]):
        state.mark[kept[k]] = state.stamp
    search.budget = budget
    search.steps = steps
    search.begun = begun
    search.answer_count = 0
    search.moving_count = 0
    search.waiting_count = 1
    search.waiting[0] = request
    push_frame(state, search, 0, 0, -1, -1, -1)
    depth = 0
    while depth >= 0:
        backtrack(data, state, search, depth)
        if search.frames[depth, START] < 0:
            is_open = _choose(data, state, search, depth)
        else:
            is_open = _make_room(data, state, search, depth)
        depth += 1 if is_open else -1
    return search.steps
