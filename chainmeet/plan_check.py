"""Plan check by the rules alone: violations, terms, and whether the plan's claims are correct."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from scheduler.domain import rules
from scheduler.domain.entities import PlanStatus
from scheduler.domain.plan import Number, Plan
from scheduler.domain.problem import Problem
from scheduler.domain.rules import Score
from scheduler.files.problem_file import problem_fingerprint


@dataclass(frozen=True, slots=True)
class Findings:
    """The result of a plan check. `violations` of rules and `untrue` claims are sentences."""

    scheduled: int
    requests: int
    score: Score
    factors: Mapping[str, Number]
    violations: tuple[str, ...]
    untrue: tuple[str, ...]

    @property
    def faults(self) -> tuple[str, ...]:
        return self.violations + self.untrue

    def table(self) -> list[str]:
        """Return lines with the terms, the score and the number of scheduled meetings."""
        lines = [f"{'term':<12}{'count':>12}{'factor':>10}{'points':>14}"]
        for name, count in self.score.terms.items():
            factor = self.factors[name] * (1 if name == "served" else -1)
            lines.append(f"{name:<12}{count:>12,}{factor:>10,}{count * factor:>14,}")
        scheduled = f"{self.scheduled:,} of {self.requests:,}"
        return [*lines, f"{'score':<12}{self.score.total:>36,}", f"{'scheduled':<12}{scheduled:>36}"]

    def verdict(self) -> str:
        if self.faults:
            return f"{_count(self.violations, 'violation')}, {_count(self.untrue, 'incorrect claim')}."
        return f"0 violations, and the claimed score of {self.score.total:,} is correct."


def examine(problem: Problem, plan: Plan) -> Findings:
    """Check a plan against its problem. An empty plan that is "infeasible" or "unknown" violates no rule."""
    is_answer = plan.meetings or plan.status not in (PlanStatus.INFEASIBLE, PlanStatus.UNKNOWN)
    breaches = rules.violations(problem.releasing(plan.not_kept), plan.meetings) if is_answer else ()
    true = rules.score(problem, plan.meetings)
    return Findings(
        scheduled=len(plan.meetings),
        requests=len(problem.requests),
        score=true,
        factors=problem.policy.factors,
        violations=tuple(f"{breach.rule}: {breach.detail}" for breach in breaches),
        untrue=tuple(_untrue(problem, plan, true)),
    )


def _untrue(problem: Problem, plan: Plan, true: Score) -> Iterator[str]:
    if plan.problem != problem_fingerprint(problem):
        own = problem_fingerprint(problem)[:12]
        yield f"The plan is for problem {plan.problem[:12]}…, but this is problem {own}…"
    if not _same(plan.score, true.total):
        yield f"The plan claims a score of {plan.score:,}, but has {true.total:,}."
    for name, count in true.terms.items():
        if not _same(plan.terms.get(name, 0), count):
            yield f"The plan claims {name} {plan.terms.get(name, 0):,}, but has {count:,}."
    if plan.bound is not None and plan.bound < true.total and not _same(plan.bound, true.total):
        yield f"The plan claims a maximum score of {plan.bound:,}, but has {true.total:,}."
    served = true.terms["served"]
    if plan.served_bound is not None and plan.served_bound < served:
        yield f"The plan claims that at most {plan.served_bound:,} can be served, but serves {served:,}."
    scheduled = len(plan.meetings)
    if plan.meetings_bound is not None and plan.meetings_bound < scheduled:
        yield f"The plan claims a maximum of {plan.meetings_bound:,} meetings, but schedules {scheduled:,}."
    missing = (
        {id for each in rules.violations(problem, plan.meetings) for id in each.ids} if plan.not_kept else ()
    )
    for request in plan.not_kept:
        if request not in missing:
            yield f"The plan lists request {request} as not kept, but keeps it."
    for request in sorted({m.request for m in plan.meetings} & {row.request for row in plan.unscheduled}):
        yield f"Request {request} is both scheduled and unscheduled."


def _same(one: Number, two: Number) -> bool:
    return math.isclose(one, two, rel_tol=1e-9, abs_tol=1e-6)


def _count(items: Sequence[str], word: str) -> str:
    return f"{len(items)} {word}{'' if len(items) == 1 else 's'}"
