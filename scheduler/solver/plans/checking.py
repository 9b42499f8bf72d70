"""Meetings of a search's table, without what breaks a rule."""

from __future__ import annotations

from collections.abc import Iterable

from scheduler.collecting import no_collection
from scheduler.domain import rules
from scheduler.domain.plan import Meeting
from scheduler.domain.problem import Problem
from scheduler.solver.compiled.kernels import Int32s
from scheduler.solver.instance.arrays import Flat
from scheduler.solver.operators.spread_repair import repair_spread
from scheduler.solver.plans.seating import to_meetings
from scheduler.solver.state.loading import load, loading_order
from scheduler.solver.state.state import new_state

Meetings = tuple[Meeting, ...] | None
Checked = tuple[Meetings, rules.Score | None]


def clean_meetings(flat: Flat, table: Int32s) -> Meetings:
    """The meetings of a table, without those that break a rule.

    Parameters
    ----------
    flat
        The problem as arrays.
    table
        Requests x 4 (slot, group, option, interpreter; slot -1 if not held).

    Returns
    -------
    Meetings
        A plan that keeps every hard rule. None if leaving meetings out does not mend it.
    """
    meetings, _ = clean(flat, table)
    return meetings


def clean(flat: Flat, table: Int32s) -> Checked:
    """The same, with the score."""
    rest = table.copy()
    while True:
        with no_collection():
            meetings, _ = to_meetings(flat, rest)
            found, score = rules.judged(flat.problem, meetings)
        if not found:
            return tuple(meetings), score
        smaller = _without(flat, rest, found)
        if (smaller == rest).all():
            return None, None
        rest = smaller


def _without(flat: Flat, table: Int32s, found: Iterable[rules.Violation]) -> Int32s:
    """The table without the meetings that violations name. H12 names people: their spread is repaired."""
    lookup = flat.problem.index.requests
    named = {id for violation in found if violation.rule != "H12" for id in violation.ids}
    rest = table.copy()
    rest[[lookup[id] for id in named if id in lookup]] = -1
    if (rest == table).all():
        state = new_state(flat.data, 0)
        load(flat.data, state, table, loading_order(flat.data))
        repair_spread(flat.data, state)
        rest = state.held.copy()
    return rest


def first_clean(problem: Problem, plans: Iterable[Meetings]) -> Meetings:
    """The first plan that keeps every hard rule.

    Parameters
    ----------
    problem
        The problem, read and checked before.
    plans
        Plans, the most wanted first. None stands for none.

    Returns
    -------
    Meetings
        One of them, or None.
    """
    for meetings in plans:
        if meetings is not None and not rules.violations(problem, meetings):
            return meetings
    return None
