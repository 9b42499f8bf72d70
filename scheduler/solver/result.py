"""The answer of a solve: its plan with score, status and bound, and why requests are not in it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from scheduler.domain import rules
from scheduler.domain.entities import PlanStatus
from scheduler.domain.plan import Meeting, Number, Plan, Unscheduled
from scheduler.domain.problem import Problem
from scheduler.domain.rules.stability import published_changes
from scheduler.domain.solving import Result
from scheduler.files.problem_file import problem_fingerprint
from scheduler.solver.context import SolveContext
from scheduler.solver.explain.contradictions import Contradiction, contradictions_as_reasons
from scheduler.solver.explain.reasons import explain_unscheduled
from scheduler.solver.infeasibility import replace_reasons_by_clashes
from scheduler.solver.plans.checking import Meetings, NearestPlan

if TYPE_CHECKING:
    from scheduler.solver.exact.solve import ExactResult


def build_result(
    context: SolveContext,
    meetings: Meetings,
    exact: ExactResult | None = None,
    nearest: NearestPlan | None = None,
) -> Result:
    """A plan that keeps the rules, or none, with its score, its status and the reasons.

    Without any, the nearest one to that, if there is one.
    """
    if meetings is None:
        is_proved = exact is not None and exact.status is PlanStatus.INFEASIBLE
        if nearest is not None:
            status = PlanStatus.INFEASIBLE if is_proved or context.settled.not_kept else PlanStatus.UNKNOWN
            return _result(context, nearest.meetings, nearest.score, status, None, not_kept=nearest.not_kept)
        if is_proved:
            return build_contradicted_result(context)
        return _result(context, (), rules.score(context.problem, ()), PlanStatus.UNKNOWN, None)
    found = context.score_of(meetings)
    bound: Number = context.proof.found.score
    if exact is not None and exact.bound is not None:
        bound = min(bound, exact.bound)
    status = PlanStatus.OPTIMAL if found.total >= bound else PlanStatus.FEASIBLE
    if context.settled.not_kept:  # the bound is of plans without these
        status = PlanStatus.INFEASIBLE
    return _result(context, meetings, found, status, max(bound, found.total))


def build_contradicted_result(context: SolveContext, found: Sequence[Contradiction] = ()) -> Result:
    """That there is no plan, with the contradictions that are known."""
    nothing = rules.score(context.problem, ())
    return _result(context, (), nothing, PlanStatus.INFEASIBLE, None, contradictions=found)


def _result(
    context: SolveContext,
    meetings: tuple[Meeting, ...],
    found: rules.Score,
    status: PlanStatus,
    bound: Number | None,
    contradictions: Sequence[Contradiction] = (),
    not_kept: Sequence[str] = (),
) -> Result:
    problem, params, settled = context.problem, context.params, context.settled
    context.reporter.report_answer(found, bound)
    released = {*settled.not_kept, *not_kept}
    if status is PlanStatus.INFEASIBLE and not released:
        unscheduled = contradictions_as_reasons(problem, contradictions)
    else:
        explained = _explained(context, problem.releasing({*problem.released, *not_kept}), meetings)
        unscheduled = replace_reasons_by_clashes(explained, settled.clashes)
    plan = Plan(
        problem=problem_fingerprint(problem),
        status=status,
        score=found.total,
        terms=found.terms,
        bound=bound,
        served_bound=None if bound is None else context.proof.found.served,
        meetings=meetings,
        unscheduled=unscheduled,
        seconds=0.0 if context.counts_moves else round(context.clock.spent, 3),
        seed=params.seed,
        workers=params.workers,
        meetings_bound=None if bound is None else context.proof.found.meetings,
        not_kept=tuple(row.id for row in problem.requests if row.id in released),
        clashes=settled.clashes,
    )
    bought = None if context.kept is None else found.total - context.kept
    changes = published_changes(problem, meetings)
    return Result(plan, tuple(context.reporter.curve), changes, bought, _given_up(context, meetings))


def _explained(
    context: SolveContext, problem: Problem, meetings: tuple[Meeting, ...]
) -> tuple[Unscheduled, ...]:
    """The reasons. With a number of moves instead of a time, all of them, so that it is reproducible."""
    clock = context.clock
    clock.reserve(0.0)
    left = math.inf if context.counts_moves else clock.left()
    found = None
    if not clock.is_stopped():
        found = clock.run_interruptibly(
            lambda: explain_unscheduled(problem, meetings, clock.should_stop, left)
        )
    return explain_unscheduled(problem, meetings, lambda: True) if found is None else found


def _given_up(context: SolveContext, meetings: Sequence[Meeting]) -> tuple[str, ...]:
    """What would be held of the published plan but for `max_idle_spread`, and is not."""
    held = {meeting.request for meeting in meetings}
    published = (meeting.request for meeting in context.problem.published)
    return tuple(id for id in published if id in context.together and id not in held)
