"""CP-SAT on the textbook model.

The Booleans are: per request and start slot, per request and candidate attendee, and per request and place
group (a booth, or the tables of a hall).

The objective is the full score, or only the served weight. A request may use the tables of its firms' own
halls. Interpreters are counted by slot and assigned afterwards, like tables. A meeting without one is moved
to where it fits.
"""

from __future__ import annotations

import time
from collections import defaultdict

from ortools.sat.python import cp_model

from benchmarks.peers import NoPlan
from benchmarks.peers.diary import Diary
from benchmarks.peers.seating import Group, Option, groups_near, seated, seats_of
from scheduler.domain.plan import Meeting
from scheduler.domain.problem import People, Problem
from scheduler.solver.instance.choices import mask_slots

Literal = cp_model.IntVar
WORKERS = 8  # even on two cores: the subsolvers that find a first solution are not among the first two


def plan(problem: Problem, seconds: float) -> list[Meeting]:
    """Maximise the full score. Raises NoPlan."""
    return _solve(problem, seconds, full=True)


def plan_served(problem: Problem, seconds: float) -> list[Meeting]:
    """Maximise only the served weight. Raises NoPlan."""
    return _solve(problem, seconds, full=False)


def _solve(problem: Problem, seconds: float, *, full: bool) -> list[Meeting]:
    """Build and solve the model within `seconds` in total."""
    began = time.monotonic()
    textbook = Textbook(problem, full)
    left = seconds - (time.monotonic() - began)
    if left <= 0:
        raise NoPlan("the model was not built in time")
    solver = cp_model.CpSolver()
    solver.parameters.max_time_in_seconds = left
    solver.parameters.num_workers = WORKERS
    # Probing and further presolve rounds took most of the time without any gain.
    solver.parameters.cp_model_probing_level = 0
    solver.parameters.max_presolve_iterations = 1
    if solver.solve(textbook.model) not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        raise NoPlan("no solution in the time")
    return seated(textbook.diary, textbook.chosen(solver))


class Textbook:
    """The model of a problem, and its literals by meaning."""

    def __init__(self, problem: Problem, full: bool) -> None:
        self.problem = problem
        self.diary = Diary(problem)
        self.choices = self.diary.choices
        self.model = cp_model.CpModel()
        self.held: dict[int, Literal] = {}
        self.at: dict[tuple[int, int], Literal] = {}
        self.sits: dict[tuple[int, People], Literal] = {}
        self.uses: dict[tuple[int, Group], Literal] = {}
        self.busy: dict[tuple[int, int], list[Literal]] = defaultdict(list)
        self.in_hall: dict[tuple[int, int], dict[int, Literal]] = defaultdict(dict)
        self.taken: dict[tuple[Group, int], list[Literal]] = defaultdict(list)
        self.needing: dict[tuple[People, int], list[Literal]] = defaultdict(list)
        self.person_day: dict[tuple[int, int], list[Literal]] = defaultdict(list)
        self.firm_day: dict[tuple[int, int], list[Literal]] = defaultdict(list)
        self.terms: list[tuple[Literal, float]] = []
        for r in range(len(problem.requests)):
            self._add_request(r)
        self._add_limits()
        for person, slot in list(self.in_hall):
            self._add_walks(person, slot)
        if full:
            self._add_floors()
            for person in range(len(problem.attendees)):
                for day in self.choices.day_masks:
                    self._add_day(person, [slot for slot in mask_slots(day) if (person, slot) in self.busy])
        served = float(problem.policy.factors["served"]) if full else 1.0
        self.terms += [(held, served * problem.requests[r].weight) for r, held in self.held.items()]
        literals, gains = [term for term, _ in self.terms], [gain for _, gain in self.terms]
        self.model.maximize(cp_model.LinearExpr.weighted_sum(literals, gains))

    # One request

    def _add_request(self, r: int) -> None:
        """Add time, attendees and place, each exactly once if the request is scheduled."""
        asking, asked = self.choices.sides(r)
        groups = groups_near(self.diary, r)
        anybody = 0
        for one, other in self.choices.parties(r):
            if self.choices.interpreters(one, other) != ():
                anybody |= self.diary.starts(r, one + other)
        if not anybody or not groups:
            return
        held = self.held[r] = self.model.new_bool_var("")
        for start in mask_slots(anybody):
            self.at[r, start] = self.model.new_bool_var("")
        self.model.add_exactly_one([*(self.at[r, start] for start in mask_slots(anybody)), held.negated()])
        for side in (asking, asked):
            self.sits.update(zip([(r, team) for team in side], self._choice(held, len(side)), strict=True))
        self.uses.update(zip([(r, group) for group in groups], self._choice(held, len(groups)), strict=True))
        for start in mask_slots(anybody):
            self._add_start(r, start, asking + asked, groups)
        self._add_parties(r, anybody)

    def _choice(self, held: Literal, size: int) -> list[Literal]:
        """Return literals, exactly one of which is true if `held`. A single choice is `held` itself."""
        if size == 1:
            return [held]
        literals = [self.model.new_bool_var("") for _ in range(size)]
        self.model.add_exactly_one([*literals, held.negated()])
        return literals

    def _both(self, at: Literal, choice: Literal, only: bool) -> Literal:
        """Return the conjunction of two literals, or the first one if there is no choice."""
        if only:
            return at
        both = self.model.new_bool_var("")
        self.model.add_bool_or([at.negated(), choice.negated(), both])
        self.model.add_implication(both, at)
        self.model.add_implication(both, choice)
        return both

    def _add_start(self, r: int, start: int, teams: tuple[People, ...], groups: list[Group]) -> None:
        """Add the resources that a request takes from a start: people, seats, and daily limits."""
        request, at, day = self.problem.requests[r], self.at[r, start], self.problem.days[start]
        span = self.diary.span(r, start)
        for group in groups:
            used = self._both(at, self.uses[r, group], len(groups) == 1)
            for slot in mask_slots(span):
                self.taken[group, slot].append(used)
        for team in teams:
            sits = self.sits[r, team]
            if any(self.diary.free[person] & span != span for person in team):
                self.model.add_bool_or([at.negated(), sits.negated()])
                continue
            present = self._both(at, sits, sits is self.held[r])
            for person in team:
                self.person_day[person, day].append(present)
                for slot in mask_slots(span):
                    self.busy[person, slot].append(present)
                    self._add_presence(r, person, slot, present, groups)
        for firm in (request.sender, request.receiver):
            self.firm_day[firm, day].append(at)

    def _add_presence(self, r: int, person: int, slot: int, present: Literal, groups: list[Group]) -> None:
        halls = self.in_hall[person, slot]
        for group in groups:
            if group[0] not in halls:
                halls[group[0]] = self.model.new_bool_var("")
            there = halls[group[0]]
            self.model.add_bool_or([present.negated(), self.uses[r, group].negated(), there])

    def _add_parties(self, r: int, starts: int) -> None:
        """Exclude pairs without a common interpreter, and count the others that need one."""
        for asking, asked in self.choices.parties(r):
            able = self.choices.interpreters(asking, asked)
            if able is None:
                continue
            one, other = self.sits[r, asking], self.sits[r, asked]
            if not able:
                self.model.add_bool_or([one.negated(), other.negated()])
                continue
            for start in mask_slots(starts & self.diary.starts(r, asking + asked)):
                at = self.at[r, start]
                needs = self.model.new_bool_var("")
                self.model.add_bool_or([at.negated(), one.negated(), other.negated(), needs])
                for slot in mask_slots(self.diary.span(r, start)):
                    self.needing[able, slot].append(needs)

    # Shared constraints

    def _add_limits(self) -> None:
        problem, model = self.problem, self.model
        for literals in self.busy.values():
            model.add_at_most_one(literals)
        for halls in self.in_hall.values():
            model.add_at_most_one(halls.values())
        seats = seats_of(self.diary)
        for key, literals in self.taken.items():
            self._at_most(literals, seats[key])
        everybody = tuple(range(len(problem.interpreters)))
        for (able, slot), literals in list(self.needing.items()):
            if able != everybody:
                self.needing[everybody, slot] += literals
        for (able, slot), literals in self.needing.items():
            self._at_most(literals, sum(self.choices.interpreter_free[i] >> slot & 1 for i in able))
        for (person, _), literals in self.person_day.items():
            self._at_most(literals, problem.attendees[person].max_per_day)
        for (firm, _), literals in self.firm_day.items():
            self._at_most(literals, problem.firms[firm].max_per_day)

    def _at_most(self, literals: list[Literal], limit: int | None) -> None:
        if limit is None or len(literals) <= limit:
            return
        if limit == 1:
            self.model.add_at_most_one(literals)
        else:
            self.model.add(cp_model.LinearExpr.sum(literals) <= limit)

    def _add_walks(self, person: int, slot: int) -> None:
        """Exclude presence in two halls whose walk is longer than the gap between the slots."""
        walking, diary = self.problem.walking, self.diary
        longest = max((minutes for row in walking for minutes in row), default=0)
        for later in range(slot + 1, len(self.problem.slots)):
            gap = diary.start_minute[later] - diary.end_minute[slot]
            if gap >= longest:
                break
            for hall, there in self.in_hall[person, slot].items():
                halls = self.in_hall.get((person, later), {})
                far = [literal for other, literal in halls.items() if walking[hall][other] > gap]
                if far:
                    self.model.add_at_most_one([there, *far])

    # The other terms of the score

    def _add_floors(self) -> None:
        held: dict[int, list[Literal]] = defaultdict(list)
        for r, literal in self.held.items():
            held[self.problem.requests[r].sender].append(literal)
            held[self.problem.requests[r].receiver].append(literal)
        factor = float(self.problem.policy.factors["shortfall"])
        for firm, floor in enumerate(self.problem.floors):
            if floor:
                short = self.model.new_int_var(0, floor, "")
                self.model.add(cp_model.LinearExpr.sum([*held[firm], short]) >= floor)
                self.terms.append((short, -factor))

    def _add_day(self, person: int, slots: list[int]) -> None:
        """Add idle slots and hall changes of one day: who has begun, who continues, and in which hall."""
        model, factors = self.model, self.problem.policy.factors
        begun = [model.new_bool_var("") for _ in slots]
        goes_on = [model.new_bool_var("") for _ in slots]
        was_in: dict[int, Literal] = {}
        for k, slot in enumerate(slots):
            busy = self.busy[person, slot]
            for literal in busy:
                model.add_implication(literal, begun[k])
                model.add_implication(literal, goes_on[k])
            if k:
                model.add_implication(begun[k - 1], begun[k])
                model.add_implication(goes_on[k], goes_on[k - 1])
            idle = model.new_bool_var("")
            model.add_bool_or([begun[k].negated(), goes_on[k].negated(), idle, *busy])
            self.terms.append((idle, -float(factors["idle"])))
            was_in = self._add_hall(person, slot, was_in, busy)

    def _add_hall(
        self, person: int, slot: int, was_in: dict[int, Literal], busy: list[Literal]
    ) -> dict[int, Literal]:
        """Return literals for the hall of the latest meeting. A meeting in another hall is a change."""
        model, halls = self.model, self.in_hall[person, slot]
        now = {hall: model.new_bool_var("") for hall in was_in.keys() | halls.keys()}
        for hall, there in halls.items():
            model.add_implication(there, now[hall])
        for hall, before in was_in.items():
            model.add_bool_or([before.negated(), now[hall], *busy])
        model.add_at_most_one(now.values())
        if was_in:
            change = model.new_bool_var("")
            self.terms.append((change, -float(self.problem.policy.factors["hall_change"])))
            for hall, before in was_in.items():
                for other, there in halls.items():
                    if other != hall:
                        model.add_bool_or([before.negated(), there.negated(), change])
        return now

    def chosen(self, solver: cp_model.CpSolver) -> list[Option]:
        """Return the meetings of the solution."""
        starts = {r: start for (r, start), at in self.at.items() if solver.boolean_value(at)}
        groups = {r: group for (r, group), use in self.uses.items() if solver.boolean_value(use)}
        found: list[Option] = []
        for r, start in starts.items():
            asking, asked = (
                next(team for team in side if solver.boolean_value(self.sits[r, team]))
                for side in self.choices.sides(r)
            )
            found.append(Option(r, start, asking, asked, groups[r]))
        return found
