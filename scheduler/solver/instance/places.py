"""Groups of places that a search need not tell apart: booths or tables of one hall with the same hours."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass

import numpy as np

from scheduler.domain.entities import PlaceKind, PlaceWish
from scheduler.domain.problem import Problem
from scheduler.solver.compiled.kernels import Int32s
from scheduler.solver.instance.stations import places_of


@dataclass(frozen=True, slots=True)
class PlaceGroups:
    """`table` has a row a group: its hall, its seats, its first row in the lists of meetings.

    `seats` counts, group x slot, the meetings that fit at once. `members` are the places of each group.
    `ranges` are each request's part of `choices`, a list of groups.
    """

    table: Int32s
    seats: Int32s
    members: list[tuple[int, ...]]
    group_of: list[int]
    choices: Int32s
    ranges: list[tuple[int, int]]


def build_groups(problem: Problem) -> PlaceGroups:
    """Group the places, and list the groups that each request may use."""
    members = group_alike_places(problem, named_places(problem))
    group_of = [-1] * len(problem.places)
    for g, places in enumerate(members):
        for p in places:
            group_of[p] = g
    choices, ranges = _choices(problem, members, group_of)
    seats = _seats(problem, members, _most_used(choices, ranges, len(members)))
    rows = []
    first_row = 0
    for g, places in enumerate(members):
        capacity = int(seats[g].max(initial=0))
        rows.append((problem.places[places[0]].hall, capacity, first_row))
        first_row += capacity * len(problem.slots)
    table = np.array(rows, np.int32).reshape(-1, 3)
    return PlaceGroups(table, seats, members, group_of, np.array(choices, np.int32), ranges)


def group_alike_places(problem: Problem, named: Collection[int | None]) -> list[tuple[int, ...]]:
    """Groups of places that are as good as each other: of one hall, kind, owners and calendar.

    Parameters
    ----------
    problem
        The problem, read and checked before.
    named
        Numbers of places that must be told apart. Each is a group of its own.

    Returns
    -------
    list[tuple[int, ...]]
        Numbers of places. Places without room are in no group.
    """
    groups: dict[object, list[int]] = defaultdict(list)
    for p, place in enumerate(problem.places):
        if place.capacity > 0:
            key = (place.hall, place.kind, place.owners, place.unavailable, p if p in named else None)
            groups[key].append(p)
    return [tuple(places) for places in groups.values()]


def named_places(problem: Problem) -> set[int | None]:
    """The places that some request is fixed to, or some interpreter tied to.

    Parameters
    ----------
    problem
        The problem, read and checked before.

    Returns
    -------
    set[int | None]
        Numbers of places. None is in it if a request is fixed to another thing than a place.
    """
    fixed = {request.fixed.place for request in problem.requests if request.fixed is not None}
    return fixed | places_of(problem)


def _choices(
    problem: Problem, members: list[tuple[int, ...]], group_of: list[int]
) -> tuple[list[int], list[tuple[int, int]]]:
    tables: list[int] = []
    booths: dict[int, list[int]] = defaultdict(list)
    for g, places in enumerate(members):
        place = problem.places[places[0]]
        if place.kind is PlaceKind.TABLE:
            tables.append(g)
        else:
            for firm in place.owners:
                booths[firm].append(g)
    choices: list[int] = []
    known: dict[tuple[int, ...], tuple[int, int]] = {}
    ranges = []
    for request in problem.requests:
        owned = booths.get(request.receiver, []) if request.place is not PlaceWish.TABLE else []
        wanted = [*owned, *(tables if request.place is not PlaceWish.BOOTH else [])]
        if request.fixed is not None and request.fixed.place is not None:
            wanted = [g for g in wanted if g == group_of[request.fixed.place]]
        key = tuple(wanted)
        if key not in known:
            known[key] = (len(choices), len(choices) + len(key))
            choices.extend(key)
        ranges.append(known[key])
    return choices, ranges


def _most_used(choices: list[int], ranges: list[tuple[int, int]], groups: int) -> list[int]:
    """How many requests could use each group: more seats than that are never taken."""
    uses = [0] * groups
    counts: dict[tuple[int, int], int] = defaultdict(int)
    for span in ranges:
        counts[span] += 1
    for (first, last), n in counts.items():
        for g in choices[first:last]:
            uses[g] += n
    return uses


def _seats(problem: Problem, members: list[tuple[int, ...]], uses: list[int]) -> Int32s:
    seats = np.zeros((len(members), len(problem.slots)), np.int32)
    for g, places in enumerate(members):
        seats[g] = min(sum(problem.places[p].capacity for p in places), uses[g])
        seats[g, sorted(problem.places[places[0]].unavailable)] = 0
    return seats
