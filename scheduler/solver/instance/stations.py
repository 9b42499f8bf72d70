"""The places that interpreters are tied to in some slots (H14), as masks of slots.

A station ties an interpreter to a table for a shift: there, and nowhere else, a hard rule (H14), so that
plan, board and change set can say it. It is a group of places of its own in search and exact model, so that
the group decides whether an interpreter may come; of several who are free, one who is tied to the place comes
first. Bounds do not know of stations: they stay true, and higher than need be. Each station is a group more
that the search looks at for each start; without one, the search draws the same numbers.
"""

from __future__ import annotations

import numpy as np

from scheduler.domain.problem import Interpreter, Problem
from scheduler.solver.compiled.kernels import Int32s

ANYWHERE, ELSEWHERE = -1, -2
"""In place of a group of places: an interpreter is tied to none, or to one that holds no meetings."""


def places_of(problem: Problem) -> frozenset[int]:
    """The places that some interpreter is tied to.

    Parameters
    ----------
    problem
        The problem, read and checked before.

    Returns
    -------
    frozenset[int]
        Numbers of places.
    """
    return frozenset(place for person in problem.interpreters for _, place in person.stations)


class Stations:
    """`of` has, by interpreter, the mask of the slots of each place that they are tied to."""

    def __init__(self, problem: Problem) -> None:
        self.of = [_by_place(person) for person in problem.interpreters]
        self.places = places_of(problem)

    def elsewhere(self, interpreter: int, place: int | None) -> int:
        """The slots in which an interpreter is tied to another place. None: to any."""
        mask = 0
        for station, slots in self.of[interpreter].items():
            if station != place:
                mask |= slots
        return mask


def _by_place(person: Interpreter) -> dict[int, int]:
    slots: dict[int, int] = {}
    for slot, place in person.stations:
        slots[place] = slots.get(place, 0) | 1 << slot
    return slots


def station_table(problem: Problem, group_of: list[int]) -> Int32s:
    """Interpreters x slots: the group of places that each is tied to. No rows if nobody is.

    A station is a group of its own. One without room is in no group.
    """
    rows = len(problem.interpreters) if places_of(problem) else 0
    table = np.full((rows, len(problem.slots)), ANYWHERE, np.int32)
    for i, person in enumerate(problem.interpreters):
        for slot, place in person.stations:
            table[i, slot] = group_of[place] if group_of[place] >= 0 else ELSEWHERE
    return table
