"""Whether some requests can be held together, and how, by CP-SAT: where a search in depth took too long."""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass, replace

from ortools.sat.python import cp_model

from scheduler.domain.plan import Meeting
from scheduler.domain.problem import Policy, Problem
from scheduler.solver.exact.assignments import assign_places, enumerate_assignments
from scheduler.solver.exact.model import build_model
from scheduler.solver.exact.params import configure_cp_sat


def is_jointly_feasible(problem: Problem, ids: Collection[str], seconds: float) -> bool | None:
    """Whether a plan of these compulsory and frozen requests alone keeps all rules but H12 and H13.

    Parameters
    ----------
    problem
        The problem, read and checked before.
    ids
        Of requests. The others are taken as never asked for.
    seconds
        Wall time, for each of two searches: `False` is said only if both agree.

    Returns
    -------
    bool | None
        None if the time was over before.
    """
    return check_joint_feasibility(restrict_to_requests(problem, ids), seconds=seconds).is_possible


@dataclass(frozen=True, slots=True)
class JointFeasibility:
    """Whether a plan holds all that is compulsory or frozen, None if that is not known; and one that does."""

    is_possible: bool | None
    meetings: tuple[Meeting, ...] = ()


def check_joint_feasibility(
    problem: Problem, *, seconds: float = math.inf, work: float = math.inf
) -> JointFeasibility:
    """Whether a plan holds all compulsory and frozen requests by all rules but H12.

    Parameters
    ----------
    problem
        The problem, read and checked before.
    seconds
        Wall time, for each of two searches: that there is no plan is said only if both agree.
    work
        The same in CP-SAT's own count of work, which is the same on any machine.

    Returns
    -------
    Together
        Whether there is such a plan, with one if there is.
    """
    assignments = enumerate_assignments(problem)
    if any(not assignments.of_request[r] for r in assignments.must):
        return JointFeasibility(is_possible=False)
    exact = build_model(assignments)
    for suspicious in (False, True):
        solver = cp_model.CpSolver()
        configure_cp_sat(solver.parameters, 1, 1, seconds, proving=False, suspicious=suspicious)
        solver.parameters.max_deterministic_time = work
        status = int(solver.solve(exact.model))
        if status in (cp_model.OPTIMAL, cp_model.FEASIBLE):
            held = [row for row, take in zip(exact.assignment, exact.take, strict=True) if solver.value(take)]
            return JointFeasibility(is_possible=True, meetings=assign_places(assignments, held))
        if status != cp_model.INFEASIBLE:
            return JointFeasibility(is_possible=None)
    return JointFeasibility(is_possible=False)


def restrict_to_requests(problem: Problem, ids: Collection[str]) -> Problem:
    """The problem with these requests alone, and no limits of the plan as a whole (H12, H13).

    Parameters
    ----------
    problem
        The problem, read and checked before.
    ids
        Of requests. Unknown ones are left out.

    Returns
    -------
    Problem
        It keeps people, places and slots, and of precedences and published meetings what is among these.
    """
    kept = [r for r, row in enumerate(problem.requests) if row.id in ids]
    at = {r: k for k, r in enumerate(kept)}
    return replace(
        problem,
        requests=tuple(problem.requests[r] for r in kept),
        precedences=tuple((at[a], at[b]) for a, b in problem.precedences if a in at and b in at),
        published=tuple(meeting for meeting in problem.published if meeting.request in ids),
        policy=Policy(
            max_pair_per_day=problem.policy.max_pair_per_day,
            max_in_row=problem.policy.max_in_row,
            max_days=problem.policy.max_days,
        ),
        source_fingerprint=None,
    )
