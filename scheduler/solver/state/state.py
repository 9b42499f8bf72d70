"""The state of a search: who is where, in bit words and tables. Meetings are linked and unlinked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

import numpy as np

from scheduler.solver.compiled.kernels import (
    Count,
    IntRow,
    IntTable,
    LongRow,
    Score,
    ShortTable,
    WordRow,
    WordTable,
    bit,
    compile_kernels,
    entry,
    inlined,
)
from scheduler.solver.compiled.records import Record
from scheduler.solver.instance.arrays import Data
from scheduler.solver.instance.columns import factors, firms, groups, options, people, requests, rules
from scheduler.solver.instance.ranges import published_people_of, worth_of
from scheduler.solver.state.columns import held, log
from scheduler.solver.state.sizes import LOG_ROWS, QUEUE_ROWS, VICTIM_ROWS

# columns of State.held and of State.log
SLOT, GROUP, OPTION, INTERPRETER = range(4)
REQUEST, LINKED = 4, 5


@dataclass(slots=True)
class State:
    """A plan in the making. `held` has slot -1 for a request that is not held."""

    held: IntTable  # requests x (slot, group, option, interpreter)
    at: IntTable  # people x slots: request or -1
    hall_at: ShortTable  # people x slots, where busy
    occupied: WordTable  # people x words
    open: WordTable  # people x words: available, not busy, the day not full
    full: WordTable  # people x words: the days that are full
    day_count: IntTable  # people x days
    firm_day: IntTable  # firms x days
    firm_open: WordTable  # firms x words: days that are not full
    firm_count: IntRow
    group_count: IntRow  # meetings of the firms of each group
    room: IntTable  # groups x slots: seats left
    group_open: WordTable  # groups x words
    seated: IntRow  # rows of each group, slot by slot: the meetings there
    interpreters_free: WordTable  # slots x words over interpreters
    unscheduled: IntRow  # the requests that are not held, in no order
    unscheduled_at: IntRow  # where each stands there, or -1
    mark: LongRow  # requests: the last chain that placed it
    near: IntTable  # those around a place that is weighed
    victims: IntRow
    queue: IntRow
    idle_of: IntRow  # attendees: idle figure, kept for `max_idle_spread` only
    idle_count: IntRow  # figures: how many attendees have it
    changed_of: IntRow  # attendees: changes before, and how many published meetings of theirs are changed
    log: IntTable
    rng: WordRow
    score: Score = 0.0
    """Of the plan, with the extra gain of compulsory requests."""
    unscheduled_count: Count = 0
    """The length of `unscheduled`."""
    logged: Count = 0
    """The length of `log`."""
    victim_count: Count = 0
    """The length of `victims`."""
    queued: Count = 0
    """The length of `queue`."""
    changed: Count = 0
    """Published meetings that `max_moved` counts and that are not held as published."""
    stamp: Count = 0
    """The number of the move: see `mark`."""
    chosen_slot: Count = 0
    chosen_group: Count = 0
    chosen_option: Count = 0
    chosen_interpreter: Count = 0
    """The place that `choose` found."""


def new_state(data: Data, seed: int) -> State:
    """The empty plan."""
    request_count, slot_count = data.requests.shape[0], data.slots.shape[0]
    person_count, word_count = data.avail.shape
    interpreter_count = person_count - int(data.rules[rules.ATTENDEES])
    rows = int((data.groups[:, groups.SEATS].astype(np.int64) * slot_count).sum())
    state = State(
        held=np.full((request_count, held.WIDTH), -1, np.int32),
        at=np.full((person_count, slot_count), -1, np.int32),
        hall_at=np.zeros((person_count, slot_count), np.int16),
        occupied=np.zeros((person_count, word_count), np.uint64),
        open=data.avail.copy(),
        full=np.zeros((person_count, word_count), np.uint64),
        day_count=np.zeros((person_count, data.day_words.shape[0]), np.int32),
        firm_day=np.zeros((data.firms.shape[0], data.day_words.shape[0]), np.int32),
        firm_open=np.full((data.firms.shape[0], word_count), np.iinfo(np.uint64).max, np.uint64),
        firm_count=np.zeros(data.firms.shape[0], np.int32),
        group_count=np.zeros(data.group_sizes.shape[0], np.int32),
        room=data.seats.copy(),
        group_open=np.zeros((data.groups.shape[0], word_count), np.uint64),
        seated=np.full(max(rows, 1), -1, np.int32),
        interpreters_free=np.zeros((slot_count, (interpreter_count + 63) // 64 or 1), np.uint64),
        unscheduled=np.arange(request_count, dtype=np.int32),
        unscheduled_at=np.arange(request_count, dtype=np.int32),
        mark=np.zeros(request_count, np.int64),
        near=np.zeros((max_meeting_size(data), 4), np.int32),
        victims=np.zeros(VICTIM_ROWS, np.int32),
        queue=np.zeros(QUEUE_ROWS, np.int32),
        idle_of=np.zeros(int(data.rules[rules.ATTENDEES]), np.int32),
        idle_count=np.zeros(slot_count + 1, np.int32),
        changed_of=np.zeros(int(data.rules[rules.ATTENDEES]), np.int32),
        log=np.zeros((LOG_ROWS, log.WIDTH), np.int32),
        rng=np.array([_scramble(seed)], np.uint64),
    )
    compile_kernels()
    record: Any = Record(state)
    reset(data, record)
    return cast(State, record)


def max_meeting_size(data: Data) -> int:
    """The largest number of attendees in one meeting."""
    return int((data.options[:, options.PEOPLE_END] - data.options[:, options.PEOPLE_BEGIN]).max(initial=1))


def _scramble(seed: int) -> int:
    """A seed whose bits are well mixed and never 0 (splitmix64)."""
    x = (seed * 0x9E3779B97F4A7C15 + 0xD1B54A32D192ED03) % 2**64
    x = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) % 2**64
    return x ^ (x >> 27) or 1


@entry
def reset(data: Data, state: State) -> None:
    """Empty the plan. The score is that of holding nothing.

    Sets all fields but `mark`, `stamp` and `rng`: a stamp is never given twice.
    """
    attendees = data.rules[rules.ATTENDEES]
    state.held[:] = -1
    state.at[:] = -1
    state.occupied[:] = np.uint64(0)
    state.full[:] = np.uint64(0)
    state.day_count[:] = 0
    state.firm_day[:] = 0
    state.firm_count[:] = 0
    state.group_count[:] = 0
    state.idle_of[:] = 0
    state.changed_of[:] = data.changed_before
    state.idle_count[:] = 0
    state.idle_count[0] = attendees
    state.interpreters_free[:] = np.uint64(0)
    state.group_open[:] = np.uint64(0)
    state.firm_open[:] = ~np.uint64(0)
    slot_count = data.slots.shape[0]
    for person in range(data.avail.shape[0]):
        if data.people[person, people.CAP] <= 0:
            state.full[person] = ~np.uint64(0)
        for word in range(data.avail.shape[1]):
            state.open[person, word] = data.avail[person, word] & ~state.full[person, word]
    for number in range(data.avail.shape[0] - attendees):
        for slot in range(slot_count):
            if data.avail[attendees + number, slot >> 6] & bit(slot):
                state.interpreters_free[slot, number >> 6] |= bit(number)
    for firm in range(data.firms.shape[0]):
        if data.firms[firm, firms.CAP] <= 0:
            state.firm_open[firm] = np.uint64(0)
    for group in range(data.groups.shape[0]):
        for slot in range(slot_count):
            state.room[group, slot] = data.seats[group, slot]
            if state.room[group, slot] > 0:
                state.group_open[group, slot >> 6] |= bit(slot)
    for request in range(data.requests.shape[0]):
        state.unscheduled[request] = request
        state.unscheduled_at[request] = request
    state.changed = 0
    state.logged = 0
    state.queued = 0
    state.unscheduled_count = data.requests.shape[0]
    state.score = _nothing_held(data, state)


@inlined
def _nothing_held(data: Data, state: State) -> float:
    """The score of the empty plan. Every published meeting counts as changed in it."""
    score = 0.0
    for firm in range(data.firms.shape[0]):
        score -= data.factors[factors.SHORTFALL] * data.firms[firm, firms.FLOOR]
        for k in range(data.firms[firm, firms.REQUESTS_END] - data.firms[firm, firms.REQUESTS_BEGIN]):
            score -= data.firm_worth[worth_of(data, firm, k)]
            if k < data.firms[firm, firms.FLOOR]:
                score += data.factors[factors.SHORTFALL]
    for request in range(data.requests.shape[0]):
        if data.requests[request, requests.PUBLISHED]:
            score -= data.factors[factors.DROPPED]
            state.changed += data.requests[request, requests.COUNTED]
            for k in published_people_of(data, request):
                score -= data.factors[factors.REPEATED] * state.changed_of[data.published_people[k]]
                state.changed_of[data.published_people[k]] += 1
    return score
