"""The whole minimum-change model: hold one request more, and move as few people as can be, by CP-SAT."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from ortools.sat.python import cp_model

from benchmarks.peers.cp_sat import WORKERS, Literal, Textbook
from benchmarks.peers.seating import group_of
from scheduler.domain.plan import Meeting
from scheduler.domain.problem import Problem


@dataclass(frozen=True, slots=True)
class Fewest:
    """The fewest people whose other meetings change. `people` is None if no way was found in the time.

    `is_proved`: nobody finds fewer, or no way at all.
    """

    people: int | None
    is_proved: bool


def fewest(problem: Problem, meetings: Sequence[Meeting], request: str, seconds: float) -> Fewest:
    """Hold a request, elsewhere than now if it is held, and every other meeting of the plan somewhere.

    Interpreters and tables are counted, not named, so a real plan may need more people.
    """
    began = time.monotonic()
    model = _MinimumChange(problem, meetings, request)
    left = seconds - (time.monotonic() - began)
    if left <= 0:
        return Fewest(None, is_proved=False)
    solver = cp_model.CpSolver()
    solver.parameters.max_time_in_seconds = left
    solver.parameters.num_workers = WORKERS
    solver.parameters.cp_model_probing_level = 0  # as of the peer
    solver.parameters.max_presolve_iterations = 1
    status = solver.solve(model.model)
    if status == cp_model.INFEASIBLE:
        return Fewest(None, is_proved=True)
    if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        return Fewest(None, is_proved=False)
    return Fewest(round(solver.objective_value), is_proved=status == cp_model.OPTIMAL)


class _MinimumChange:
    """The textbook model of all requests that are held, and one; its objective is who moves."""

    def __init__(self, problem: Problem, meetings: Sequence[Meeting], request: str) -> None:
        index = problem.index
        rows = {index.requests[meeting.request]: meeting for meeting in meetings}
        self.wanted = index.requests[request]
        groups = {r: group_of(problem, index.places[m.place]) for r, m in rows.items()}
        asked = {*rows, self.wanted}
        book = Textbook(problem, full=False, only=asked, also=groups)
        self.problem, self.book, self.model = problem, book, book.model
        self.hinted: set[int] = set()
        for r in asked:
            self.model.add_bool_or([book.held[r]] if r in book.held else [])
        self.moved: dict[int, list[cp_model.LiteralT]] = defaultdict(list)
        for r, meeting in rows.items():
            kept = self._kept(r, meeting)
            if r == self.wanted:
                self.model.add_bool_or([literal.negated() for literal in kept])
            else:
                self._count(r, meeting, kept)
        people = []
        for person, reasons in self.moved.items():
            moves = self.model.new_bool_var(problem.attendees[person].id)
            for reason in reasons:
                self.model.add_implication(reason, moves)
            people.append(moves)
        self.model.minimize(cp_model.LinearExpr.sum(people))

    def _kept(self, r: int, meeting: Meeting) -> list[Literal]:
        """What is true of a meeting that stays as it is. Its present values are hints."""
        index = self.problem.index
        people = {index.attendees[person] for person in meeting.attendees}
        at = self.book.at[r, index.slots[meeting.slot]]
        used = self.book.uses[r, group_of(self.problem, index.places[meeting.place])]
        sits = [
            self.book.sits[r, team]
            for side in self.book.choices.sides(r)
            for team in side
            if people.issuperset(team) and (r, team) in self.book.sits
        ]
        kept = list({literal.index: literal for literal in (at, used, *sits)}.values())
        for literal in kept:
            self.hint(literal)
        return kept

    def hint(self, literal: Literal) -> None:
        if literal.index not in self.hinted:
            self.hinted.add(literal.index)
            self.model.add_hint(literal, 1)

    def _count(self, r: int, meeting: Meeting, kept: Sequence[Literal]) -> None:
        """Those of a meeting move if it does not stay; those who come instead of them, too."""
        index = self.problem.index
        now = {index.attendees[person] for person in meeting.attendees}
        for literal in kept:
            for person in now:
                self.moved[person].append(literal.negated())
        for side in self.book.choices.sides(r):
            for team in side:
                for person in set(team) - now:
                    self.moved[person].append(self.book.sits[r, team])
