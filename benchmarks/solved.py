"""A solve in a process of its own, with its CPU time: figures of a busy machine count by that."""

from __future__ import annotations

import resource
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks import isolated
from scheduler.domain.entities import PlanStatus
from scheduler.domain.plan import Meeting, Number
from scheduler.domain.problem import Problem
from scheduler.domain.solving import SolveParams
from scheduler.solver.annealing.warmup import warm_up
from scheduler.solver.solve import solve

SLACK_SECONDS = 3600.0  # of a process that counts moves on a busy machine


@dataclass(frozen=True, slots=True)
class Solved:
    """A plan, its bounds, and what it took.

    `cpu_seconds` are those of the process and its children, without loading the kernels.
    """

    status: PlanStatus
    meetings: Sequence[Meeting]
    score: Number
    bound: Number | None
    meetings_bound: int | None
    seconds: float
    cpu_seconds: float


def run(problem: Problem, params: SolveParams) -> Solved:
    """Solve in a new process. Raises RuntimeError if that fails."""
    outcome = isolated.run(measure, problem, params, limit=params.seconds + SLACK_SECONDS)
    if outcome.error is not None:
        raise RuntimeError(outcome.error)
    found: Solved = outcome.value
    return found


def measure(problem: Problem, params: SolveParams) -> Solved:
    """Solve in this process."""
    warm_up()
    before = cpu_seconds()
    plan = solve(problem, params).plan
    return Solved(
        status=plan.status,
        meetings=plan.meetings,
        score=plan.score,
        bound=plan.bound,
        meetings_bound=plan.meetings_bound,
        seconds=plan.seconds,
        cpu_seconds=round(cpu_seconds() - before, 2),
    )


def cpu_seconds() -> float:
    """Return the CPU time of this process and of its children that have ended."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(row.ru_utime + row.ru_stime for row in used)
