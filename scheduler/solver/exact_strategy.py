"""The way of the exact model, at once or after a search. A search and a proof run beside it (`fallback`)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from scheduler.domain.entities import PlanStatus
from scheduler.solver.context import SolveContext
from scheduler.solver.fallback_search import FallbackSearch
from scheduler.solver.plans.checking import Meetings
from scheduler.solver.search_strategy import build_start_plan

if TYPE_CHECKING:
    from scheduler.solver.exact.solve import ExactResult


def load_cp_sat() -> None:
    """Load CP-SAT: only where it is wanted, as it takes 50 MB that a search can do without."""
    import scheduler.solver.exact.solve  # noqa: F401


def solve_with_exact_model(
    context: SolveContext, start: Meetings, unchanged: Meetings
) -> tuple[Meetings, ExactResult | None]:
    """The best plan found, and what the exact model says of it."""
    first = build_start_plan(context, start)[1] if unchanged is None else unchanged
    if context.clock.is_over():
        return first, None
    fallback = FallbackSearch(context.flat, start, context.params.seed, context.proof, context.clock)
    fallback.begin()
    exact = _exact(context, first, lambda: fallback.found)
    fallback.end()
    if exact.status is PlanStatus.INFEASIBLE:
        return None, exact
    if exact.meetings is None and fallback.found is None and fallback.table is not None:
        context.incumbent.check(fallback.table)
    plans = [found for found in (exact.meetings, fallback.found, first) if found is not None]
    return max(plans, key=lambda plan: context.score_of(plan).total, default=None), exact


def improve_with_exact_model(context: SolveContext, best: Meetings) -> tuple[Meetings, ExactResult | None]:
    """What the exact model makes of a searched plan."""
    if context.clock.is_over():
        return best, None
    exact = _exact(context, best, lambda: None)
    return best if exact.meetings is None else exact.meetings, exact


def _exact(context: SolveContext, start: Meetings, others: Callable[[], Meetings]) -> ExactResult:
    from scheduler.solver.exact.solve import solve_exact

    return solve_exact(
        context.problem,
        context.clock.left(),
        context.params.workers,
        context.params.seed,
        start,
        context.reporter.report_exact,
        context.clock.should_stop,
        others,
    )
