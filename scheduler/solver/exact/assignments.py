"""The assignments of the exact model: all ways to hold one request, with alike places as one.

The search seats in another way (`plans/seating`). Here a place that a published meeting has is a group of its
own, as it has a price of its own: meetings are intervals on equal seats, and the first free seat in order of
time is enough (a graph of intervals is perfect). In the search such a place is in the group of its hall, as
each move looks through groups, so seats are not equal: published meetings sit first, then long ones, and a
meeting may have to make way. Both are judged by the same rules before a plan is kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from scheduler.domain.plan import Meeting
from scheduler.domain.problem import People, Problem
from scheduler.domain.rules.stability import is_still_possible
from scheduler.solver.instance.choices import Choices, mask_slots
from scheduler.solver.instance.places import group_alike_places, named_places

CROWDED_SHARE = 0.85
"""Of the room in places: above it, places decide more than people (B2BSP has 0.5 to 0.75, and 0.86 to 1)."""

MOST_FREE_REQUESTS = 60
MAX_ASSIGNMENTS = 20_000
MAX_COMPULSORY_ASSIGNMENTS = 50_000


class BuildingStopped(Exception):
    """There is no time left to build the model."""


@dataclass(frozen=True, slots=True)
class PlaceGroup:
    """Alike places: no rule and no term tells them apart. They hold `capacity` meetings at a time."""

    places: tuple[int, ...]
    hall: int
    free: int
    capacity: int


@dataclass(frozen=True, slots=True)
class Assignment:
    """A request held from slot `start` to `stop` (open), by these people, in this group of places.

    `gain` is what it adds to the score of holding nothing: its weight, and of a published meeting what its
    change costs less than dropping it. `stays`: it is held just as published.
    """

    request: int
    start: int
    stop: int
    people: People
    interpreter: int | None
    group: int
    hall: int
    gain: float
    stays: bool


@dataclass(frozen=True)
class Assignments:
    """All assignments, by request.

    `must` are the requests that have to be held, `counted` those whose published meeting counts for H13,
    `constant` is the score of holding nothing.
    """

    problem: Problem
    choices: Choices
    groups: tuple[PlaceGroup, ...]
    of_request: tuple[tuple[Assignment, ...], ...]
    must: frozenset[int]
    counted: frozenset[int]
    constant: float


def wants_exact(problem: Problem) -> bool:
    """Whether a problem is of the size, or all compulsory, so that the exact model is the better way.

    Parameters
    ----------
    problem
        The problem, read and checked before.

    Returns
    -------
    bool
        By the number of requests, and by an estimate of the assignments of the model.
    """
    assignments = estimate_assignments(problem)
    if problem.policy.require_all:
        return assignments <= MAX_COMPULSORY_ASSIGNMENTS
    return len(problem.requests) <= MOST_FREE_REQUESTS and assignments <= MAX_ASSIGNMENTS


def estimate_assignments(problem: Problem) -> int:
    """Roughly how many assignments there are, without making them.

    Parameters
    ----------
    problem
        The problem, read and checked before.

    Returns
    -------
    int
        By the requests' starts and people, and the halls.
    """
    slots, halls = len(problem.slots), len(problem.halls)
    total = 0
    for request in problem.requests:
        asking, asked = map(len, problem.sides(request))
        starts = slots if request.slots is None else len(request.slots)
        total += asking * asked * starts * max(1, halls)
    return total


def enumerate_assignments(
    problem: Problem, choices: Choices | None = None, check: Callable[[], None] = lambda: None
) -> Assignments:
    """Every assignment. A frozen request has the one that it is published with, or none.

    `check` is called every few assignments. What it raises ends the work.
    """
    choices = choices or Choices(problem)
    groups = _place_groups(problem, choices)
    group_of = {p: g for g, group in enumerate(groups) for p in group.places}
    factors = problem.policy.factors
    frozen = {r for r in range(len(problem.requests)) if choices.frozen(r) is not None}
    must = problem.compulsory | frozen
    index = problem.index.requests
    counted = frozenset(index[m.request] for m in choices.published.values() if is_still_possible(problem, m))
    return Assignments(
        problem=problem,
        choices=choices,
        groups=groups,
        of_request=tuple(
            tuple(_assignments_of(problem, choices, groups, group_of, r, check))
            for r in range(len(problem.requests))
        ),
        must=must,
        counted=counted,
        constant=-factors["dropped"] * len(choices.published),
    )


def is_crowded(assignments: Assignments) -> bool:
    """Whether the requests that have to be held take nearly all that the places have."""
    room = sum(group.capacity * group.free.bit_count() for group in assignments.groups)
    return sum(assignments.problem.requests[r].length for r in assignments.must) > CROWDED_SHARE * room


def _place_groups(problem: Problem, choices: Choices) -> tuple[PlaceGroup, ...]:
    """Groups of places of one hall, kind, owner and calendar. A named place is a group of its own."""
    named = named_places(problem) | {published.place for published in choices.published_at.values()}
    return tuple(
        PlaceGroup(
            places=members,
            hall=problem.places[members[0]].hall,
            free=choices.place_free[members[0]],
            capacity=sum(problem.places[p].capacity for p in members),
        )
        for members in group_alike_places(problem, named)
    )


def _assignments_of(
    problem: Problem,
    choices: Choices,
    groups: tuple[PlaceGroup, ...],
    group_of: dict[int, int],
    r: int,
    check: Callable[[], None],
) -> Iterator[Assignment]:
    request, frozen = problem.requests[r], choices.frozen(r)
    allowed = choices.allowed(r)
    wanted = sorted({group_of[p] for p in choices.places(r) if p in group_of})
    for asking, asked in choices.parties(r):
        people, interpreters = asking + asked, choices.interpreters(asking, asked)
        both = choices.free(people)
        for interpreter in (None,) if interpreters is None else interpreters:
            for g in wanted:
                check()
                free = both
                if interpreter is not None:
                    free &= choices.interpreter_at(interpreter, groups[g].places[0])
                for start in mask_slots(choices.starts(free & groups[g].free, request.length) & allowed):
                    gain, stays = _worth(choices, groups[g], r, start, people, interpreter)
                    if frozen is None or stays:
                        stop, hall = start + request.length, groups[g].hall
                        yield Assignment(r, start, stop, people, interpreter, g, hall, gain, stays)


def _worth(
    choices: Choices, group: PlaceGroup, r: int, start: int, people: People, interpreter: int | None
) -> tuple[float, bool]:
    """What an assignment adds to the score, and whether it is held just as published."""
    factors = choices.problem.policy.factors
    gain = factors["served"] * choices.problem.requests[r].weight
    published = choices.published_at.get(r)
    if published is None:
        return gain, False
    same = published.same(start, group.places[0], people, interpreter)
    return gain + factors["dropped"] - float(choices.change_costs[same]), same.is_whole


def assign_places(assignments: Assignments, held: list[Assignment]) -> tuple[Meeting, ...]:
    """Meetings of the chosen assignments, each with a place of its group.

    Intervals on alike places always fit. No group has a published place beside others here, as those of a
    search do (`plans/seating`).
    """
    problem = assignments.problem
    until: dict[int, list[tuple[int, int]]] = {
        g: [(p, 0) for p in group.places for _ in range(problem.places[p].capacity)]
        for g, group in enumerate(assignments.groups)
    }
    meetings: dict[int, Meeting] = {}
    for assignment in sorted(held, key=lambda assignment: (assignment.start, assignment.request)):
        seats = until[assignment.group]
        i = next(i for i, (_, stop) in enumerate(seats) if stop <= assignment.start)
        seats[i] = (seats[i][0], assignment.stop)
        place, people = seats[i][0], assignment.people
        meetings[assignment.request] = problem.meeting(
            assignment.request, assignment.start, place, people, assignment.interpreter
        )
    return tuple(meetings[r] for r in sorted(meetings))
