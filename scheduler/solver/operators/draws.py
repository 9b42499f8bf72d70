"""Random draws: a start, a group of places, an option of people, a meeting, and a person in it."""

from __future__ import annotations

import numpy as np

from scheduler.solver.compiled.kernels import (
    ZERO,
    Words,
    bit,
    bit_count,
    first_set,
    inlined,
    kernel,
    lowest_bit,
    random_below,
)
from scheduler.solver.instance.arrays import Data
from scheduler.solver.instance.columns import options, requests
from scheduler.solver.instance.ranges import people_of
from scheduler.solver.state.columns import held
from scheduler.solver.state.state import State

DRAW_ATTEMPTS = 12
"""Random things that an operator looks at before it gives up."""


@inlined
def may_move(data: Data, request: int) -> bool:
    """Whether a held request may be moved."""
    return data.requests[request, requests.LOCKED] == 0


@inlined
def has_start(data: Data, request: int) -> bool:
    """Whether a request has a start that is allowed. Another share's request that is not held has none."""
    starts = ZERO
    for word in range(data.starts.shape[1]):
        starts |= data.starts[request, word]
    return starts != ZERO


@inlined
def random_held(data: Data, state: State) -> int:
    """A random request that is held and may be moved, or -1."""
    for _ in range(DRAW_ATTEMPTS):
        request = random_below(state.rng, data.requests.shape[0])
        if state.held[request, held.SLOT] >= 0 and may_move(data, request):
            return request
    return -1


@inlined
def random_member(data: Data, state: State, request: int) -> int:
    """A random attendee of a held request."""
    option = state.held[request, held.OPTION]
    first = data.options[option, options.PEOPLE_BEGIN]
    return data.option_people[
        first + random_below(state.rng, data.options[option, options.PEOPLE_END] - first)
    ]


@inlined
def random_meeting(data: Data, state: State, person: int) -> int:
    """A random movable meeting of a person, or -1."""
    slot_count = data.slots.shape[0]
    slot = first_set(state.occupied, person, random_below(state.rng, slot_count), slot_count - 1)
    if slot < 0:
        slot = first_set(state.occupied, person, 0, slot_count - 1)
    return state.at[person, slot] if slot >= 0 and may_move(data, state.at[person, slot]) else -1


@inlined
def random_bit(rng: Words, word: np.uint64) -> int:
    """The position of a random set bit of a word that is not 0."""
    rest = word
    for _ in range(random_below(rng, bit_count(word))):
        rest &= rest - bit(0)
    return lowest_bit(rest)


@kernel
def random_start(data: Data, state: State, request: int, option: int) -> int:
    """A random start slot in which the people of an option are available, busy or not, or -1.

    Draws a word, then a bit of it: a start in a word with few has better odds.
    """
    word_count = state.open.shape[1]
    turn = random_below(state.rng, word_count)
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
    return data.requests[request, requests.OPTIONS_BEGIN] + random_below(state.rng, n) if n > 0 else -1


@inlined
def random_group(data: Data, state: State, request: int, start: int) -> int:
    """A random group of places of a request, with room in slot `start` if two draws find one, or -1."""
    n = data.requests[request, requests.GROUPS_END] - data.requests[request, requests.GROUPS_BEGIN]
    if n == 0:
        return -1
    group = data.group_list[data.requests[request, requests.GROUPS_BEGIN] + random_below(state.rng, n)]
    if state.room[group, start] <= 0:
        group = data.group_list[data.requests[request, requests.GROUPS_BEGIN] + random_below(state.rng, n)]
    return group
