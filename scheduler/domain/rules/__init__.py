"""Reference implementation: the hard rules that a plan violates, and its score (docs/problem-format.md).

It is independent of the solver. The functions accept any meetings, and never raise on malformed ones.
"""

from __future__ import annotations

from collections.abc import Sequence

from scheduler.domain.plan import Meeting
from scheduler.domain.problem import Problem
from scheduler.domain.rules.idle import check_idle_spread, idle_figures
from scheduler.domain.rules.people import (
    check_availability,
    check_caps,
    check_interpreters,
    check_one_at_a_time,
    check_stations,
    check_walking,
)
from scheduler.domain.rules.places import check_places
from scheduler.domain.rules.request_rules import check_fixed, check_held_once, check_precedences, check_slots
from scheduler.domain.rules.resolved import Schedule, Violation
from scheduler.domain.rules.score import Score, schedule_score, score
from scheduler.domain.rules.spacing import check_days, check_pairs, check_rows
from scheduler.domain.rules.stability import check_frozen, check_max_moved
from scheduler.domain.rules.staffing import check_staffing

__all__ = ["Score", "Violation", "idle_figures", "score", "violations", "violations_and_score"]

_CHECKS = (
    check_staffing,  # format
    check_held_once,  # H1
    check_slots,  # H2
    check_one_at_a_time,  # H3
    check_availability,  # H4
    check_places,  # H5
    check_walking,  # H6
    check_interpreters,  # H7
    check_caps,  # H8
    check_fixed,  # H9
    check_frozen,  # H10
    check_precedences,  # H11
    check_idle_spread,  # H12
    check_max_moved,  # H13
    check_stations,  # H14
    check_pairs,  # H15
    check_rows,  # H16
    check_days,  # H17
)


def violations(problem: Problem, meetings: Sequence[Meeting]) -> list[Violation]:
    """Return all hard rule violations: "format" first, then H1 to H17, in plan or problem order."""
    return _breaches(Schedule.of(problem, meetings))


def violations_and_score(problem: Problem, meetings: Sequence[Meeting]) -> tuple[list[Violation], Score]:
    """Return both `violations` and `score`, faster than calling one after the other."""
    schedule = Schedule.of(problem, meetings)
    return _breaches(schedule), schedule_score(schedule)


def _breaches(schedule: Schedule) -> list[Violation]:
    found = [*schedule.unreadable]
    for check in _CHECKS:
        found.extend(check(schedule))
    return found
