"""Validation of a solver result before it is stored."""

from __future__ import annotations

import math

from scheduler.domain import rules
from scheduler.domain.entities import PlanStatus
from scheduler.domain.errors import PlanRejected
from scheduler.domain.plan import Plan
from scheduler.domain.problem import Problem
from scheduler.files.problem_file import problem_fingerprint
from scheduler.i18n import gettext_lazy, ngettext_lazy

NO_PLAN = {
    PlanStatus.INFEASIBLE: gettext_lazy(
        "No schedule can keep all the rules of this event, because they contradict each other."
    ),
    PlanStatus.UNKNOWN: gettext_lazy("No schedule was found in the time given. Give the run more seconds."),
}
SOLVE_HUNG = gettext_lazy("The search did not stop when its time was up.")
MAX_NOTE_LENGTH = 1000


def describe_failure(error: Exception) -> str:
    """Return the message for organisers if the search fails with an internal error."""
    return gettext_lazy(
        "It ended with an error (%(kind)s). See the log for details.", kind=type(error).__name__
    )


def explain_no_plan(plan: Plan) -> str | None:
    """Return a message, with the contradiction if a simple one was found, or None if there is a plan."""
    if plan.is_answer:
        return None
    note = NO_PLAN.get(plan.status)
    if note and plan.status is PlanStatus.INFEASIBLE and plan.unscheduled:
        return f"{note} {plan.unscheduled[0].detail}"[:MAX_NOTE_LENGTH]
    return note


def explain_incomplete_plan(plan: Plan) -> str | None:
    """Return a message about required meetings that a plan lacks, or None."""
    if not plan.not_kept:
        return None
    return ngettext_lazy(
        "%(num)s locked or frozen meeting can't be kept. The draft has all others.",
        "%(num)s locked or frozen meetings can't be kept. The draft has all others.",
        len(plan.not_kept),
    )


def is_unavoidable(plan: Plan) -> bool:
    """Return True if no plan could keep any of the missing commitments, so that there is no choice to make.

    For example, a person is absent at the time to which their meeting is locked.
    """
    alone = {id for clash in plan.clashes if clash.cause == "alone" for id in clash.requests}
    return alone.issuperset(plan.not_kept)


def clashes_are_known(plan: Plan) -> bool:
    """Return True if each missing commitment has a proven conflict, regardless of limits."""
    known = {id for clash in plan.clashes for id in clash.requests}
    return plan.is_answer and known.issuperset(plan.not_kept)


def describe_left_out(plan: Plan) -> str | None:
    """Return a message about what a published plan lacks, or None."""
    if not plan.not_kept or not is_unavoidable(plan):
        return None
    return ngettext_lazy(
        "%(num)s locked meeting is left out. No schedule can include it at its time.",
        "%(num)s locked meetings are left out. No schedule can include any of them at its time.",
        len(plan.not_kept),
    )


def require_valid_plan(problem: Problem, plan: Plan) -> None:
    """Raises PlanRejected unless the plan belongs to the problem, is feasible and has the stated score."""
    true = rules.score(problem, plan.meetings)
    reasons = []
    if plan.problem != problem_fingerprint(problem):
        reasons.append("it answers another problem")
    if plan.is_answer:
        broken = rules.violations(problem.releasing(plan.not_kept), plan.meetings)
        reasons += [f"{violation.rule}: {violation.detail}" for violation in broken]
        if not math.isclose(true.total, plan.score, rel_tol=1e-9) or true.terms != plan.terms:
            reasons.append(f"it claims a score of {plan.score:g} and has {true.total:g}")
    if reasons:
        raise PlanRejected(reasons)
