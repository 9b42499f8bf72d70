"""Who makes plans in a benchmark: Chainmeet and the peers, each as a function for a process of its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from benchmarks import isolated
from benchmarks.isolated import Outcome
from scheduler.domain.plan import Meeting
from scheduler.domain.problem import Problem
from scheduler.domain.solving import Result, SolveParams
from scheduler.solver.bounds.closed_form import Bounds
from scheduler.solver.bounds.prove import upper_bounds

SLACK_SECONDS = 60.0  # what a process may need beyond its time, before it is ended
BUILD_SHARE = 0.5


@dataclass(frozen=True, slots=True)
class Contestant:
    """A way to make a plan. The models are not tried on more than `most_requests`."""

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
    """Chainmeet's result."""
    from scheduler.solver.solve import solve

    return solve(problem, SolveParams(seconds=seconds, workers=workers, seed=seed))


def run(make: Callable[..., object], problem: Problem, seconds: float) -> Outcome:
    """Let a contestant make its plan in a process of its own."""
    return isolated.run(make, problem, seconds, limit=(1 + BUILD_SHARE) * seconds + SLACK_SECONDS)


def meetings_of(outcome: Outcome) -> Sequence[Meeting]:
    """The plan of whoever made one."""
    return outcome.value.plan.meetings if isinstance(outcome.value, Result) else outcome.value


def seconds_of(outcome: Outcome) -> float:
    """Wall seconds. Chainmeet's own count leaves out the compilation of its kernels, which is done once."""
    return outcome.value.plan.seconds if isinstance(outcome.value, Result) else outcome.seconds


def bounds_of(problem: Problem, seconds: float) -> Bounds:
    """The bounds of the LP, proved in a process of its own. Raises RuntimeError if that dies."""
    outcome = isolated.run(upper_bounds, problem, seconds, limit=seconds + SLACK_SECONDS)
    if outcome.value is None:
        raise RuntimeError(f"no bounds: {outcome.error}")
    bounds: Bounds = outcome.value
    return bounds
