"""From a search's table to meetings that the rules find nothing in."""

from __future__ import annotations

from collections.abc import Iterable

from scheduler.domain import rules
from scheduler.domain.plan import Meeting
from scheduler.domain.problem import Problem
from scheduler.solver.arrays import Flat
from scheduler.solver.kernels import Ints
from scheduler.solver.seating import to_meetings

Meetings = tuple[Meeting, ...] | None

ROUNDS = 8


def clean_meetings(flat: Flat, table: Ints) -> Meetings:
    """The meetings of a table; what breaks a rule is left out. None if that does not mend it."""
    meetings, _ = to_meetings(flat, table)
    for _ in range(ROUNDS):
        found = rules.violations(flat.problem, meetings)
        if not found:
            return tuple(meetings)
        named = {id for violation in found for id in violation.ids}
        kept = [meeting for meeting in meetings if meeting.request not in named]
        if len(kept) == len(meetings):
            return None
        meetings = kept
    return None


def first_clean(problem: Problem, plans: Iterable[Meetings]) -> Meetings:
    """The first plan that keeps every hard rule, or None."""
    for meetings in plans:
        if meetings is not None and not rules.violations(problem, meetings):
            return meetings
    return None
