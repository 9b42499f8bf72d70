"""HiGHS on the time-indexed integer program, with the full score and one thread."""

from __future__ import annotations

from ortools.math_opt.python import mathopt

from benchmarks.peers import time_indexed
from scheduler.domain.plan import Meeting
from scheduler.domain.problem import Problem


def plan(problem: Problem, seconds: float) -> list[Meeting]:
    """Solve by HiGHS. Raises NoPlan."""
    return time_indexed.solve(problem, seconds, mathopt.SolverType.HIGHS)
