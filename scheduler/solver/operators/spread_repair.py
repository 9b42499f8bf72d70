"""Spread repair for rule H12: drop meetings at the ends of days until nobody is idle beyond the limit.

`max_idle_spread` (H12) compares the idle figures of any two attendees, so a search that keeps it in every
step hardly moves; a published plan that broke it was once answered by an empty plan. For two fifths of the
time a search ignores the limit. Then, every quarter of a second, it drops the ends of days that break the
limit, refills, and improves what is left. Share and prices are fitted numbers. Where nobody may be idle at
all, 100 firms and 200,000 moves held 92 % of the score without that limit; since a search may pass through
plans beyond the limit at a lower price, 97 %.
"""

from __future__ import annotations

from scheduler.solver.compiled.kernels import entry, kernel
from scheduler.solver.instance.arrays import Data
from scheduler.solver.instance.columns import requests, rules, slots
from scheduler.solver.instance.ranges import people_of
from scheduler.solver.state.columns import held
from scheduler.solver.state.delta import insertion_gain
from scheduler.solver.state.linking import link, place_of, unlink
from scheduler.solver.state.spread import excess, refresh_person
from scheduler.solver.state.state import State

PRICE = 3000.0  # points of a step beyond the limit: more leads to no better plan, less to a worse one


@kernel
def _refresh(data: Data, state: State, option: int) -> None:
    """Count the idle figures of an option's people again."""
    for k in people_of(data, option):
        refresh_person(data, state, data.option_people[k])


@kernel
def _drop(
    data: Data, state: State, request: int, start: int, group: int, option: int, interpreter: int
) -> None:
    """Hold a request no longer, without the log, and count its people's idle figures again."""
    unlink(data, state, request)
    state.score -= insertion_gain(data, state, request, start, group, option, interpreter)
    _refresh(data, state, option)


@kernel
def _is_end_of_gap_day(data: Data, state: State, person: int, request: int, start: int) -> bool:
    """Whether meeting `request` at `start` is the first or last of its day, and that has a free slot."""
    first = -1
    last = -1
    busy = 0
    for slot in range(data.slots.shape[0]):
        if data.slots[slot, slots.DAY] == data.slots[start, slots.DAY] and state.at[person, slot] >= 0:
            first = slot if first < 0 else first
            last = slot
            busy += 1
    return last - first + 1 > busy and (
        state.at[person, first] == request or state.at[person, last] == request
    )


@kernel
def _best_end(data: Data, state: State, person: int) -> int:
    """The cheapest first or last meeting of an attendee's days with a gap, or -1. Others' excess counts."""
    found = -1
    best = 0.0
    before, score = excess(data, state), state.score
    for slot in range(data.slots.shape[0]):
        request = state.at[person, slot]
        if (
            request < 0
            or slot != state.held[request, held.SLOT]
            or data.requests[request, requests.LOCKED]
            or data.requests[request, requests.MUST]
        ):
            continue
        if not _is_end_of_gap_day(data, state, person, request, slot):
            continue
        _, group, option, interpreter = place_of(state, request)
        _drop(data, state, request, slot, group, option, interpreter)
        gain = PRICE * (before - excess(data, state)) + state.score - score
        link(data, state, request, slot, group, option, interpreter)
        _refresh(data, state, option)
        state.score = score
        if found < 0 or gain > best:
            found, best = request, gain
    return found


@kernel
def _is_beyond(data: Data, state: State, person: int) -> bool:
    """Whether an attendee's idle figure is beyond the least one and the limit."""
    least = 0
    while state.idle_count[least] == 0:
        least += 1
    return state.idle_of[person] > least + data.rules[rules.SPREAD]


@kernel
def _drop_day_ends(data: Data, state: State, person: int) -> int:
    """Drop ends of an attendee's days until the limit is kept or nothing can be dropped. Gives how many."""
    dropped = 0
    while _is_beyond(data, state, person):
        request = _best_end(data, state, person)
        if request < 0:
            break
        start, group, option, interpreter = place_of(state, request)
        _drop(data, state, request, start, group, option, interpreter)
        dropped += 1
    return dropped


@entry
def repair_spread(data: Data, state: State) -> None:
    """Remove day-end meetings until the idle spread holds. Prefer those that create no idle slot for others.

    Frozen and compulsory meetings stay. An attendee with only those at the ends of such days remains beyond
    the limit.
    """
    dropped = 1
    while dropped > 0 and excess(data, state) > 0:
        dropped = 0
        for person in range(data.rules[rules.ATTENDEES]):
            dropped += _drop_day_ends(data, state, person)
