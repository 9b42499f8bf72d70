"""Diaries: free time of people and places while a plan is built meeting by meeting, in plain Python."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.peers import require_first_plan
from scheduler.domain.entities import PlaceKind
from scheduler.domain.plan import Meeting
from scheduler.domain.problem import People, Problem
from scheduler.solver.instance.choices import Choices, mask_slots

MINUTE = 60.0


class Diary:
    """Free time of people and places. Attendees are numbered first, then interpreters. Slots are bits."""

    def __init__(self, problem: Problem) -> None:
        require_first_plan(problem)
        self.problem = problem
        self.choices = Choices(problem)
        people = len(problem.attendees) + len(problem.interpreters)
        self.free = [*self.choices.attendee_free, *self.choices.interpreter_free]
        self.busy = [0] * people
        self.hall_at: list[dict[int, int]] = [{} for _ in range(people)]
        self.firm_open = [self.choices.all_slots] * len(problem.firms)
        self.seats = [[place.capacity] * len(problem.slots) for place in problem.places]
        self.place_open = list(self.choices.place_free)
        self.counts: dict[tuple[str, int, int], int] = {}
        self.meetings: list[Meeting] = []
        starts = [slot.start.timestamp() / MINUTE for slot in problem.slots]
        self.start_minute = starts
        self.end_minute = [slot.end.timestamp() / MINUTE for slot in problem.slots]
        for f, firm in enumerate(problem.firms):
            if firm.max_per_day == 0:
                self.firm_open[f] = 0
        for a, person in enumerate(problem.attendees):
            if person.max_per_day == 0:
                self.free[a] = 0

    def starts(self, r: int, people: People) -> int:
        """Return the remaining starts of a request with these attendees."""
        request = self.problem.requests[r]
        mask = self.choices.all_slots
        for person in people:
            mask &= self.free[person]
        open_days = self.firm_open[request.sender] & self.firm_open[request.receiver]
        return self.choices.starts(mask, request.length) & self.choices.allowed(r) & open_days

    def places(self, r: int, start: int) -> Iterator[int]:
        """Yield the request's free places at a start: its booths, and the first free table of each hall."""
        span = self.span(r, start)
        halls: set[int] = set()
        for p in self.choices.places(r):
            place = self.problem.places[p]
            if self.place_open[p] & span != span or (place.kind is PlaceKind.TABLE and place.hall in halls):
                continue
            if place.kind is PlaceKind.TABLE:
                halls.add(place.hall)
            yield p

    def span(self, r: int, start: int) -> int:
        return ((1 << self.problem.requests[r].length) - 1) << start

    def can_walk(self, person: int, start: int, length: int, hall: int) -> bool:
        """True if the person can walk from the previous meeting and to the next one (H6)."""
        walking, end = self.problem.walking, start + length - 1
        before, after = self.neighbours(person, start)
        if before >= 0:
            minutes = walking[self.hall_at[person][before]][hall]
            if minutes and self.end_minute[before] + minutes > self.start_minute[start]:
                return False
        if after >= 0:
            minutes = walking[hall][self.hall_at[person][after]]
            if minutes and self.end_minute[end] + minutes > self.start_minute[after]:
                return False
        return True

    def neighbours(self, person: int, start: int) -> tuple[int, int]:
        """Return the last busy slot before `start` and the first one after it, or -1."""
        before = (self.busy[person] & ((1 << start) - 1)).bit_length() - 1
        later = self.busy[person] >> start
        return before, start + (later & -later).bit_length() - 1 if later else -1

    def helper(self, r: int, start: int, asking: People, asked: People, hall: int) -> int | None:
        """Return the required interpreter: -1 for none, None if none of those needed is available."""
        able = self.choices.interpreters(asking, asked)
        if able is None:
            return -1
        span, length, first = (
            self.span(r, start),
            self.problem.requests[r].length,
            len(self.problem.attendees),
        )
        for i in able:
            if self.free[first + i] & span == span and self.can_walk(first + i, start, length, hall):
                return i
        return None

    def put_if_possible(self, r: int, start: int, asking: People, asked: People, place: int) -> bool:
        """Insert the meeting if walks and an interpreter permit. Return True if inserted.

        Its slots must be free.
        """
        hall, length = self.problem.places[place].hall, self.problem.requests[r].length
        if not all(self.can_walk(person, start, length, hall) for person in asking + asked):
            return False
        helper = self.helper(r, start, asking, asked, hall)
        if helper is None:
            return False
        self.put(r, start, asking + asked, place, helper)
        return True

    def put(self, r: int, start: int, people: People, place: int, helper: int) -> None:
        problem, span = self.problem, self.span(r, start)
        who = people if helper < 0 else (*people, len(problem.attendees) + helper)
        for person in who:
            self.free[person] &= ~span
            self.busy[person] |= span
            self.hall_at[person].update(dict.fromkeys(mask_slots(span), problem.places[place].hall))
        for slot in mask_slots(span):
            self.seats[place][slot] -= 1
            if not self.seats[place][slot]:
                self.place_open[place] &= ~(1 << slot)
        self._count(r, start, people)
        name = None if helper < 0 else problem.interpreters[helper].id
        attendees = tuple(problem.attendees[person].id for person in people)
        slot_id, place_id = problem.slots[start].id, problem.places[place].id
        self.meetings.append(Meeting(problem.requests[r].id, slot_id, place_id, attendees, name))

    def _count(self, r: int, start: int, people: People) -> None:
        """Count a meeting, and close the day of those who reach their daily limit (H8)."""
        problem, day = self.problem, self.problem.days[start]
        closed = ~self.choices.day_masks[day]
        for person in people:
            if self._is_full("person", person, day, problem.attendees[person].max_per_day):
                self.free[person] &= closed
        for firm in {problem.requests[r].sender, problem.requests[r].receiver}:
            if self._is_full("firm", firm, day, problem.firms[firm].max_per_day):
                self.firm_open[firm] &= closed

    def _is_full(self, kind: str, who: int, day: int, cap: int | None) -> bool:
        count = self.counts[kind, who, day] = self.counts.get((kind, who, day), 0) + 1
        return cap is not None and count >= cap
