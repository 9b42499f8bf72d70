"""Time-indexed integer program: one Boolean per request, start slot, attendees and place group.

The tables of each hall are one group. A request may use those of its firms' own halls. Interpreters are
counted by slot and assigned afterwards, like tables. A meeting without one is moved to where it fits.
"""

from __future__ import annotations

import time
from collections import defaultdict

from ortools.math_opt.python import mathopt

from benchmarks.peers.diary import Diary
from benchmarks.peers.seating import Group, Option, groups_near, seated, seats_of
from benchmarks.peers.zero_one import ZeroOne
from scheduler.domain.plan import Meeting
from scheduler.domain.problem import People, Problem
from scheduler.solver.instance.choices import mask_slots


def solve(problem: Problem, seconds: float, kind: mathopt.SolverType) -> list[Meeting]:
    """Build and solve the model within `seconds` in total. Raises NoPlan."""
    began = time.monotonic()
    model = TimeIndexed(problem)
    chosen = model.program.solve(kind, seconds - (time.monotonic() - began))
    return seated(model.diary, [model.options[column] for column in chosen if column < len(model.options)])


class TimeIndexed:
    """The model of a problem. `options` are its first columns."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.diary = Diary(problem)
        self.choices = self.diary.choices
        self.program = ZeroOne()
        self.options: list[Option] = []
        self.left_out: dict[int, int] = {}
        self.in_hall: dict[tuple[int, int], dict[int, int]] = defaultdict(dict)
        self._add_options()
        self._add_requests()
        self._add_people()
        self._add_places()
        self._add_interpreters()
        self._add_caps()
        self._add_floors()
        for person in range(len(problem.attendees)):
            for day in self.choices.day_masks:
                self._add_day(person, [slot for slot in mask_slots(day) if (person, slot) in self.in_hall])

    def _add_options(self) -> None:
        for r in range(len(self.problem.requests)):
            groups = groups_near(self.diary, r)
            for asking, asked in self.choices.parties(r):
                if self.choices.interpreters(asking, asked) == ():
                    continue
                for start in mask_slots(self.diary.starts(r, asking + asked)):
                    for group in groups:
                        self.options.append(Option(r, start, asking, asked, group))
                        self.program.add_column()

    def slots_of(self, option: Option) -> range:
        return range(option.start, option.start + self.problem.requests[option.request].length)

    def _add_requests(self) -> None:
        """Add rows: each request is scheduled once or unscheduled, which costs its weight."""
        options: dict[int, list[int]] = defaultdict(list)
        for column, option in enumerate(self.options):
            options[option.request].append(column)
        served = float(self.problem.policy.factors["served"])
        for r, columns in options.items():
            out = self.left_out[r] = self.program.add_column(-served * self.problem.requests[r].weight)
            self.program.add_row(((column, 1.0) for column in [*columns, out]), 1, 1)

    def _add_people(self) -> None:
        """Add rows: a person is in one hall at a time and has time to walk to the next."""
        there: dict[tuple[int, int, int], list[int]] = defaultdict(list)
        for column, option in enumerate(self.options):
            for slot in self.slots_of(option):
                for person in option.asking + option.asked:
                    there[person, slot, option.group[0]].append(column)
        for (person, slot, hall), columns in there.items():
            present = self.in_hall[person, slot][hall] = self.program.add_column()
            self.program.add_row([*((column, 1.0) for column in columns), (present, -1.0)], 0, 0)
        for halls in self.in_hall.values():
            self.program.at_most(halls.values(), 1)
        for person, slot in list(self.in_hall):
            self._add_walks(person, slot)

    def _add_walks(self, person: int, slot: int) -> None:
        walking, diary = self.problem.walking, self.diary
        longest = max((minutes for row in walking for minutes in row), default=0)
        for later in range(slot + 1, len(self.problem.slots)):
            gap = diary.start_minute[later] - diary.end_minute[slot]
            if gap >= longest:
                break
            halls = self.in_hall.get((person, later), {})
            for hall, present in self.in_hall[person, slot].items():
                far = [column for other, column in halls.items() if walking[hall][other] > gap]
                if far:
                    self.program.at_most([present, *far], 1)

    def _add_places(self) -> None:
        used: dict[tuple[Group, int], list[int]] = defaultdict(list)
        for column, option in enumerate(self.options):
            for slot in self.slots_of(option):
                used[option.group, slot].append(column)
        seats = seats_of(self.diary)
        for key, columns in used.items():
            if len(columns) > seats[key]:
                self.program.at_most(columns, seats[key])

    def _add_interpreters(self) -> None:
        """Limit meetings in a slot by the interpreters of each required set, and by all interpreters."""
        needing: dict[tuple[People, int], list[int]] = defaultdict(list)
        for column, option in enumerate(self.options):
            able = self.choices.interpreters(option.asking, option.asked)
            if able is not None:
                for slot in self.slots_of(option):
                    needing[able, slot].append(column)
        everybody = tuple(range(len(self.problem.interpreters)))
        for (able, slot), columns in list(needing.items()):
            if able != everybody:
                needing[everybody, slot] += columns
        for (able, slot), columns in needing.items():
            free = sum(self.choices.interpreter_free[i] >> slot & 1 for i in able)
            self.program.at_most(columns, free)

    def _add_caps(self) -> None:
        days, problem = self.problem.days, self.problem
        people: dict[tuple[int, int], list[int]] = defaultdict(list)
        firms: dict[tuple[int, int], list[int]] = defaultdict(list)
        for column, option in enumerate(self.options):
            request, day = problem.requests[option.request], days[option.start]
            for person in option.asking + option.asked:
                if problem.attendees[person].max_per_day is not None:
                    people[person, day].append(column)
            for firm in (request.sender, request.receiver):
                if problem.firms[firm].max_per_day is not None:
                    firms[firm, day].append(column)
        for (person, _), columns in people.items():
            self.program.at_most(columns, problem.attendees[person].max_per_day or 0)
        for (firm, _), columns in firms.items():
            self.program.at_most(columns, problem.firms[firm].max_per_day or 0)

    def _add_floors(self) -> None:
        left_out: dict[int, list[int]] = defaultdict(list)
        for r, column in self.left_out.items():
            left_out[self.problem.requests[r].sender].append(column)
            left_out[self.problem.requests[r].receiver].append(column)
        factor = float(self.problem.policy.factors["shortfall"])
        for firm, floor in enumerate(self.problem.floors):
            if floor:
                short = self.program.add_column(-factor, floor)
                entries = [*((column, -1.0) for column in left_out[firm]), (short, 1.0)]
                self.program.add_row(entries, low=floor - len(left_out[firm]))

    def _add_day(self, person: int, slots: list[int]) -> None:
        """Add idle slots and hall changes of one day: who has begun, who continues, and in which hall."""
        program, factors = self.program, self.problem.policy.factors
        if len(slots) < 2:
            return
        begun = [program.add_column() for _ in slots]
        goes_on = [program.add_column() for _ in slots]
        was_in: dict[int, int] = {}
        for k, slot in enumerate(slots):
            halls = self.in_hall[person, slot]
            busy = [(column, -1.0) for column in halls.values()]
            program.add_row([(begun[k], 1.0), *busy], low=0)
            program.add_row([(goes_on[k], 1.0), *busy], low=0)
            if k:
                program.add_row([(begun[k], 1.0), (begun[k - 1], -1.0)], low=0)
                program.add_row([(goes_on[k - 1], 1.0), (goes_on[k], -1.0)], low=0)
            idle = program.add_column(-float(factors["idle"]))
            ends = [(begun[k], 1.0), (goes_on[k], 1.0), (idle, -1.0)]
            program.add_row([*ends, *busy], high=1)
            was_in = self._add_hall(halls, was_in, begun[k - 1] if k else None)

    def _add_hall(self, halls: dict[int, int], was_in: dict[int, int], begun: int | None) -> dict[int, int]:
        """Return columns for the hall of the latest meeting. A meeting in another hall is a change."""
        program = self.program
        now = {hall: program.add_column() for hall in was_in.keys() | halls.keys()}
        for hall, column in now.items():
            old = [(was_in[hall], -1.0)] if hall in was_in else []
            new = [(halls[hall], -1.0)] if hall in halls else []
            program.add_row([(column, 1.0), *old, *new], high=0)
            if new:
                program.add_row([(column, 1.0), *new], low=0)
        program.at_most(now.values(), 1)
        if begun is not None:
            change = program.add_column(-float(self.problem.policy.factors["hall_change"]))
            for hall, column in halls.items():
                same = [(was_in[hall], -1.0)] if hall in was_in else []
                program.add_row([(column, 1.0), (begun, 1.0), *same, (change, -1.0)], high=1)
        return now
