"""First fit by weight: the heaviest request first, with the first free slot, attendees and place."""

from __future__ import annotations

from benchmarks.peers.diary import Diary
from scheduler.domain.plan import Meeting
from scheduler.domain.problem import Problem
from scheduler.solver.instance.choices import mask_slots


def plan(problem: Problem, seconds: float) -> list[Meeting]:
    """Make one pass over the requests. `seconds` is ignored."""
    diary = Diary(problem)
    for r in by_weight(problem):
        insert_first(diary, r)
    return diary.meetings


def by_weight(problem: Problem) -> list[int]:
    """Return requests by weight. Ties: firms with few people first, because they are hardest to place."""
    people = problem.firm_attendees

    def hardness(r: int) -> tuple[int, int, int]:
        request = problem.requests[r]
        choices = len(people[request.sender]) * len(people[request.receiver])
        return (-request.weight, choices, r)

    return sorted(range(len(problem.requests)), key=hardness)


def insert_first(diary: Diary, r: int) -> bool:
    """Insert a request at the first free slot, attendees and place. Return True if inserted."""
    open_starts = [
        (diary.starts(r, asking + asked), asking, asked) for asking, asked in diary.choices.parties(r)
    ]
    anybody = 0
    for mask, _, _ in open_starts:
        anybody |= mask
    for start in mask_slots(anybody):
        places = list(diary.places(r, start))
        for mask, asking, asked in open_starts:
            if mask >> start & 1 and any(
                diary.put_if_possible(r, start, asking, asked, place) for place in places
            ):
                return True
    return False
