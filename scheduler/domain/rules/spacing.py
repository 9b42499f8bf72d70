"""H15 to H17: how often the same people meet on a day, meetings of a person in a row, and days with any."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import product

from scheduler.domain.problem import Problem
from scheduler.domain.rules.resolved import ResolvedMeeting, Schedule, Violation, sort_by_time


def check_pairs(schedule: Schedule) -> Iterator[Violation]:
    """H15: two attendees, one of each side, meet at most `policy.max_pair_per_day` times a day."""
    problem = schedule.problem
    most = problem.policy.max_pair_per_day
    if most is None:
        return
    met: dict[tuple[int, int, int], list[str]] = defaultdict(list)
    for held in schedule.held:
        for one, two in product(*held.sides):
            met[min(one, two), max(one, two), problem.days[held.start]].append(held.id)
    for (one, two, day), ids in met.items():
        if len(ids) > most:
            names = problem.attendees[one].id, problem.attendees[two].id
            detail = (
                f"{names[0]} and {names[1]} meet in requests {', '.join(ids)} on day {day + 1}, "
                f"more than {most} times."
            )
            yield Violation("H15", detail, (*names, *ids))


def meetings_of_pairs(schedule: Schedule, held: ResolvedMeeting) -> Iterator[Sequence[ResolvedMeeting]]:
    """Yield, for each pair of attendees of a meeting, their other meetings of that day."""
    days = schedule.problem.days
    for one, two in product(*held.sides):
        yield [
            other
            for other in schedule.by_attendee[one]
            if other.index != held.index and two in other.attendees and days[other.start] == days[held.start]
        ]


def check_rows(schedule: Schedule) -> Iterator[Violation]:
    """H16: an attendee has at most so many meetings in a row, each from the slot after the last on."""
    problem = schedule.problem
    for person, most, mine in zip(problem.attendees, problem.most_in_row, schedule.by_attendee, strict=True):
        if most is None:
            continue
        for row in meetings_in_row(problem, mine):
            if len(row) > most:
                ids = tuple(held.id for held in row)
                detail = (
                    f"{person.id} has {len(row)} meetings in a row: {', '.join(ids)}; at most {most} may be."
                )
                yield Violation("H16", detail, (person.id, *ids))


def meetings_in_row(problem: Problem, meetings: Iterable[ResolvedMeeting]) -> Iterator[list[ResolvedMeeting]]:
    """Yield the rows of a person's meetings, which are in time order: nothing is free between them.

    A row ends with its block.
    """
    row: list[ResolvedMeeting] = []
    for held in meetings:
        if row and not (row[-1].stop == held.start and problem.is_followed(held.start - 1)):
            yield row
            row = []
        row.append(held)
    if row:
        yield row


def check_days(schedule: Schedule) -> Iterator[Violation]:
    """H17: an attendee has meetings on at most `max_days` days. Names the first slot of each such day."""
    problem = schedule.problem
    for person, most, mine in zip(problem.attendees, problem.most_days, schedule.by_attendee, strict=True):
        if most is None:
            continue
        days = sorted({problem.days[held.start] for held in mine})
        if len(days) > most:
            detail = f"{person.id} has meetings on {len(days)} days, more than {most}."
            firsts = (problem.slots[problem.days.index(day)].id for day in days)
            yield Violation("H17", detail, (person.id, *firsts))


def days_in_way(schedule: Schedule, held: ResolvedMeeting) -> Iterator[ResolvedMeeting]:
    """Yield the other meetings of the people for whom a meeting would be on a day too many."""
    problem = schedule.problem
    for person in held.attendees:
        most = problem.most_days[person]
        others = [other for other in schedule.by_attendee[person] if other.index != held.index]
        days = {problem.days[other.start] for other in others}
        if most is not None and len(days) >= most and problem.days[held.start] not in days:
            yield from others


def rows_in_way(schedule: Schedule, held: ResolvedMeeting) -> Iterator[ResolvedMeeting]:
    """Yield the other meetings of the rows that a meeting would make too long for its people."""
    problem = schedule.problem
    for person in held.attendees:
        most = problem.most_in_row[person]
        if most is None:
            continue
        others = [other for other in schedule.by_attendee[person] if other.index != held.index]
        for row in meetings_in_row(problem, sort_by_time([*others, held])):
            if len(row) > most and held in row:
                yield from (other for other in row if other is not held)
