"""Hall changes that no plan avoids: firms whose meetings lie in more halls than their people have days.

Whoever has meetings on a day changes halls at least as often as there are halls visited, less one. So in all
days the people of a group change halls at least as often as they visit a hall on a day, less their days. A
hall's meetings take so many days as they do not fit in fewer, and one meeting less saves one day at most.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from scheduler.domain.problem import Problem
from scheduler.solver.instance.choices import Choices

CHECK_REQUESTS = 500

Visits = dict[int, list[int]]
"""The requests that are held in a hall if at all, by the hall."""


@dataclass(frozen=True, slots=True)
class HallRow:
    """A group of people changes halls at least as often as it holds these requests, less `free`.

    No two groups have the same people.
    """

    requests: Sequence[int]
    free: int


def hall_rows(problem: Problem, choices: Choices, expired: Callable[[], bool]) -> list[HallRow]:
    """Those that say something: for each firm of all its people together, or of each alone.

    There are fewer if `expired` says so on the way.
    """
    rows = list[HallRow]()
    of_firms, of_people = _visits(problem, choices, expired)
    for firm, people in enumerate(problem.firm_attendees):
        if expired():
            break
        alone = [_needed(problem, of_people[a], _days(problem, choices, (a,))) for a in people]
        together = [_needed(problem, of_firms[firm], _days(problem, choices, people))]
        stronger = max(alone, together, key=lambda groups: sum(sure for sure, _ in groups))
        rows += [HallRow(requests, len(requests) - sure) for sure, requests in stronger if sure > 0]
    return rows


def _needed(problem: Problem, visits: Visits, days: Sequence[int]) -> tuple[int, list[int]]:
    """The hall changes that are sure, 0 or more, if these requests are held.

    There is one less for each request that is not held. `days` says how many meetings the people
    can have on each day, largest first.
    """
    sure, requests = -len(days), list[int]()
    for rows in visits.values():
        fits = needed = 0
        while needed < len(days) and fits < len(rows):
            fits += days[needed]
            needed += 1
        # As few as still need so many days, and those that are least likely to be left out.
        enough = min(len(rows), fits - days[needed - 1] + 1) if needed else 0
        sure += needed
        requests += sorted(rows, key=lambda r: -problem.requests[r].weight)[:enough]
    return max(0, sure), requests


def _only_hall(choices: Choices, request: int) -> int | None:
    """The hall in which a request has all its places."""
    halls = {hall for hall, _ in choices.rooms(request)}
    return halls.pop() if len(halls) == 1 else None


def _visits(
    problem: Problem, choices: Choices, expired: Callable[[], bool]
) -> tuple[dict[int, Visits], dict[int, Visits]]:
    """By firm, and by attendee who is the only one that its firm can send."""
    of_firms: dict[int, Visits] = defaultdict(lambda: defaultdict(list))
    of_people: dict[int, Visits] = defaultdict(lambda: defaultdict(list))
    for r, request in enumerate(problem.requests):
        if r % CHECK_REQUESTS == 0 and expired():
            break
        if (hall := _only_hall(choices, r)) is None:
            continue
        for firm, people in zip((request.sender, request.receiver), _who_can(choices, r), strict=True):
            of_firms[firm][hall].append(r)
            for person in people:
                of_people[person][hall].append(r)
    return of_firms, of_people


def _who_can(choices: Choices, request: int) -> Iterator[Sequence[int]]:
    """For each side those who are in the meeting whenever it is held."""
    parties = [p for p in choices.parties(request) if choices.interpreters(*p) != ()]
    for side in (0, 1):
        groups = {party[side] for party in parties}
        yield groups.pop() if len(groups) == 1 else ()


def _days(problem: Problem, choices: Choices, people: Sequence[int]) -> list[int]:
    """How many meetings each of these can have on each day, largest first, without days of 0."""
    most = []
    for a in people:
        free, cap = choices.attendee_free[a], problem.attendees[a].max_per_day
        slots = [(free & day).bit_count() for day in choices.day_masks]
        most += [each if cap is None else min(each, cap) for each in slots]
    return sorted((each for each in most if each > 0), reverse=True)
