"""Quality of a plan by the rules alone, compared with proven bounds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.report import share
from scheduler.domain import rules
from scheduler.domain.plan import Meeting, Number
from scheduler.domain.problem import Problem
from scheduler.solver.bounds.closed_form import Bounds


class BrokenPlan(Exception):
    """A plan violates a rule."""


@dataclass(frozen=True, slots=True)
class Quality:
    """Counts as in a plan file. Shares are in per cent, `..._a_day` per attendee's day with a meeting."""

    held: int
    score: Number
    served: Number
    shortfall: Number
    idle: Number
    hall_changes: Number
    score_share: float | None
    served_share: float | None
    least_shortfall: Number
    idle_a_day: float
    hall_changes_a_day: float


def quality(problem: Problem, meetings: Sequence[Meeting], bounds: Bounds) -> Quality:
    """Return the quality. Raises BrokenPlan with the first violation, if any."""
    found = rules.violations(problem, meetings)
    if found:
        raise BrokenPlan(f"{len(found)} violations, such as {found[0].rule}: {found[0].detail}")
    score = rules.score(problem, meetings)
    terms, days = score.terms, max(1, attendee_days(problem, meetings))
    return Quality(
        held=len(meetings),
        score=score.total,
        served=terms["served"],
        shortfall=terms["shortfall"],
        idle=terms["idle"],
        hall_changes=terms["hall_change"],
        score_share=share(score.total, bounds.score),
        served_share=share(terms["served"], bounds.served),
        least_shortfall=bounds.shortfall,
        idle_a_day=round(terms["idle"] / days, 3),
        hall_changes_a_day=round(terms["hall_change"] / days, 3),
    )


def attendee_days(problem: Problem, meetings: Sequence[Meeting]) -> int:
    """Return the number of pairs of attendee and day with a meeting."""
    slots = problem.index.slots
    return len({(person, problem.days[slots[m.slot]]) for m in meetings for person in m.attendees})
