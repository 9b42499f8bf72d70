"""Causes of changes to published meetings: the meeting could not stay, or it makes room for others."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from scheduler.domain.plan import Meeting
from scheduler.domain.problem import Problem
from scheduler.domain.rules.idle import person_idle_figure
from scheduler.domain.rules.people import closures, has_time_to_walk, interpreter_fault, station_fault
from scheduler.domain.rules.places import place_faults
from scheduler.domain.rules.request_rules import is_as_fixed, slot_faults
from scheduler.domain.rules.resolved import (
    ResolvedMeeting,
    Schedule,
    Violation,
    resolve_meeting,
    sort_by_time,
)
from scheduler.domain.rules.score import hall_changes
from scheduler.domain.rules.spacing import days_in_way, meetings_of_pairs, rows_in_way
from scheduler.domain.rules.stability import same_meeting
from scheduler.domain.rules.staffing import staffing_faults


class CauseKind(StrEnum):
    """Why a meeting cannot stay as it was, taken alone. CHOICE: it could."""

    WITHDRAWN = "withdrawn"  # the request is gone
    GONE = "gone"  # its slot or place is gone
    AWAY = "away"  # a person is unavailable, or the place is closed
    PEOPLE = "people"  # different people must attend
    TIME = "time"  # the request may not start then
    PLACE = "place"  # the request may not use that place
    LANGUAGE = "language"  # the interpreter does not fit
    STATION = "station"  # the interpreter is assigned to another place then
    FIXED = "fixed"  # the request is fixed to another slot or place
    CHOICE = "choice"


@dataclass(frozen=True, slots=True)
class Cause:
    """Why one meeting changes.

    `ids` names the people who are unavailable or the place that is closed. For a meeting that could stay,
    `instead` are the requests whose meetings take its people, place or interpreter. `buys` are the newly
    scheduled requests among them, or among those they in turn made room for. If nothing takes its resources,
    `idle` and `walks` are the idle slots and hall changes that the change saves its people (negative: adds).
    """

    kind: CauseKind
    ids: tuple[str, ...] = ()
    instead: tuple[str, ...] = ()
    buys: tuple[str, ...] = ()
    idle: int = 0
    walks: int = 0

    @property
    def by_choice(self) -> bool:
        return self.kind is CauseKind.CHOICE


def find_causes(problem: Problem, before: Sequence[Meeting], after: Sequence[Meeting]) -> dict[str, Cause]:
    """Return the cause of each meeting of `before` that is changed or missing in `after`, by request."""
    plan = Occupation(problem, Schedule.of(problem, after))
    now = {meeting.request: meeting for meeting in after}
    found = {
        meeting.request: plan.cause(meeting)
        for meeting in before
        if meeting.request not in now or not same_meeting(meeting, now[meeting.request])
    }
    new = now.keys() - {meeting.request for meeting in before}
    return {key: replace(cause, buys=_reached(key, found, new)) for key, cause in found.items()}


def _reached(start: str, found: Mapping[str, Cause], new: Iterable[str]) -> tuple[str, ...]:
    """Return the new requests that a change leads to, through the changes that it makes room for."""
    seen, todo = {start}, [start]
    while todo:
        for other in found[todo.pop()].instead:
            if other not in seen:
                seen.add(other)
                if other in found:
                    todo.append(other)
    return tuple(sorted(seen.intersection(new)))


class Occupation:
    """The meetings of a plan, indexed by the people and places they occupy."""

    def __init__(self, problem: Problem, schedule: Schedule) -> None:
        self.problem, self.schedule = problem, schedule
        self.at: dict[tuple[int, int], list[ResolvedMeeting]] = defaultdict(list)
        self.of_firm: dict[int, list[ResolvedMeeting]] = defaultdict(list)
        for held in schedule.held:
            for slot in held.slots():
                self.at[held.place, slot].append(held)
            for firm in (held.request.sender, held.request.receiver):
                self.of_firm[firm].append(held)

    def cause(self, meeting: Meeting) -> Cause:
        problem = self.problem
        if meeting.request not in problem.index.requests:
            return Cause(CauseKind.WITHDRAWN)
        unreadable: list[Violation] = []
        held = resolve_meeting(problem, meeting, unreadable)
        if held is None:
            return Cause(CauseKind.GONE)
        if unreadable or any(True for _ in staffing_faults(problem, held)):
            return Cause(CauseKind.PEOPLE, tuple(meeting.attendees))
        if away := tuple(who for who, _ in closures(problem, held)):
            return Cause(CauseKind.AWAY, away)
        for kind, is_wrong in _ALONE:
            if is_wrong(problem, held):
                return Cause(kind)
        instead = dict.fromkeys(other.id for other in self.in_its_way(held))
        if instead:
            return Cause(CauseKind.CHOICE, instead=tuple(instead))
        idle, walks = self.saved(held)
        return Cause(CauseKind.CHOICE, idle=idle, walks=walks)

    def in_its_way(self, held: ResolvedMeeting) -> Iterator[ResolvedMeeting]:
        """Yield the other meetings that conflict with this one."""
        problem, day = self.problem, self.problem.days[held.start]
        for mine, cap in self.agendas(held):
            others = [other for other in mine if other.index != held.index]
            yield from (other for other in others if self.is_too_near(held, other))
            there = [other for other in others if problem.days[other.start] == day]
            if cap is not None and len(there) >= cap:
                yield from there
        most = problem.policy.max_pair_per_day
        if most is not None:
            for met in meetings_of_pairs(self.schedule, held):
                if len(met) >= most:
                    yield from met
        yield from rows_in_way(self.schedule, held)
        yield from days_in_way(self.schedule, held)
        for slot in held.slots():
            there = [other for other in self.at[held.place, slot] if other.index != held.index]
            if len(there) >= problem.places[held.place].capacity:
                yield from there
        for firm in (held.request.sender, held.request.receiver):
            cap = problem.firms[firm].max_per_day
            there = [each for each in self.of_firm[firm] if problem.days[each.start] == day]
            there = [other for other in there if other.index != held.index]
            if cap is not None and len(there) >= cap:
                yield from there
        for one, two in problem.precedences:
            other = self.schedule.by_request.get(two if one == held.index else one)
            if held.index in (one, two) and other is not None:
                first, last = (held, other) if one == held.index else (other, held)
                if last.start < first.stop:
                    yield other

    def agendas(self, held: ResolvedMeeting) -> Iterator[tuple[Sequence[ResolvedMeeting], int | None]]:
        """Yield the meetings of each person in a meeting, with their daily cap."""
        for a in held.attendees:
            yield self.schedule.by_attendee[a], self.problem.attendees[a].max_per_day
        if held.interpreter is not None:
            yield self.schedule.by_interpreter[held.interpreter], None

    def is_too_near(self, held: ResolvedMeeting, other: ResolvedMeeting) -> bool:
        if other.start < held.stop and held.start < other.stop:
            return True
        first, last = (held, other) if held.start < other.start else (other, held)
        return not has_time_to_walk(self.problem, first.hall, first.stop, last.hall, last.start)

    def saved(self, before: ResolvedMeeting) -> tuple[int, int]:
        """Return the idle slots and hall changes that its people save against the meeting as it was."""
        now = self.schedule.by_request.get(before.index)
        idle = walks = 0
        for a in {*before.attendees, *(now.attendees if now is not None else ())}:
            mine = self.schedule.by_attendee[a]
            rest = [other for other in mine if other.index != before.index]
            back = sort_by_time([*rest, before]) if a in before.attendees else rest
            row = self.problem.attendees[a]
            idle += person_idle_figure(self.problem, row, back) - person_idle_figure(self.problem, row, mine)
            walks += hall_changes(self.problem, back) - hall_changes(self.problem, mine)
        return idle, walks


_ALONE: tuple[tuple[CauseKind, Callable[[Problem, ResolvedMeeting], bool]], ...] = (
    (CauseKind.TIME, lambda problem, held: any(True for _ in slot_faults(problem, held))),
    (CauseKind.PLACE, lambda problem, held: any(True for _ in place_faults(problem, held))),
    (CauseKind.LANGUAGE, lambda problem, held: interpreter_fault(problem, held) is not None),
    (CauseKind.STATION, lambda problem, held: station_fault(problem, held) is not None),
    (CauseKind.FIXED, lambda problem, held: not is_as_fixed(held)),
)
"""Checks of one meeting alone, besides its people and closures (see `stability.is_still_possible`)."""
