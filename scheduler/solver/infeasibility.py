"""What has to be held and cannot be: found before the search where that is proved, else what it leaves."""

from __future__ import annotations

from collections.abc import Collection

from scheduler.domain import commitments
from scheduler.domain.commitments import UnkeptCommitments
from scheduler.domain.plan import CommitmentClash, Unscheduled
from scheduler.domain.problem import Problem
from scheduler.solver.clock import SolveClock
from scheduler.solver.context import SolveContext
from scheduler.solver.instance.arrays import flatten
from scheduler.solver.plans.checking import NearestPlan, commitment_ids, nearest_feasible_plan
from scheduler.solver.plans.start import build_start_state, enforce_idle_spread

DECISION_SHARE = 0.05  # of the time, for one question that is hard to decide


def find_unkept_commitments(problem: Problem, clock: SolveClock) -> UnkeptCommitments:
    """What of the compulsory and frozen meetings cannot be kept, taken alone.

    Parameters
    ----------
    problem
        The problem, read and checked before.
    clock
        Of the solve.

    Returns
    -------
    Settled
        Empty where all is compulsory: that is for the exact model to find out.
    """
    if problem.policy.require_all:
        return UnkeptCommitments()

    def decide(ids: Collection[str]) -> bool | None:
        from scheduler.solver.exact.joint_feasibility import is_jointly_feasible

        seconds = DECISION_SHARE * clock.seconds
        return None if clock.is_over() else is_jointly_feasible(problem, ids, seconds)

    return commitments.find_unkept(problem, decide)


def find_nearest_plan(context: SolveContext) -> NearestPlan | None:
    """The best plan that keeps the rules but for some of what has to be held, where none keeps them all."""
    found = context.incumbent.nearest
    if found is not None or context.clock.is_stopped():
        return found
    # What is frozen stays in a search whatever it breaks. Without that there is a plan, if an empty one.
    released = context.problem.releasing(commitment_ids(context.problem))
    flat = flatten(released)
    state = enforce_idle_spread(flat, build_start_state(flat, None, context.params.seed))
    return nearest_feasible_plan(flat, state.held, context.problem)


def replace_reasons_by_clashes(
    unscheduled: Collection[Unscheduled], clashes: Collection[CommitmentClash]
) -> tuple[Unscheduled, ...]:
    """The answers, with the clash as the reason for what cannot be held because of one."""
    of = {id: clash for clash in clashes for id in clash.requests}
    return tuple(
        row
        if row.request not in of
        else Unscheduled(
            row.request,
            "contradiction",
            of[row.request].detail,
            tuple(id for id in of[row.request].requests if id != row.request),
        )
        for row in unscheduled
    )
