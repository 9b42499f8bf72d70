"""What closes while the plan stands: a person is out, or a place closes, in some slots."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

import numpy as np

from scheduler.domain.problem import Problem
from scheduler.solver.instance.arrays import Data, Flat
from scheduler.solver.instance.columns import rules
from scheduler.solver.repair.place_assignment import PlaceAssignment
from scheduler.solver.state.state import State


def without_person(problem: Problem, person: str, slots: Collection[str]) -> Problem:
    """The problem in which an attendee or interpreter is away in these slots, too. KeyError if unknown."""
    gone = frozenset(problem.index.slots[slot] for slot in slots)
    if person in problem.index.attendees:
        one = problem.index.attendees[person]
        rows = list(problem.attendees)
        rows[one] = replace(rows[one], unavailable=rows[one].unavailable | gone)
        return replace(problem, attendees=tuple(rows), source_fingerprint=None)
    one = problem.index.interpreters[person]
    others = list(problem.interpreters)
    others[one] = replace(others[one], unavailable=others[one].unavailable | gone)
    return replace(problem, interpreters=tuple(others), source_fingerprint=None)


def without_place(problem: Problem, place: str, slots: Collection[str]) -> Problem:
    """The problem in which a place is closed in these slots, too. KeyError if unknown."""
    gone = frozenset(problem.index.slots[slot] for slot in slots)
    one = problem.index.places[place]
    rows = list(problem.places)
    rows[one] = replace(rows[one], unavailable=rows[one].unavailable | gone)
    return replace(problem, places=tuple(rows), source_fingerprint=None)


def person_index(problem: Problem, person: str) -> int:
    """A person's row in the tables of people. KeyError if unknown."""
    index = problem.index
    if person in index.attendees:
        return index.attendees[person]
    return len(problem.attendees) + index.interpreters[person]


def person_meetings(state: State, person: int) -> list[int]:
    """The requests that a person sits in."""
    return [int(r) for r in np.unique(state.at[person]) if r >= 0]


def mark_person_unavailable(data: Data, state: State, person: int, slots: Collection[int]) -> None:
    """A person who is in no meeting is away in these slots, too."""
    for slot in slots:
        data.avail[person, slot >> 6] &= ~np.uint64(1 << (slot & 63))
    free = np.array([bool(data.avail[person, s >> 6] >> np.uint64(s & 63) & np.uint64(1))
                     for s in range(len(data.slots))])  # fmt: skip
    data.avail_before[person, 1:] = np.cumsum(free)
    state.open[person] = data.avail[person] & ~state.occupied[person] & ~state.full[person]
    number = person - int(data.rules[rules.ATTENDEES])
    if number >= 0:
        for slot in slots:
            state.interpreters_free[slot, number >> 6] &= ~np.uint64(1 << (number & 63))


def mark_place_closed(
    flat: Flat, state: State, places: PlaceAssignment, place: int, slots: Collection[int]
) -> None:
    """A place without meetings in these slots is closed in them."""
    data, group = flat.data, flat.groups.group_of[place]
    places.room[place, sorted(slots)] = 0
    if group < 0:
        return
    for slot in slots:
        taken = int(data.seats[group, slot] - state.room[group, slot])
        left = int(places.room[list(flat.groups.members[group]), slot].sum())
        data.seats[group, slot] = min(int(data.seats[group, slot]), taken + left)
        state.room[group, slot] = data.seats[group, slot] - taken
        if state.room[group, slot] == 0:
            state.group_open[group, slot >> 6] &= ~np.uint64(1 << (slot & 63))
