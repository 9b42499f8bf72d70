"""The start plan: a given one, else the published one. It may be the answer already.

A published plan to which nothing happened is the answer at once: another search would only move meetings.
What happened is what people did, compared by `domain/basis`: without what frozen meetings hold, limits of one
run, and wishes for other times, which end when they are granted. A run with a budget of changes (`max_moved`)
improves the plan for all of its time at almost no price per change, as the budget is the limit; at the usual
60 points a move no idle slot is worth a move. After an overnight run that used its limit the next one
searches on. An unchanged plan of 620 firms was the answer after 2.0 s of 5 s with 0 changes
(benchmarks/results/rerun.json); 500 changes gain 974 points of a plan of three seconds, and 20 gain 116.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from scheduler.domain import rules
from scheduler.domain.plan import Meeting
from scheduler.domain.problem import Problem
from scheduler.solver.compiled.kernels import Int32s
from scheduler.solver.instance.arrays import Flat
from scheduler.solver.instance.columns import requests
from scheduler.solver.operators.construct import construct, construct_compulsory
from scheduler.solver.operators.spread_repair import repair_spread
from scheduler.solver.state.loading import load, loading_order, table_of
from scheduler.solver.state.spread import excess_of
from scheduler.solver.state.state import State, new_state


def build_start_state(flat: Flat, start: Sequence[Meeting] | None, seed: int) -> State:
    """The start plan, or the published one, as far as the rules allow, and what can be inserted.

    Parameters
    ----------
    flat
        The problem as arrays.
    start
        The plan that a solve was given, or None.
    seed
        Of the state's random numbers.

    Returns
    -------
    State
        A plan that keeps every hard rule but for compulsory requests.
    """
    state = new_state(flat.data, seed)
    meetings = flat.problem.published if start is None else start
    if meetings:
        table, order = table_of(flat, meetings), loading_order(flat.data)
        _make_room(flat, state, table, order)
        load(flat.data, state, table, order)
    construct(flat.data, state)
    return state


def has_start_plan(problem: Problem, start: Sequence[Meeting] | None) -> bool:
    """Whether there is a plan to improve, and not just what could be inserted.

    Parameters
    ----------
    problem
        The problem, read and checked before.
    start
        The plan that a solve was given, or None.

    Returns
    -------
    bool
        True also where a plan is published.
    """
    return start is not None or len(problem.published) > 0


def _make_room(flat: Flat, state: State, table: Int32s, order: Int32s) -> None:
    """Put what has to be held into a plan's table, beside frozen meetings only. The rest gives way."""
    must = flat.data.requests[:, requests.MUST] > 0
    if must.any():
        firm = must | (flat.data.requests[:, requests.LOCKED] > 0)
        load(flat.data, state, np.where(firm[:, None], table, -1).astype(np.int32), order)
        construct_compulsory(flat.data, state)
        table[must] = state.held[must]


def enforce_idle_spread(flat: Flat, state: State) -> State:
    """The plan within `max_idle_spread`.

    Parameters
    ----------
    flat
        The problem as arrays.
    state
        A plan, which stays as it is.

    Returns
    -------
    State
        The same one if it keeps the limit. Else another, whose spread is repaired.
    """
    if excess_of(flat.data, state) == 0:
        return state
    kept = new_state(flat.data, 0)
    load(flat.data, kept, state.held, loading_order(flat.data))
    repair_spread(flat.data, kept)
    construct(flat.data, kept)
    return kept


def unchanged_published_plan(flat: Flat) -> tuple[Meeting, ...] | None:
    """The published plan if nothing has happened to it.

    Kept whole it breaks no rule, none of its requests is withdrawn, no other request can be inserted with
    gain.

    Parameters
    ----------
    flat
        The problem as arrays.

    Returns
    -------
    tuple[Meeting, ...] | None
        Its meetings in the order of the requests, or None.
    """
    problem = flat.problem
    if not problem.published or any(m.request not in problem.index.requests for m in problem.published):
        return None
    if rules.violations(problem, problem.published):
        return None
    state = build_start_state(flat, None, 0)
    if int((state.held[:, 0] >= 0).sum()) != len(problem.published):
        return None
    return sort_meetings(problem, problem.published)


def sort_meetings(problem: Problem, meetings: Sequence[Meeting]) -> tuple[Meeting, ...]:
    """The meetings in the order of the problem's requests."""
    lookup = problem.index.requests
    return tuple(sorted(meetings, key=lambda meeting: lookup[meeting.request]))
