"""Staffing: all named attendees of a side and no others, or exactly one of the firm if none is named."""

from __future__ import annotations

from collections.abc import Iterator

from scheduler.domain.entities import Side
from scheduler.domain.problem import Problem
from scheduler.domain.rules.resolved import ResolvedMeeting, Schedule, Violation


def check_staffing(schedule: Schedule) -> Iterator[Violation]:
    """format: "Named attendees must all be there; with none named, the solver picks one of the firm's".

    No attendee in `excluded` takes part.
    """
    for held in schedule.held:
        for detail in staffing_faults(schedule.problem, held):
            yield Violation("format", detail, (held.id, *held.meeting.attendees))


def staffing_faults(problem: Problem, held: ResolvedMeeting) -> Iterator[str]:
    """Yield the staffing errors of one meeting as sentences. Unknown people are skipped."""
    request = held.request
    strangers = [
        p for p in held.attendees if problem.attendees[p].firm not in (request.sender, request.receiver)
    ]
    if strangers:
        yield f"Request {held.id} is held with {_names(problem, strangers)}, who are of neither firm."
    staying_away = [p for p in held.attendees if p in request.excluded]
    if staying_away:
        yield f"Request {held.id} is held with {_names(problem, staying_away)}, whom it excludes."
    for side, named, came in (
        (Side.FROM, request.from_attendees, held.sides[0]),
        (Side.TO, request.to_attendees, held.sides[1]),
    ):
        if not named and len(came) != 1:
            yield f"Request {held.id} has {len(came)} attendees on the {side} side; it takes exactly one."
        elif named and set(named) != set(came):
            who = _names(problem, named)
            yield f"Request {held.id} names {who} on the {side} side; exactly these must be there."


def _names(problem: Problem, people: tuple[int, ...] | list[int]) -> str:
    return ", ".join(problem.attendees[person].id for person in people)
