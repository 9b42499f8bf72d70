"""What others would do: each module is one way to make a plan, written as an engineer would in an afternoon.

Each has `plan(problem, seconds)`, which gives meetings that keep the rules, or raises NoPlan. They make first
plans: what is published, compulsory, ordered or to be spread evenly is not theirs, and is refused.
"""

from __future__ import annotations

from scheduler.domain.problem import Problem


class NoPlan(Exception):
    """The time ran out, or the way cannot be gone on this problem."""


def require_first_plan(problem: Problem) -> None:
    """Raises NoPlan for a problem with what the peers do not know."""
    policy = problem.policy
    if (
        problem.published
        or problem.precedences
        or problem.frozen_until is not None
        or policy.require_all
        or policy.max_idle_spread is not None
        or policy.idle_counts != "slots"
    ):
        raise NoPlan("this peer makes first plans only, without precedences, compulsion and spread")
