"""Random changes of an expo between two runs: withdrawals, new requests, lost days."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TypeVar

from scheduler.domain.plan import Meeting
from scheduler.domain.problem import Attendee, Place, Problem, Request

Row = TypeVar("Row", Attendee, Place)

WITHDRAWN, NEW, AWAY, CLOSED = 0.05, 0.05, 0.02, 0.02


def publish_plan(problem: Problem, meetings: Sequence[Meeting]) -> Problem:
    """Return the problem with the plan published and no other change."""
    return replace(problem, published=tuple(meetings), source_fingerprint=None)


def disrupt_problem(
    problem: Problem, meetings: Sequence[Meeting], seed: int = 1, prefix: str = "new"
) -> Problem:
    """Return the problem with the plan published and random changes.

    5 % of the requests are withdrawn, as many are new, and 2 % of the people and of the places lose a day.
    The ids of new requests begin with `prefix`.
    """
    draws = random.Random(seed)
    count = len(problem.requests)
    gone = set(draws.sample(range(count), round(WITHDRAWN * count)))
    kept = [request for r, request in enumerate(problem.requests) if r not in gone]
    asked = {(request.sender, request.receiver) for request in problem.requests}
    new = _new_requests(problem, asked, round(NEW * count), draws, prefix)
    names = {request.id for request in kept}
    return replace(
        problem,
        requests=(*kept, *new),
        precedences=(),
        attendees=tuple(_less_a_day(problem, problem.attendees, AWAY, draws)),
        places=tuple(_less_a_day(problem, problem.places, CLOSED, draws)),
        published=tuple(meeting for meeting in meetings if meeting.request in names),
        source_fingerprint=None,
    )


def _new_requests(
    problem: Problem, asked: set[tuple[int, int]], count: int, draws: random.Random, prefix: str
) -> list[Request]:
    """Return requests between firms without one, with weights and constraints of existing requests."""
    found: list[Request] = []
    firms = range(len(problem.firms))
    most = len(firms) * (len(firms) - 1) - len(asked)
    while len(found) < min(count, most):
        sender, receiver = draws.choice(firms), draws.choice(firms)
        if sender == receiver or (sender, receiver) in asked:
            continue
        asked.add((sender, receiver))
        like = draws.choice(problem.requests)
        name = f"{prefix}{len(found):05d}"
        found.append(Request(name, sender, receiver, like.weight, like.length, place=like.place))
    return found


def _less_a_day(problem: Problem, rows: Sequence[Row], share: float, draws: random.Random) -> Iterator[Row]:
    """Yield the rows, a random share of them without one day's slots."""
    days = sorted(set(problem.days))
    chosen = set(draws.sample(range(len(rows)), round(share * len(rows))))
    for k, row in enumerate(rows):
        if k not in chosen:
            yield row
            continue
        day = draws.choice(days)
        lost = {slot for slot, one in enumerate(problem.days) if one == day}
        yield replace(row, unavailable=row.unavailable | lost)
