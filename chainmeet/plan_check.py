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

    held: int
    asked: int
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
        held = f"{self.held:,} of {self.asked:,}"
        return [*lines, f"{'score':<12}{self.score.total:>36,}", f"{'held':<12}{held:>36}"]

    def verdict(self) -> str:
        if self.faults:
            return f"{_count(self.violations, 'violation')}, {_count(self.untrue, 'untrue claim')}."
        return f"0 violations, and the score is {self.score.total:,} as the plan claims."


def examine(problem: Problem, plan: Plan) -> Findings:
    """Check a plan against its problem. An empty plan that is "infeasible" or "unknown" violates no rule."""
    is_answer = plan.meetings or plan.status not in (PlanStatus.INFEASIBLE, PlanStatus.UNKNOWN)
    breaches = rules.violations(problem.releasing(plan.not_kept), plan.meetings) if is_answer else ()
    true = rules.score(problem, plan.meetings)
    return Findings(
        held=len(plan.meetings),
        asked=len(problem.requests),
        score=true,
        factors=problem.policy.factors,
        violations=tuple(f"{breach.rule}: {breach.detail}" for breach in breaches),
        untrue=tuple(_untrue(problem, plan, true)),
    )


def _untrue(problem: Problem, plan: Plan, true: Score) -> Iterator[str]:
    if plan.problem != problem_fingerprint(problem):
        own = problem_fingerprint(problem)[:12]
        yield f"The plan is for the problem {plan.problem[:12]}..., this is {own}..."
    if not _same(plan.score, true.total):
        yield f"The plan claims a score of {plan.score:,}; it has {true.total:,}."
    for name, count in true.terms.items():
        if not _same(plan.terms.get(name, 0), count):
            yield f"The plan claims {name} {plan.terms.get(name, 0):,}; it has {count:,}."
    if plan.bound is not None and plan.bound < true.total and not _same(plan.bound, true.total):
        yield f"The plan claims that no score is above {plan.bound:,}; it has {true.total:,} itself."
    served = true.terms["served"]
    if plan.served_bound is not None and plan.served_bound < served:
        yield f"The plan claims that at most {plan.served_bound:,} can be served; it serves {served:,}."
    held = len(plan.meetings)
    if plan.meetings_bound is not None and plan.meetings_bound < held:
        yield f"The plan claims that at most {plan.meetings_bound:,} meetings can be held; it has {held:,}."
    missing = (
        {id for each in rules.violations(problem, plan.meetings) for id in each.ids} if plan.not_kept else ()
    )
    for request in plan.not_kept:
        if request not in missing:
            yield f"Request {request} is said not to be kept, and is."
    for request in sorted({m.request for m in plan.meetings} & {row.request for row in plan.unscheduled}):
        yield f"Request {request} is held and unscheduled at once."


def _same(one: Number, two: Number) -> bool:
    return math.isclose(one, two, rel_tol=1e-9, abs_tol=1e-6)


def _count(items: Sequence[str], word: str) -> str:
    return f"{len(items)} {word}{'' if len(items) == 1 else 's'}"
