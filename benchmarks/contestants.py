"""Contestants of a benchmark: Chainmeet and its peers, as functions for a separate process."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from benchmarks import isolated
from benchmarks.isolated import Outcome
from scheduler.domain import rules
from scheduler.domain.plan import Meeting
from scheduler.domain.problem import Problem
from scheduler.domain.solving import Result, SolveParams
from scheduler.solver.bounds.closed_form import Bounds
from scheduler.solver.bounds.prove import upper_bounds

SLACK_SECONDS = 60.0  # grace period of a process beyond its time
BUILD_SHARE = 0.5


@dataclass(frozen=True, slots=True)
class Contestant:
    """A solver. Contestants with `most_requests` do not run on larger problems."""

    name: str
    make: Callable[[Problem, float], list[Meeting]]
    most_requests: int | None = None


def first_fit(problem: Problem, seconds: float) -> list[Meeting]:
    from benchmarks.peers.first_fit import plan

    return plan(problem, seconds)


def compact_greedy(problem: Problem, seconds: float) -> list[Meeting]:
    from benchmarks.peers.compact_greedy import plan

    return plan(problem, seconds)


def cp_sat(problem: Problem, seconds: float) -> list[Meeting]:
    from benchmarks.peers.cp_sat import plan

    return plan(problem, seconds)


def cp_sat_served(problem: Problem, seconds: float) -> list[Meeting]:
    from benchmarks.peers.cp_sat import plan_served

    return plan_served(problem, seconds)


def highs(problem: Problem, seconds: float) -> list[Meeting]:
    from benchmarks.peers.highs import plan

    return plan(problem, seconds)


PEERS = (
    Contestant("first fit by weight", first_fit),
    Contestant("compact greedy", compact_greedy),
    Contestant("CP-SAT, one model", cp_sat, most_requests=10_000),
    Contestant("CP-SAT, served only", cp_sat_served, most_requests=10_000),
    Contestant("HiGHS, one model", highs, most_requests=10_000),
)


def chainmeet(problem: Problem, seconds: float, workers: int = 2, seed: int = 1) -> Result:
    """Return Chainmeet's result."""
    from scheduler.solver.solve import solve

    return solve(problem, SolveParams(seconds=seconds, workers=workers, seed=seed))


def run(make: Callable[..., object], problem: Problem, seconds: float) -> Outcome:
    """Run a contestant in a separate process."""
    return isolated.run(make, problem, seconds, limit=(1 + BUILD_SHARE) * seconds + SLACK_SECONDS)


def meetings_of(outcome: Outcome) -> Sequence[Meeting]:
    """Return the plan of a contestant."""
    return outcome.value.plan.meetings if isinstance(outcome.value, Result) else outcome.value


def solve_checked(problem: Problem, seconds: float) -> Sequence[Meeting]:
    """Return the plan of our solver, checked by the rules. Raises RuntimeError if there is none."""
    outcome = run(chainmeet, problem, seconds)
    if outcome.error is not None:
        raise RuntimeError(outcome.error)
    meetings = meetings_of(outcome)
    if rules.violations(problem, meetings):
        raise RuntimeError("the plan breaks a rule")
    return meetings


def seconds_of(outcome: Outcome) -> float:
    """Return the seconds. Chainmeet's solve time excludes the one-time compilation of its kernels."""
    return outcome.value.plan.seconds if isinstance(outcome.value, Result) else outcome.seconds


def bounds_of(problem: Problem, seconds: float) -> Bounds:
    """Return LP bounds, computed in a separate process. Raises RuntimeError if that fails."""
    outcome = isolated.run(upper_bounds, problem, seconds, limit=seconds + SLACK_SECONDS)
    if outcome.value is None:
        raise RuntimeError(f"no bounds: {outcome.error}")
    bounds: Bounds = outcome.value
    return bounds
