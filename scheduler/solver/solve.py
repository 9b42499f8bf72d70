"""solve(): the only entry of the solver. It chooses the way, and returns only what the rules have checked."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from scheduler.domain.commitments import UnkeptCommitments
from scheduler.domain.entities import PlanStatus
from scheduler.domain.plan import Meeting, Plan
from scheduler.domain.problem import Problem
from scheduler.domain.solving import METHODS, Helpers, Phase, Progress, ProvedBounds, Result, SolveParams
from scheduler.gc_control import gc_paused
from scheduler.solver.annealing.warmup import is_slow, warm_up
from scheduler.solver.clock import PATIENCE_SECONDS, SolveClock
from scheduler.solver.context import SolveContext
from scheduler.solver.exact.assignments import MOST_FREE_REQUESTS, wants_exact
from scheduler.solver.exact_strategy import improve_with_exact_model, load_cp_sat, solve_with_exact_model
from scheduler.solver.explain.contradictions import find_contradictions
from scheduler.solver.infeasibility import find_nearest_plan, find_unkept_commitments
from scheduler.solver.instance.arrays import Flat, flatten
from scheduler.solver.plans.checking import Meetings
from scheduler.solver.plans.reverting import revert_worthless_changes
from scheduler.solver.progress import Reporter
from scheduler.solver.proof import Proof
from scheduler.solver.published_start import prove_published_plan, reuse_published_plan
from scheduler.solver.result import build_contradicted_result, build_result
from scheduler.solver.search_strategy import run_search

LOOKING_SHARE = 0.1  # of the time, for contradictions
REVERTING_SHARE = 0.1  # of the time, at most, after it
LAST_SECONDS = 0.3  # in which nothing is proved any more

Report = Callable[[Progress], None]
Stop = Callable[[], bool]


def solve(
    problem: Problem,
    params: SolveParams,
    start: Sequence[Meeting] | Plan | None = None,
    on_progress: Report | None = None,
    should_stop: Stop | None = None,
    helpers: Helpers | None = None,
    is_changed: bool | None = None,
    proved: ProvedBounds | None = None,
) -> Result:
    """The best plan found in the time given, checked by the rules, with a proved bound.

    A published plan to which nothing happened is the answer at once, but for small problems, where it is
    proved, or improved.

    Parameters
    ----------
    problem
        The problem, read and checked before.
    params
        Seconds of wall time for the whole solve, or a number of moves for each thread instead. Threads, seed
        and method. Loading the kernels and CP-SAT, or compiling them, for the first time is not counted.
    start
        A plan to improve. Without one, the published plan is improved.
    on_progress
        Is called at most four times a second in a search, from the calling thread.
    should_stop
        Is asked often, and ends the solve within a second with the best plan so far. Where checks take long,
        that is the last plan that was checked.
    helpers
        Other workers that take subproblems of a search that is limited by time.
    is_changed
        Whether anything changed since the published plan was made. Then the search runs in any case. None: if
        `max_moved` is a budget of changes to improve it with.
    proved
        Bounds that were proved of this problem before, in points of score and in weight. Without them, a
        first bound is proved for an answer at once, too.

    Returns
    -------
    Result
        The plan, its progress in order of time, and what it changes of the published plan: of what could
        stay, nothing that could be taken back alone at no loss. A plan keeps every hard rule. Where none was
        found that does, its status is `infeasible` (proved) or `unknown`, and it keeps every rule but for the
        fewest compulsory and frozen meetings, which it names (`not_kept`).

    Raises
    ------
    ValueError
        `params.method` is not one of `METHODS`.
    """
    if params.method not in METHODS:
        raise ValueError(f"method must be one of {', '.join(METHODS)}, not {params.method!r}")
    clock = SolveClock(params.seconds, should_stop, is_limited=params.iterations is None)
    found = clock.run_interruptibly(lambda: find_unkept_commitments(problem, clock)) or UnkeptCommitments()
    problem = problem.releasing({*problem.released, *found.not_kept})
    proof = Proof(problem, None if found.not_kept else proved)  # with fewer rules a plan may score more
    reporter = Reporter(problem, clock, proof, on_progress)
    context = SolveContext(problem, params, clock, proof, reporter, helpers, found)
    searches = bool(problem.policy.max_moved) if is_changed is None else is_changed
    return _solved(context, _as_meetings(start), searches)


def _as_meetings(start: Sequence[Meeting] | Plan | None) -> Meetings:
    if start is None:
        return None
    return start.meetings if isinstance(start, Plan) else tuple(start)


def _solved(context: SolveContext, start: Meetings, is_changed: bool) -> Result:
    """The way that the problem asks for, and its answer."""
    problem, is_exact = context.problem, _is_exact(context.problem, context.params)
    context.report(Phase.READING)
    if is_slow():
        context.report(Phase.COMPILING)
    flat = context.clock.run_interruptibly(lambda: _flattened(context, is_exact))
    if flat is None:
        return build_result(context, None)
    context.read(flat)
    if problem.policy.require_all and (found := find_contradictions(problem, lambda: _has_looked(context))):
        return build_contradicted_result(context, found)
    unchanged = None
    if start is None and not is_changed:
        unchanged = context.clock.run_interruptibly(lambda: reuse_published_plan(context))
    if unchanged is not None:
        context.kept = context.score_of(unchanged).total
        if not (is_exact and len(problem.requests) <= MOST_FREE_REQUESTS):
            prove_published_plan(context)
            return build_result(context, unchanged)
    if is_exact and not context.counts_moves:
        meetings, exact = solve_with_exact_model(context, start, unchanged)
    else:
        context.proof.begin(context.clock.part(context.clock.left() - LAST_SECONDS))
        meetings, exact = run_search(context, start) if unchanged is None else unchanged, None
        if is_exact:  # with a number of moves the exact model has to wait
            meetings, exact = improve_with_exact_model(context, meetings)
    context.end_proof()
    if meetings is not None and problem.published:
        meetings = revert_worthless_changes(problem, meetings, _for_reverting(context).is_over)
    is_proved = exact is not None and exact.status is PlanStatus.INFEASIBLE
    if meetings is not None or (is_proved and problem.policy.require_all):
        return build_result(context, meetings, exact)
    return build_result(
        context, None, exact, context.clock.run_interruptibly(lambda: find_nearest_plan(context))
    )


def _for_reverting(context: SolveContext) -> SolveClock:
    """The time to take changes back that bring nothing: beside that of the search, and short after a stop."""
    clock = context.clock
    if clock.is_stopped():
        return SolveClock(PATIENCE_SECONDS)
    seconds = REVERTING_SHARE * context.params.seconds
    return SolveClock(seconds, clock.is_stopped, is_limited=not context.counts_moves)


def _is_exact(problem: Problem, params: SolveParams) -> bool:
    """Whether the exact model is asked for, or the better way for such a problem."""
    if params.method == "auto" and params.iterations is None:
        return wants_exact(problem)
    return params.method == "exact"


def _flattened(context: SolveContext, is_exact: bool) -> Flat:
    """The problem as arrays. The clock stands still while kernels and CP-SAT are made ready for it."""
    with context.clock.paused():
        warm_up()
        if is_exact:
            load_cp_sat()
    with gc_paused():
        return flatten(context.problem)


def _has_looked(context: SolveContext) -> bool:
    """Whether contradictions were looked for long enough."""
    clock = context.clock
    return clock.is_over() or (clock.is_limited and clock.spent > LOOKING_SHARE * clock.seconds)
