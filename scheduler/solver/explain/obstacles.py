"""Obstacles: for each time at which a request might be held, who or what is in the way then, by day."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice, product

from scheduler.domain.plan import Obstacle
from scheduler.domain.problem import People
from scheduler.solver.explain.conditions import (
    Condition,
    interpreter_conditions,
    pair_conditions,
    people_conditions,
    precedence_conditions,
    request_conditions,
)
from scheduler.solver.explain.occupancy import Occupancy
from scheduler.solver.instance.choices import mask_slots

MAX_SLOTS = 6
"""Starts of a day that an obstacle names. Its count has all."""
ASKED = frozenset(("room", "closed", "frozen", "fixed"))
"""Conditions that say at which times a request may be held at all."""
OF_A_FIRM = ("firm-cap", "precedence")
OF_A_PLACE = ("place-kind", "place-full")
OF_A_PERSON = ("away", "person-cap", "days-cap", "busy", "row-cap")
"""In the order of telling: a person at their limit is so for the whole day."""


def list_obstacles(occupancy: Occupancy, r: int) -> tuple[Obstacle, ...]:
    """What is in the way of a request, by day, in the order of the days.

    Each start that its times allow is in the way of one thing of the request as a whole, or of as many people
    as must not be in the way for it: those of each side on which nobody can sit in it then.

    Parameters
    ----------
    occupancy
        The plan.
    r
        The number of a request that is not held.

    Returns
    -------
    tuple[Obstacle, ...]
        Empty where none of it is in the way: it is worth less than it costs.
    """
    of_all = [*request_conditions(occupancy, r), *precedence_conditions(occupancy, r)]
    left = occupancy.choices.all_slots
    for condition in of_all:
        if condition.what in ASKED:
            left &= condition.starts
    found: list[tuple[Condition, int]] = []
    left = _take(found, left, (each for each in of_all if each.what in OF_A_FIRM))
    sides = occupancy.problem.sides(occupancy.problem.requests[r])
    shut = 0
    for options in sides:
        shut |= _of_side(occupancy, r, options, left, found)
    left &= ~shut
    left = _take(found, left, (Condition("pair-cap", _below_pairs(occupancy, sides)),))
    left = _take(found, left, (each for each in of_all if each.what in OF_A_PLACE))
    left = _take(found, left, (Condition("interpreter", _spoken(occupancy, r, sides)),))
    _walks(occupancy, r, sides, left, found)
    return tuple(_by_day(occupancy, found))


def _take(found: list[tuple[Condition, int]], left: int, conditions: Iterable[Condition]) -> int:
    """Note what each condition shuts of the starts that are left. Returns what is left then."""
    for condition in conditions:
        if shut := left & ~condition.starts:
            found.append((condition, shut))
            left &= condition.starts
    return left


def _of_side(
    occupancy: Occupancy, r: int, options: Sequence[People], left: int, found: list[tuple[Condition, int]]
) -> int:
    """Note who of a side is in the way where none of its choices of people can come. Returns those starts."""
    conditions = [list(people_conditions(occupancy, r, people)) for people in options]
    free = 0
    for mine in conditions:
        mask = left
        for condition in mine:
            mask &= condition.starts
        free |= mask
    shut = left & ~free
    for people in {condition.who: mine for mine in conditions for condition in mine}.items():
        who, mine = people
        rest = shut
        for what in OF_A_PERSON:
            rest = _take(found, rest, (each for each in mine if (each.who, each.what) == (who, what)))
    return shut


def _below_pairs(occupancy: Occupancy, sides: tuple[Sequence[People], Sequence[People]]) -> int:
    """The starts at which the people of some choice may meet each other once more that day."""
    mask = 0
    for asking, asked in product(*sides):
        starts = occupancy.choices.all_slots
        for condition in pair_conditions(occupancy, asking, asked):
            starts &= condition.starts
        mask |= starts
    return mask


def _spoken(occupancy: Occupancy, r: int, sides: tuple[Sequence[People], Sequence[People]]) -> int:
    """The starts at which some choice of people shares a language or has an interpreter."""
    mask = 0
    for asking, asked in product(*sides):
        starts = occupancy.choices.all_slots
        interpreters = occupancy.choices.interpreters(asking, asked)
        for condition in interpreter_conditions(occupancy, r, interpreters):
            starts &= condition.starts
        mask |= starts
    return mask


def _walks(
    occupancy: Occupancy,
    r: int,
    sides: tuple[Sequence[People], Sequence[People]],
    left: int,
    found: list[tuple[Condition, int]],
) -> None:
    """Note whose walk to every place and on is too long, where everybody is free."""
    problem, length = occupancy.problem, occupancy.problem.requests[r].length
    halls = {problem.places[place].hall for place in occupancy.choices.places(r)}
    for a in dict.fromkeys(a for options in sides for people in options for a in people):
        can = 0
        for start in mask_slots(left):
            if any(occupancy.can_walk(("attendee", a), start, start + length, hall) for hall in halls):
                can |= 1 << start
        if left & ~can:
            found.append((Condition("walk", can, problem.attendees[a].id), left & ~can))


def _by_day(occupancy: Occupancy, found: Sequence[tuple[Condition, int]]) -> Iterator[Obstacle]:
    slots = occupancy.problem.slots
    for day in occupancy.choices.day_masks:
        for condition, shut in found:
            if starts := shut & day:
                names = tuple(slots[start].id for start in islice(mask_slots(starts), MAX_SLOTS))
                yield Obstacle(condition.what, condition.who, names, starts.bit_count())
