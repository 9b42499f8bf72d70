"""Repair search compared with CP-SAT: does it move the minimum number of people?"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from benchmarks.infeasibility import is_infeasible
from benchmarks.minimum_change import MinimumMoves, count_minimum_moves
from benchmarks.report import Json, share
from scheduler.domain.plan import Meeting
from scheduler.domain.problem import Problem
from scheduler.solver.repair.repairer import MAX_PEOPLE


@dataclass(frozen=True)
class Question:
    """A question of the sample, with the plan, and the fewest people that the repair search moves.

    `people` is None if it has no answer without dropped meetings.
    """

    kind: str
    problem: Problem
    meetings: Sequence[Meeting]
    request: str
    people: int | None


@dataclass
class Compared:
    """How often the repair search moves as few people as proven necessary by CP-SAT.

    Only proven cases count. `hopeless`: no plan schedules the request. `open`, the undecided ones: the kind,
    the people of the repair search, and CP-SAT's lower bound at its time limit.
    """

    asked: int = 0
    as_few: int = 0
    hopeless: int = 0
    more: list[int] = field(default_factory=list)
    open: list[tuple[str, int | None, int]] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    kinds: Counter[str] = field(default_factory=Counter)

    def take(self, question: Question, found: MinimumMoves | None) -> None:
        """Count an answer of CP-SAT. None means proven infeasible."""
        self.asked += 1
        people = question.people
        if found is None:
            if people is not None:
                raise SystemExit(f"the oracle holds {question.request}, which the model says cannot be")
            self.hopeless += 1
            return
        if people is None and found.people is None:
            self.open.append((question.kind, None, found.at_least))
            return
        if people is not None and found.at_least > people:
            raise SystemExit(f"the oracle moves {people} for {question.request}, and the model says more")
        if found.people is not None and (people is None or people > found.people):
            self.more.append(-1 if people is None else people - found.people)
            return
        if people is not None and found.at_least < people:
            self.open.append((question.kind, people, found.at_least))
            return
        self.kinds[question.kind] += 1
        self.as_few += 1

    def row(self, instance: str, limit: float) -> Json:
        known = self.as_few + len(self.more)
        p50, p95 = np.quantile(self.seconds, [0.5, 0.95])
        return {
            "instance": instance, "questions": self.asked, "limit": limit, "known": known,
            "no way": self.hopeless, "as few": self.as_few,
            "percent": share(self.as_few, known, 1), "people more": self.more, "as few by kind": self.kinds,
            "not known": self.open, "p50 s": round(float(p50), 1), "p95 s": round(float(p95), 1),
        }  # fmt: skip


def compared(instance: str, questions: Sequence[Question], limit: float) -> Iterator[Json]:
    """Yield a cumulative row after each question. `limit` is the time per question in seconds."""
    found = Compared()
    for question in questions:
        began = time.monotonic()
        found.take(question, answered(question, limit))
        found.seconds.append(time.monotonic() - began)
        yield found.row(instance, limit)


def answered(question: Question, limit: float) -> MinimumMoves | None:
    """Return CP-SAT's answer within `limit` seconds. None means proven infeasible."""
    problem, meetings, request = question.problem, question.meetings, question.request
    if question.people is None and is_infeasible(problem, meetings, request, limit / 2):
        return None
    most = MAX_PEOPLE if question.people is None else question.people
    return count_minimum_moves(problem, meetings, request, limit, most)
