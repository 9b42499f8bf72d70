"""Kempe chains: the meetings of two slots change places as far as they are linked by people and places."""

from __future__ import annotations

from scheduler.solver.compiled.kernels import bit, inlined, kernel, random_below
from scheduler.solver.instance.arrays import Data
from scheduler.solver.instance.columns import groups, requests, slots
from scheduler.solver.instance.ranges import first_seat, people_of
from scheduler.solver.operators.draws import may_move, random_held, random_member, random_start
from scheduler.solver.operators.targets import beside_hall
from scheduler.solver.state.columns import held, log
from scheduler.solver.state.delta import is_feasible
from scheduler.solver.state.sizes import MAX_LENGTH
from scheduler.solver.state.state import State
from scheduler.solver.state.steps import hold, release


@inlined
def _join(data: Data, state: State, request: int, stamp: int) -> bool:
    """Add a held meeting to the chain, once. False if it may not be part of one, or the chain is full."""
    if state.mark[request] == stamp:
        return True
    n = state.queued
    if n >= MAX_LENGTH or data.requests[request, requests.LENGTH] != 1 or not may_move(data, request):
        return False
    state.mark[request] = stamp
    state.queue[n] = request
    state.queued = n + 1
    return True


@inlined
def _join_person(data: Data, state: State, person: int, slot: int, stamp: int) -> bool:
    """Add the meeting that a person has in a slot to the chain. False if the person is away."""
    if not (data.avail[person, slot >> 6] & bit(slot)):
        return False
    return state.at[person, slot] < 0 or _join(data, state, state.at[person, slot], stamp)


@inlined
def _join_place(data: Data, state: State, group: int, slot: int, stamp: int) -> bool:
    """Add one meeting of a full group to the chain, unless one of the chain leaves that group already."""
    if state.room[group, slot] > 0:
        return True
    if data.seats[group, slot] == 0:
        return False
    row = first_seat(data, group, slot)
    if data.seats[group, slot] > 1:
        for k in range(data.seats[group, slot]):
            if state.mark[state.seated[row + k]] == stamp:
                return True
    return _join(data, state, state.seated[row + random_below(state.rng, data.seats[group, slot])], stamp)


@inlined
def _gather(data: Data, state: State, first: int, second: int, stamp: int) -> bool:
    """Follow the chain from the queue's first meeting to its end. False if it cannot be swapped."""
    k = 0
    while k < state.queued:
        request = state.queue[k]
        k += 1
        goal = second if state.held[request, held.SLOT] == first else first
        option = state.held[request, held.OPTION]
        for j in people_of(data, option):
            if not _join_person(data, state, data.option_people[j], goal, stamp):
                return False
        interpreter = state.held[request, held.INTERPRETER]
        if interpreter >= 0 and not _join_person(data, state, interpreter, goal, stamp):
            return False
        if not _join_place(data, state, state.held[request, held.GROUP], goal, stamp):
            return False
    return True


@inlined
def other_slot(data: Data, state: State, request: int) -> int:
    """A slot to swap with: beside a meeting in the same hall, on the same day, or any, or -1."""
    start = state.held[request, held.SLOT]
    kind = random_below(state.rng, 4)
    if kind == 0:
        return data.slots[start, slots.FIRST] + random_below(
            state.rng, data.slots[start, slots.LAST] - data.slots[start, slots.FIRST] + 1
        )
    if kind == 1:
        return random_start(data, state, request, state.held[request, held.OPTION])
    return beside_hall(
        data,
        state,
        request,
        random_member(data, state, request),
        data.groups[state.held[request, held.GROUP], groups.HALL],
    )


@kernel
def swap_slots(data: Data, state: State, stamp: int) -> bool:
    """Swap a random meeting's slot with another one along its Kempe chain.

    The chain is in `queue`: the meetings of both slots that are linked by people or full groups
    (Thompson and Dowsland 1998, Computers & Operations Research 25(7-8), 637-648). All are released, then
    held in the other slot, with their people and groups. All is logged. False if a rule breaks: the
    caller then undoes what is logged.
    """
    request = random_held(data, state)
    if request < 0 or data.requests[request, requests.LENGTH] != 1:
        return False
    first = state.held[request, held.SLOT]
    second = other_slot(data, state, request)
    if second < 0 or second == first:
        return False
    state.queued = 0
    if not _join(data, state, request, stamp) or not _gather(data, state, first, second, stamp):
        return False
    n = state.queued
    row = state.logged
    for k in range(n):
        release(data, state, state.queue[k])
    for k in range(n):
        old = state.log[row + k]
        goal = second if old[log.SLOT] == first else first
        request = state.queue[k]
        if not is_feasible(data, state, request, goal, old[log.GROUP], old[log.OPTION], old[log.INTERPRETER]):
            return False
        hold(data, state, request, goal, old[log.GROUP], old[log.OPTION], old[log.INTERPRETER])
    state.queued = 0
    return True
