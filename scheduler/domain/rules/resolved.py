"""Schedule: the meetings of a plan by index, with the format errors found in them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from scheduler.domain.plan import Meeting
from scheduler.domain.problem import Problem, Request


@dataclass(frozen=True, slots=True)
class Violation:
    """One violation: the rule ("H1" to "H17", or "format"), a sentence, and the ids involved."""

    rule: str
    detail: str
    ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ResolvedMeeting:
    """A meeting by index. Unknown people are dropped.

    It occupies slots [start, stop), clipped to the end of the event. `attendees` are in plan order, without
    duplicates. `sides` splits them into those of the sending and of the receiving firm.
    """

    meeting: Meeting
    index: int
    request: Request
    start: int
    stop: int
    place: int
    hall: int
    attendees: tuple[int, ...]
    sides: tuple[tuple[int, ...], tuple[int, ...]]
    interpreter: int | None

    @property
    def id(self) -> str:
        return self.request.id

    def slots(self) -> range:
        return range(self.start, self.stop)


@dataclass(frozen=True)
class Schedule:
    """The meetings of a plan, with a "format" violation for each reference to an unknown object.

    A meeting whose request, slot or place is unknown is reported, and counts as unscheduled.
    """

    problem: Problem
    held: tuple[ResolvedMeeting, ...]
    unreadable: tuple[Violation, ...] = field(default=())

    @classmethod
    def of(cls, problem: Problem, meetings: Iterable[Meeting]) -> Schedule:
        unreadable: list[Violation] = []
        held = [resolve_meeting(problem, meeting, unreadable) for meeting in meetings]
        return cls(problem, tuple(h for h in held if h is not None), tuple(unreadable))

    @cached_property
    def by_request(self) -> dict[int, ResolvedMeeting]:
        """The (first) meeting of each scheduled request, by request index."""
        first: dict[int, ResolvedMeeting] = {}
        for held in self.held:
            first.setdefault(held.index, held)
        return first

    @cached_property
    def by_attendee(self) -> tuple[tuple[ResolvedMeeting, ...], ...]:
        """The meetings of each attendee in time order."""
        mine: list[list[ResolvedMeeting]] = [[] for _ in self.problem.attendees]
        for held in self.held:
            for person in held.attendees:
                mine[person].append(held)
        return tuple(sort_by_time(meetings) for meetings in mine)

    @cached_property
    def by_interpreter(self) -> tuple[tuple[ResolvedMeeting, ...], ...]:
        """The meetings of each interpreter in time order."""
        mine: list[list[ResolvedMeeting]] = [[] for _ in self.problem.interpreters]
        for held in self.held:
            if held.interpreter is not None:
                mine[held.interpreter].append(held)
        return tuple(sort_by_time(meetings) for meetings in mine)


def sort_by_time(meetings: Iterable[ResolvedMeeting]) -> tuple[ResolvedMeeting, ...]:
    return tuple(sorted(meetings, key=lambda held: (held.start, held.index)))


def resolve_meeting(
    problem: Problem, meeting: Meeting, unreadable: list[Violation]
) -> ResolvedMeeting | None:
    """Resolve a meeting to indices, adding a violation per unknown id.

    None if its request, slot or place is unknown.
    """
    index = problem.index
    request = index.requests.get(meeting.request)
    start, place = index.slots.get(meeting.slot), index.places.get(meeting.place)
    if request is None:
        unreadable.append(_unknown("request", meeting.request, meeting))
    if start is None:
        unreadable.append(_unknown("slot", meeting.slot, meeting))
    if place is None:
        unreadable.append(_unknown("place", meeting.place, meeting))
    interpreter = None
    if meeting.interpreter is not None:
        interpreter = index.interpreters.get(meeting.interpreter)
        if interpreter is None:
            unreadable.append(_unknown("interpreter", meeting.interpreter, meeting))
    attendees = _attendees(problem, meeting, unreadable)
    if request is None or start is None or place is None:
        return None
    row = problem.requests[request]
    return ResolvedMeeting(
        meeting=meeting,
        index=request,
        request=row,
        start=start,
        stop=min(start + row.length, len(problem.slots)),
        place=place,
        hall=problem.places[place].hall,
        attendees=attendees,
        sides=_sides(problem, row, attendees),
        interpreter=interpreter,
    )


def _attendees(problem: Problem, meeting: Meeting, unreadable: list[Violation]) -> tuple[int, ...]:
    index = problem.index.attendees
    known: list[int] = []
    for id in meeting.attendees:
        person = index.get(id)
        if person is None:
            unreadable.append(_unknown("attendee", id, meeting))
        elif person in known:
            detail = f"Request {meeting.request} names attendee {id} twice."
            unreadable.append(Violation("format", detail, (meeting.request, id)))
        else:
            known.append(person)
    return tuple(known)


def _sides(
    problem: Problem, request: Request, people: Sequence[int]
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    firm = [problem.attendees[person].firm for person in people]
    sender = tuple(p for p, f in zip(people, firm, strict=True) if f == request.sender)
    receiver = tuple(p for p, f in zip(people, firm, strict=True) if f == request.receiver)
    return sender, receiver


def _unknown(what: str, id: str, meeting: Meeting) -> Violation:
    detail = f"Request {meeting.request} is held with {what} {id!r}, which the problem does not have."
    return Violation("format", detail, tuple(dict.fromkeys((meeting.request, id))))
