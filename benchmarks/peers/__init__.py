"""Peers: alternative solvers, each written as an engineer would in an afternoon.

Each has `plan(problem, seconds)`, which returns a feasible plan or raises NoPlan. They make first plans only
and reject problems with published or compulsory meetings, precedences, or limits of idle time spread, of
pairs or of meetings in a row.
"""

from __future__ import annotations

from scheduler.domain.problem import Problem


class NoPlan(Exception):
    """The time ran out, or the peer does not support the problem."""


def require_first_plan(problem: Problem) -> None:
    """Raise NoPlan for a problem with features that the peers do not support."""
    policy = problem.policy
    if (
        problem.published
        or problem.precedences
        or problem.frozen_until is not None
        or policy.require_all
        or policy.max_idle_spread is not None
        or policy.idle_counts != "slots"
        or policy.max_pair_per_day is not None
        or any(problem.most_in_row)
        or any(problem.most_days)
    ):
        raise NoPlan("this peer makes first plans only, without precedences, compulsion, spread and spacing")
