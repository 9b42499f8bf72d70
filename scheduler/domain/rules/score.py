"""The objective: a weighted sum, with the count of each term."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from scheduler.domain.plan import Meeting, Number
from scheduler.domain.problem import ANY_START, Problem
from scheduler.domain.rules.idle import schedule_idle_figures
from scheduler.domain.rules.resolved import ResolvedMeeting, Schedule
from scheduler.domain.rules.stability import count_attendee_changes, count_repeats, same_people


@dataclass(frozen=True, slots=True)
class Score:
    """`terms` has the count of each term (`served`: the weight), `total` their weighted sum.

    `repeated`, `unfair` and `group_gap` are present only if the problem names their factors.
    """

    total: Number
    terms: Mapping[str, Number]


def score(problem: Problem, meetings: Sequence[Meeting]) -> Score:
    """Return the score of any meetings. If a request is scheduled twice, its first meeting counts."""
    return schedule_score(Schedule.of(problem, meetings))


def schedule_score(schedule: Schedule) -> Score:
    """Return the score of a resolved schedule."""
    problem = schedule.problem
    terms: dict[str, Number] = {
        "served": sum(held.request.weight for held in schedule.by_request.values()),
        "shortfall": shortfall(schedule),
        "idle": sum(schedule_idle_figures(schedule)),
        "hall_change": sum(hall_changes(problem, mine) for mine in schedule.by_attendee),
        **_changes(schedule),
    }
    if "repeated" in problem.policy.factors:
        terms["repeated"] = count_repeats(problem, count_attendee_changes(schedule))
    if "unfair" in problem.policy.factors:
        terms["unfair"] = unfair(schedule)
    if "group_gap" in problem.policy.factors:
        terms["group_gap"] = group_gap(schedule)
    return Score(weighted_total(problem, terms), terms)


def weighted_total(problem: Problem, terms: Mapping[str, Number]) -> Number:
    """Return the sum of counts times policy factors. All terms except `served` are penalties."""
    factors = problem.policy.factors
    lost = sum(factors[term] * count for term, count in terms.items() if term != "served")
    return factors["served"] * terms["served"] - lost


def shortfall(schedule: Schedule) -> int:
    """Return the number of meetings that firms lack to reach their floor, over all firms."""
    counts = meetings_by_firm(schedule)
    return sum(max(0, floor - n) for floor, n in zip(schedule.problem.floors, counts, strict=True))


def unfair(schedule: Schedule) -> int:
    """Return the meetings lacking to each fair share times its price, over all firms."""
    counts = meetings_by_firm(schedule)
    firms = zip(schedule.problem.fair_levels, counts, strict=True)
    return sum(price * max(0, level - n) for levels, n in firms for level, price in levels)


def group_gap(schedule: Schedule) -> int:
    """Return the meetings that groups of firms lack to the share of all requests, over all groups."""
    return sum(group_lacks(schedule.problem, meetings_by_firm(schedule), len(schedule.by_request)))


def group_lacks(problem: Problem, held_by_firm: Sequence[int], meetings: int) -> list[int]:
    """Return the meetings that each group lacks to the share of all requests that is scheduled.

    `held_by_firm` are the scheduled meetings of each firm, `meetings` those of the plan.
    """
    total = max(1, len(problem.requests))
    sizes = zip(problem.firm_groups, problem.group_request_counts, strict=True)
    return [
        max(0, -(-count * meetings // total) - sum(held_by_firm[firm] for firm in group.firms))
        for group, count in sizes
    ]


def meetings_by_firm(schedule: Schedule) -> list[int]:
    """Return the number of scheduled meetings per firm, sent and received."""
    counts = [0] * len(schedule.problem.firms)
    for held in schedule.by_request.values():
        counts[held.request.sender] += 1
        counts[held.request.receiver] += 1
    return counts


def hall_changes(problem: Problem, meetings: Iterable[ResolvedMeeting]) -> int:
    """Count an attendee's hall changes between meetings of the same day. `meetings` are in time order."""
    days = problem.days
    return sum(one.hall != two.hall and days[one.start] == days[two.start] for one, two in pairwise(meetings))


def _changes(schedule: Schedule) -> dict[str, int]:
    """Count changed and dropped published meetings. Each kind of change counts separately."""
    counts = dict.fromkeys(("moved", "relocated", "reassigned", "dropped"), 0)
    also_moved = schedule.problem.policy.reassigned_counts == ANY_START
    for published in schedule.problem.published:
        request = schedule.problem.index.requests.get(published.request)
        if request is None:
            continue
        held = schedule.by_request.get(request)
        if held is None:
            counts["dropped"] += 1
        elif held.meeting.slot != published.slot:
            counts["moved"] += 1
            counts["reassigned"] += also_moved and not same_people(held.meeting, published)
        else:
            counts["relocated"] += held.meeting.place != published.place
            counts["reassigned"] += not same_people(held.meeting, published)
    return counts
