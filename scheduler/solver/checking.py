"""From a search's table to meetings that the rules find nothing in."""

from __future__ import annotations

from collections.abc import Sequence

from scheduler.domain import rules
from scheduler.domain.plan import Meeting, Number
from scheduler.domain.problem import Problem
from scheduler.solver.arrays import Flat
from scheduler.solver.kernels import Ints
from scheduler.solver.seating import to_meetings

ROUNDS = 8


def clean_meetings(flat: Flat, table: Ints) -> tuple[Meeting, ...] | None:
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


def best_clean(
    problem: Problem, plans: Sequence[tuple[Meeting, ...] | None]
) -> tuple[tuple[Meeting, ...], Number] | None:
    """The plan with the highest score of those that keep every hard rule, and that score."""
    best: tuple[tuple[Meeting, ...], Number] | None = None
    for meetings in plans:
        if meetings is None or rules.violations(problem, meetings):
            continue
        total = rules.score(problem, meetings).total
        if best is None or total > best[1]:
            best = (meetings, total)
    return best
