"""Whether some commitments can be held together, by CP-SAT: where a search in depth took too long."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from ortools.sat.python import cp_model

from scheduler.domain.problem import Policy, Problem
from scheduler.solver.exact.assignments import enumerate_assignments
from scheduler.solver.exact.model import build_model
from scheduler.solver.exact.params import set_parameters


def can_hold(problem: Problem, ids: Collection[str], seconds: float) -> bool | None:
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
    assignments = enumerate_assignments(only(problem, ids))
    if any(not assignments.of_request[r] for r in assignments.must):
        return False
    model = build_model(assignments).model
    for suspicious in (False, True):
        solver = cp_model.CpSolver()
        set_parameters(solver.parameters, 1, 1, seconds, proving=False, suspicious=suspicious)
        status = int(solver.solve(model))
        if status in (cp_model.OPTIMAL, cp_model.FEASIBLE):
            return True
        if status != cp_model.INFEASIBLE:
            return None
    return False


def only(problem: Problem, ids: Collection[str]) -> Problem:
    """The problem with these requests alone, and no rules about the plan as a whole."""
    kept = [r for r, row in enumerate(problem.requests) if row.id in ids]
    at = {r: k for k, r in enumerate(kept)}
    return replace(
        problem,
        requests=tuple(problem.requests[r] for r in kept),
        precedences=tuple((at[a], at[b]) for a, b in problem.precedences if a in at and b in at),
        published=tuple(meeting for meeting in problem.published if meeting.request in ids),
        policy=Policy(),
        source_fingerprint=None,
    )
