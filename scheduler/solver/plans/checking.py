"""Meetings of a search's table, without what breaks a rule."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from scheduler.domain import rules
from scheduler.domain.plan import Meeting
from scheduler.domain.problem import Problem
from scheduler.domain.rules.stability import is_frozen
from scheduler.gc_control import gc_paused
from scheduler.solver.compiled.kernels import Int32s
from scheduler.solver.instance.arrays import Flat
from scheduler.solver.operators.spread_repair import repair_spread
from scheduler.solver.plans.seating import seat_meetings
from scheduler.solver.state.loading import load, loading_order
from scheduler.solver.state.state import new_state

Meetings = tuple[Meeting, ...] | None
OF_COMMITMENTS = frozenset(("H1", "H10"))
"""What a plan breaks that lacks something which has to be held, or has to stay."""
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
        A plan that keeps every hard rule. None if leaving meetings out does not fix it.
    """
    meetings, _ = clean_and_score(flat, table)
    return meetings


def clean_and_score(flat: Flat, table: Int32s, problem: Problem | None = None) -> Checked:
    """The same, with the score. Another `problem` than the flat one judges it by fewer rules."""
    rest, judge = table.copy(), problem or flat.problem
    while True:
        with gc_paused():
            meetings, _ = seat_meetings(flat, rest)
            found, score = rules.violations_and_score(judge, meetings)
        if not found:
            return tuple(meetings), score
        smaller = _without(flat, rest, found)
        if (smaller == rest).all():
            return None, None
        rest = smaller


@dataclass(frozen=True, slots=True)
class NearestPlan:
    """A plan that keeps every rule once the requests of `not_kept` are released, with its score."""

    meetings: tuple[Meeting, ...]
    score: rules.Score
    not_kept: tuple[str, ...]

    @property
    def rank(self) -> tuple[float, ...]:
        """Higher is better: the fewest that are not kept, then the score."""
        return -len(self.not_kept), self.score.total


def nearest_feasible_plan(flat: Flat, table: Int32s, problem: Problem | None = None) -> NearestPlan | None:
    """The meetings of a table, without those that break a rule, as if nothing had to be held or to stay.

    Parameters
    ----------
    flat
        The problem as arrays.
    table
        Requests x 4, as in `clean_meetings`.
    problem
        Whose rules are to be kept, if not those of the flat one.

    Returns
    -------
    Nearest | None
        None if such a plan breaks rules about whole plans all the same.
    """
    problem = problem or flat.problem
    meetings, score = clean_and_score(flat, table, problem.releasing(commitment_ids(problem)))
    if meetings is None or score is None:
        return None
    known, broken = problem.index.requests, rules.violations(problem, meetings)
    missing = {id for each in broken if each.rule in OF_COMMITMENTS for id in each.ids if id in known}
    not_kept = tuple(sorted(missing, key=known.__getitem__))
    if rules.violations(problem.releasing({*missing, *problem.released}), meetings):
        return None
    return NearestPlan(meetings, score, not_kept)


def commitment_ids(problem: Problem) -> frozenset[str]:
    """The ids of all requests that have to be held, or are frozen, or were released already.

    Parameters
    ----------
    problem
        The problem, read and checked before.

    Returns
    -------
    frozenset[str]
        Without them, an empty plan keeps the rules.
    """
    frozen = frozenset(meeting.request for meeting in problem.published if is_frozen(problem, meeting))
    return frozen.union((problem.requests[r].id for r in problem.compulsory), problem.released)


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


def first_feasible_plan(problem: Problem, plans: Iterable[Meetings]) -> Meetings:
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
