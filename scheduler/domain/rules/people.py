"""H3, H4, H6, H7, H8, H14: rules about a person, attendee or interpreter."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from scheduler.domain.problem import Attendee, Interpreter, Place, Problem
from scheduler.domain.rules.resolved import ResolvedMeeting, Schedule, Violation

# Tolerance in seconds: walking minutes are floats, and 0.1 minutes must not exceed 6 seconds.
_HAIR = 1e-6


def agendas(schedule: Schedule) -> Iterator[tuple[Attendee | Interpreter, Sequence[ResolvedMeeting]]]:
    """Yield each person who has meetings, with the meetings in time order."""
    problem = schedule.problem
    for attendee, meetings in zip(problem.attendees, schedule.by_attendee, strict=True):
        if meetings:
            yield attendee, meetings
    for interpreter, meetings in zip(problem.interpreters, schedule.by_interpreter, strict=True):
        if meetings:
            yield interpreter, meetings


def check_one_at_a_time(schedule: Schedule) -> Iterator[Violation]:
    """H3: a person is in at most one meeting at a time."""
    for person, meetings in agendas(schedule):
        running = meetings[0]
        for held in meetings[1:]:
            if held.start < running.stop:
                detail = f"{person.id} is in requests {running.id} and {held.id} at one time."
                yield Violation("H3", detail, (person.id, running.id, held.id))
            if held.stop > running.stop:
                running = held


def check_availability(schedule: Schedule) -> Iterator[Violation]:
    """H4: no person or place has a meeting in a slot in which it is unavailable."""
    for held in schedule.held:
        for who, away in closures(schedule.problem, held):
            slots = ", ".join(schedule.problem.slots[s].id for s in away)
            yield Violation("H4", f"{who} is not available in {slots} for request {held.id}.", (who, held.id))


def closures(problem: Problem, held: ResolvedMeeting) -> Iterator[tuple[str, list[int]]]:
    """Yield the people and place of a meeting that are unavailable in it, with the slots concerned."""
    rows: list[Attendee | Interpreter | Place] = [problem.attendees[a] for a in held.attendees]
    if held.interpreter is not None:
        rows.append(problem.interpreters[held.interpreter])
    rows.append(problem.places[held.place])
    slots = held.slots()
    for row in rows:
        if not row.unavailable.isdisjoint(slots):
            yield row.id, [s for s in slots if s in row.unavailable]


def has_time_to_walk(problem: Problem, hall: int, stop: int, other: int, start: int) -> bool:
    """Return True if a person can walk from one hall after slot `stop - 1` to the other by slot `start`."""
    if hall == other:
        return True
    pause = problem.slots[start].start - problem.slots[stop - 1].end
    return pause.total_seconds() >= problem.walking[hall][other] * 60 - _HAIR


def check_walking(schedule: Schedule) -> Iterator[Violation]:
    """H6: the gap between consecutive meetings in different halls is at least the walking time.

    Overlapping meetings violate H3 and are skipped here.
    """
    problem = schedule.problem
    for person, meetings in agendas(schedule):
        for one, two in pairwise(meetings):
            if one.stop > two.start:
                continue
            if not has_time_to_walk(problem, one.hall, one.stop, two.hall, two.start):
                minutes = problem.walking[one.hall][two.hall]
                detail = (
                    f"{person.id} walks {minutes} minutes from {one.id} to {two.id}; they stand too close."
                )
                yield Violation("H6", detail, (person.id, one.id, two.id))


def check_interpreters(schedule: Schedule) -> Iterator[Violation]:
    """H7: an interpreter attends exactly when the sides share no language, and speaks one of each side's."""
    for held in schedule.held:
        detail = interpreter_fault(schedule.problem, held)
        if detail is not None:
            given = held.meeting.interpreter
            yield Violation("H7", detail, (held.id, *held.meeting.attendees, *([given] if given else [])))


def check_stations(schedule: Schedule) -> Iterator[Violation]:
    """H14: an interpreter who has a station in a slot interprets only there in that slot."""
    for held in schedule.held:
        detail = station_fault(schedule.problem, held)
        if detail is not None:
            yield Violation("H14", detail, (held.id, held.meeting.interpreter or "", held.meeting.place))


def station_fault(problem: Problem, held: ResolvedMeeting) -> str | None:
    """Return the H14 violation of a meeting's place and interpreter station, or None."""
    if held.interpreter is None:
        return None
    person = problem.interpreters[held.interpreter]
    away = tied_elsewhere(person, held.place, held.slots())
    if not away:
        return None
    slots = ", ".join(problem.slots[slot].id for slot in away)
    here = held.meeting.place
    return f"Interpreter {person.id} of request {held.id} is tied to another place than {here} in {slots}."


def tied_elsewhere(person: Interpreter, place: int, slots: range) -> list[int]:
    """Return the slots in which the interpreter's station is another place."""
    return [slot for slot, station in person.stations if slot in slots and station != place]


def interpreter_fault(problem: Problem, held: ResolvedMeeting) -> str | None:
    """Return the H7 violation of a meeting, or None. A meeting without both sides is skipped."""
    sender, receiver = (_languages(problem, side) for side in held.sides)
    if not held.sides[0] or not held.sides[1]:
        return None
    given = held.meeting.interpreter
    if not sender.isdisjoint(receiver):
        return f"Request {held.id} needs no interpreter; the sides share a language." if given else None
    if given is None:
        return f"Request {held.id} needs an interpreter; the sides share no language."
    if held.interpreter is None:
        return None
    speaks = problem.interpreters[held.interpreter].languages
    if speaks.isdisjoint(sender) or speaks.isdisjoint(receiver):
        return f"Interpreter {given} of request {held.id} shares no language with one of the sides."
    return None


def _languages(problem: Problem, people: Sequence[int]) -> frozenset[str]:
    if len(people) == 1:
        return problem.attendees[people[0]].languages
    return frozenset().union(*(problem.attendees[person].languages for person in people))


def check_caps(schedule: Schedule) -> Iterator[Violation]:
    """H8: `max_per_day` of an attendee and of a firm. A meeting counts on the day of its start."""
    problem = schedule.problem
    days = max(problem.days, default=-1) + 1
    of_attendee = [0] * (days * len(problem.attendees))
    of_firm = [0] * (days * len(problem.firms))
    for held in schedule.held:
        day, request = problem.days[held.start], held.request
        for person in held.attendees:
            of_attendee[person * days + day] += 1
        of_firm[request.sender * days + day] += 1
        of_firm[request.receiver * days + day] += 1
    for what, rows, counts in (
        ("Attendee", problem.attendees, of_attendee),
        ("Firm", problem.firms, of_firm),
    ):
        for k, n in enumerate(counts):
            i, day = divmod(k, days)
            cap = rows[i].max_per_day if n else None
            if cap is not None and n > cap:
                detail = f"{what} {rows[i].id} has {n} meetings on day {day + 1}, more than {cap}."
                yield Violation("H8", detail, (rows[i].id,))
