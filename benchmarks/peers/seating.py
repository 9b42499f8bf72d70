"""From a model's solution to meetings: assigns concrete places and interpreters, which models only count."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from benchmarks.peers.diary import Diary
from benchmarks.peers.first_fit import insert_first
from scheduler.domain.entities import PlaceKind
from scheduler.domain.plan import Meeting
from scheduler.domain.problem import People, Problem
from scheduler.solver.instance.choices import mask_slots

Group = tuple[int, int]
"""Hall and -1 for the tables of a hall, or hall and booth."""


@dataclass(frozen=True, slots=True)
class Option:
    """The meaning of one Boolean."""

    request: int
    start: int
    asking: People
    asked: People
    group: Group


def seated(diary: Diary, chosen: list[Option]) -> list[Meeting]:
    """Assign tables and interpreters in time order. A meeting without one is moved to where it fits."""
    unplaced = [
        option
        for option in sorted(chosen, key=lambda one: (one.start, one.request))
        if not any(
            group_of(diary.problem, place) == option.group
            and diary.put_if_possible(option.request, option.start, option.asking, option.asked, place)
            for place in list(diary.places(option.request, option.start))
        )
    ]
    for option in unplaced:
        insert_first(diary, option.request)
    return diary.meetings


def group_of(problem: Problem, place: int) -> Group:
    row = problem.places[place]
    return (row.hall, place if row.kind is PlaceKind.BOOTH else -1)


def groups_near(diary: Diary, r: int) -> list[Group]:
    """Return a request's booths, and tables in its firms' halls (in all halls, if neither has a booth)."""
    request, places, booths = diary.problem.requests[r], diary.problem.places, diary.choices.booths
    near = {places[p].hall for firm in (request.sender, request.receiver) for p in booths[firm]}
    found = dict.fromkeys(group_of(diary.problem, p) for p in diary.choices.places(r))
    return [group for group in found if group[1] >= 0 or not near or group[0] in near]


def seats_of(diary: Diary) -> dict[tuple[Group, int], int]:
    """Return the capacity of each place group by slot."""
    seats: dict[tuple[Group, int], int] = defaultdict(int)
    for p, place in enumerate(diary.problem.places):
        for slot in mask_slots(diary.choices.place_free[p]):
            seats[group_of(diary.problem, p), slot] += place.capacity
    return seats
