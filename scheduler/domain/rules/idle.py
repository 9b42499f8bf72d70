"""Idle figure of each attendee, and rule H12 on its spread."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from scheduler.domain.plan import Meeting
from scheduler.domain.problem import Attendee, Problem
from scheduler.domain.rules.resolved import ResolvedMeeting, Schedule, Violation


def idle_figures(problem: Problem, meetings: Sequence[Meeting]) -> tuple[int, ...]:
    """Return the idle figure of each attendee over the whole event, as defined by `policy.idle_counts`."""
    return schedule_idle_figures(Schedule.of(problem, meetings))


def schedule_idle_figures(schedule: Schedule) -> tuple[int, ...]:
    return tuple(
        person_idle_figure(schedule.problem, person, meetings)
        for person, meetings in zip(schedule.problem.attendees, schedule.by_attendee, strict=True)
    )


def person_idle_figure(problem: Problem, person: Attendee, meetings: Sequence[ResolvedMeeting]) -> int:
    """Return one attendee's idle slots, or breaks, between the first and last meeting of each day.

    "slots" counts slots in which they are available and not in a meeting. "breaks" counts runs of slots
    without a meeting, available or not. `meetings` are theirs in time order.
    """
    breaks = problem.policy.idle_counts == "breaks"
    days = problem.days
    total, day, free_from = 0, -1, 0
    for held in meetings:
        start = held.start
        if days[start] == day:
            gap = range(free_from, start)
            if gap and breaks:
                total += 1
            elif gap:
                total += sum(s not in person.unavailable for s in gap)
            free_from = max(free_from, held.stop)
        else:
            day, free_from = days[start], held.stop
    return total


def check_idle_spread(schedule: Schedule) -> Iterator[Violation]:
    """H12: the idle figures of any two attendees differ by at most `policy.max_idle_spread`."""
    limit = schedule.problem.policy.max_idle_spread
    if limit is None or not schedule.problem.attendees:
        return
    all_figures = schedule_idle_figures(schedule)
    least, most = min(all_figures), max(all_figures)
    if most - least > limit:
        ids = [schedule.problem.attendees[all_figures.index(figure)].id for figure in (least, most)]
        detail = f"{ids[0]} has an idle figure of {least} and {ids[1]} of {most}, more than {limit} apart."
        yield Violation("H12", detail, tuple(ids))
