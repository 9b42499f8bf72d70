"""The way of the search: a first plan, annealing from there, and a proof beside it."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import cache

import numpy as np

from scheduler.domain.rules.score import weighted_total
from scheduler.domain.solving import Phase
from scheduler.solver.annealing.candidates import LpGuide, read_guide
from scheduler.solver.annealing.search import Search
from scheduler.solver.annealing.temperature import Budget, fit_temperatures
from scheduler.solver.clock import SolveClock
from scheduler.solver.compiled.kernels import Int32s
from scheduler.solver.context import SolveContext
from scheduler.solver.instance.arrays import compulsory_penalty
from scheduler.solver.plans.checking import Meetings, first_feasible_plan
from scheduler.solver.plans.start import build_start_state, enforce_idle_spread, has_start_plan
from scheduler.solver.state.columns import held
from scheduler.solver.state.state import State
from scheduler.solver.state.terms import count_terms

REASON_CHECKS = 20  # meetings are checked while one reason is found (14 to 24 in `benchmarks.reasons`)
INDEX_SHARE = 1.0  # of a check: what is looked up before the first reason (0.7 to 1.2)
REASON_SHARE = 0.2  # of the time, at most, goes into that
SPARE_SHARE = 0.015  # of the time, at most: as much again, because a machine's speed varies
LEFT_SHARE = 0.75  # of what a first plan does not hold: so much a search does not hold either (0.6 to 0.97)
REVERT_CHECKS = 1.5  # of a rerun: what it takes to take back changes that bring nothing (1.3 to 1.8)
STOP_SECONDS = 0.7  # for all that follows a stop


def build_start_plan(context: SolveContext, start: Meetings) -> tuple[State | None, Meetings]:
    """The start state of a search, and the same as a plan, reported and checked. None where there is none.

    A published plan that breaks `max_idle_spread` is kept without what breaks it.
    """
    flat, problem = context.flat, context.problem
    state = context.clock.run_interruptibly(lambda: build_start_state(flat, start, context.params.seed))
    if state is None:
        return None, None
    kept = enforce_idle_spread(flat, state)
    if kept is not state and start is None:
        context.together = {problem.requests[r].id for r in np.flatnonzero(state.held[:, held.SLOT] >= 0)}
    context.reporter.measure(flat.data, kept)
    context.report(Phase.CONSTRUCTED)
    first = _checked_first(context, kept)
    if problem.published and start is None and first is not None:
        context.kept = context.score_of(first).total
    return state, first


def _checked_first(context: SolveContext, state: State) -> Meetings:
    """Check the first plan. Its seconds tell how much time the last check needs."""
    first = context.check(state.held)
    _keep_back(context, state)
    return first


def _keep_back(context: SolveContext, state: State) -> None:
    """Keep time back for the last check, and for the reasons of what the plan of the search will not hold.

    That is fixed before the search: its cooling depends on its time. Time added near the end heats a plan
    that was almost cold. The CPU time of the first check counts, since nothing else runs at the end. A
    published plan already holds nearly all that the search will hold.
    """
    seconds, spent = context.params.seconds, context.incumbent.computed
    checks = max(spent, min(0.2 * seconds, 0.1 + 1.2 * spent))
    left = LEFT_SHARE
    if context.problem.published:
        left = 1.0
        checks += REVERT_CHECKS * spent
    unscheduled = left * state.unscheduled_count
    held_count = max(1.0, len(context.problem.requests) - unscheduled)
    reasons = spent * (INDEX_SHARE + REASON_CHECKS * unscheduled / held_count)
    reasons += min(reasons, SPARE_SHARE * seconds)
    context.clock.reserve(checks + min(REASON_SHARE * seconds, reasons))


def run_search(context: SolveContext, start: Meetings) -> Meetings:
    """The searched plan, else what it started from."""
    state, begun = build_start_plan(context, start)
    if state is None or (begun is None and context.clock.is_stopped()):
        return None
    incumbent, clock = context.incumbent, SolveClock(context.clock.left(), context.is_done)
    search = Search(
        context.flat,
        fit_temperatures(context.problem, cold=has_start_plan(context.problem, start)),
        Budget(clock, context.params.iterations),
        context.params.workers,
        context.params.seed,
        lambda state, score, is_best: _report(context, state, score, is_best),
        context.helpers,
        spare_cores=lambda: _spare_cores(context),
        cooling=max(0.0, STOP_SECONDS - 1.5 * incumbent.spent) if incumbent.is_quick else 0.0,
        guide=_guide(context, state, start),
    )
    if context.counts_moves:  # the same moves from the first one on
        context.proof.wait_for_first_lp()
    search.run(state)
    _, first = incumbent.ready
    if first is None or search.score > first.total:
        _check_last(context, search.best)
    return incumbent.ready[0] or first_feasible_plan(context.problem, [start, ()])


def _guide(context: SolveContext, state: State, start: Meetings) -> Callable[[], LpGuide | None]:
    """What the last LP of the score says of the problem, and the first one of the start plan.

    With a number of moves only the first one counts, which is solved before the search begins.
    """
    problem, cold = context.problem, has_start_plan(context.problem, start)
    terms = count_terms(problem, context.flat.data, state)
    factors = problem.policy.factors
    meetings = weighted_total(problem, terms) + sum(factors[t] * terms[t] for t in ("idle", "hall_change"))

    @cache
    def read(solved: int) -> LpGuide:
        first, last = context.proof.score_lps[0], context.proof.score_lps[solved - 1]
        lack = float(first.bound - meetings) / max(1, len(problem.requests))
        temperatures = fit_temperatures(problem, cold=cold, lack=lack)
        return read_guide(problem, last.reduced_costs, temperatures)

    def guide() -> LpGuide | None:
        solved = len(context.proof.score_lps)
        if not solved:
            return None
        return read(1 if context.counts_moves else solved)

    return guide


def _report(context: SolveContext, state: State, score: float, is_best: bool) -> None:
    """Report the best plan so far. At a high temperature the current plan is mostly worth less."""
    problem, reporter, incumbent = context.problem, context.reporter, context.incumbent
    if is_best and (reporter.best is None or score > reporter.best.total):
        reporter.measure(context.flat.data, state)
        if context.clock.left() > 2 * incumbent.spent:
            incumbent.check_beside(state.held)
    beside = compulsory_penalty(problem) * len(problem.compulsory)  # what the search adds
    if score - beside >= context.proof.found.score and not context.is_done():
        context.check(state.held)
    reporter.report_at_times(Phase.SEARCHING)


def _spare_cores(context: SolveContext) -> int | None:
    """The number of cores that the proof leaves, or None when it has ended."""
    return len(os.sched_getaffinity(0)) - 1 if context.proof.is_running else None


def _check_last(context: SolveContext, table: Int32s) -> None:
    """Check the plan of a search. A stop waits for a check that is quick."""
    if context.incumbent.is_quick:
        context.incumbent.check(table)
    elif not context.clock.is_stopped():
        context.check(table)
