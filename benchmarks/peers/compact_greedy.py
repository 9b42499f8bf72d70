"""Compact greedy: requests by weight, each where it adds least idle time and fewest hall changes."""

from __future__ import annotations

from benchmarks.peers.diary import Diary
from benchmarks.peers.first_fit import by_weight
from scheduler.domain.plan import Meeting
from scheduler.domain.problem import People, Problem
from scheduler.solver.instance.choices import mask_slots


def plan(problem: Problem, seconds: float) -> list[Meeting]:
    """Make one pass over the requests. `seconds` is ignored."""
    diary = Diary(problem)
    for r in by_weight(problem):
        _insert(diary, r)
    return diary.meetings


def _insert(diary: Diary, r: int) -> None:
    """Evaluate every free slot, pair of attendees and place, and insert the request at the cheapest."""
    factors = diary.problem.policy.factors
    best: tuple[float, int, People, int, int] | None = None
    length = diary.problem.requests[r].length
    for asking, asked in diary.choices.parties(r):
        people = asking + asked
        for start in mask_slots(diary.starts(r, people)):
            idle = factors["idle"] * sum(added_idle(diary, person, start, length) for person in people)
            if best is not None and idle + 2 * len(people) * -factors["hall_change"] >= best[0]:
                continue
            for place in diary.places(r, start):
                hall = diary.problem.places[place].hall
                changes = sum(added_changes(diary, person, start, hall) for person in people)
                cost = idle + factors["hall_change"] * changes
                if best is not None and cost >= best[0]:
                    continue
                if not all(diary.can_walk(person, start, length, hall) for person in people):
                    continue
                helper = diary.helper(r, start, asking, asked, hall)
                if helper is not None:
                    best = (cost, start, people, place, helper)
    if best is not None:
        diary.put(r, *best[1:])


def added_idle(diary: Diary, person: int, start: int, length: int) -> int:
    """Return the idle slots that a meeting adds to a person's day. Negative if it fills a gap."""
    day = diary.choices.day_masks[diary.problem.days[start]]
    before = diary.busy[person] & day
    after = before | ((1 << length) - 1) << start
    available = diary.choices.attendee_free[person]
    return _idle(after, available) - _idle(before, available)


def _idle(busy: int, available: int) -> int:
    if not busy:
        return 0
    between = (1 << busy.bit_length()) - (busy & -busy)
    return (between & available & ~busy).bit_count()


def added_changes(diary: Diary, person: int, start: int, hall: int) -> int:
    """Return the hall changes that a meeting in `hall` adds to a person's day."""
    days, halls = diary.problem.days, diary.hall_at[person]
    around = [s for s in diary.neighbours(person, start) if s >= 0 and days[s] == days[start]]
    there = [halls[s] for s in around]
    return sum(other != hall for other in there) - (len(there) == 2 and there[0] != there[1])
