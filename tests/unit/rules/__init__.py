"""A triple for every hard rule (trivial, violated, kept), each on a problem with that rule alone."""

from __future__ import annotations

from scheduler.domain.plan import Meeting
from scheduler.domain.problem import Problem
from scheduler.domain.rules import violations

Breach = tuple[str, tuple[str, ...]]


def breaches(problem: Problem, *meetings: Meeting) -> list[Breach]:
    """Return the rule and ids of each violation."""
    return [(violation.rule, violation.ids) for violation in violations(problem, meetings)]
