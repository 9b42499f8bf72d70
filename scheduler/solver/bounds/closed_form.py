"""Bounds in closed form, from the lists alone: what each firm's people have time for.

A run of a second, or of an unchanged event, ends before any LP, and showed the bound that every request is
scheduled. The first bound is this closed form, from what each firm's people have time for, or the published
plan's, if nothing that it depends on has changed: a fingerprint has to know all of that. It is weaker than an
LP's. An unchanged rerun showed 3,319,700, where firms have time for 2,620,800.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from scheduler.domain.problem import Problem
from scheduler.domain.rules.stability import unavoidable_repeats

Number = int | float


@dataclass(frozen=True, slots=True)
class Bounds:
    """No plan serves more than `served`, lacks less than `shortfall` to floors, or scores above `score`.

    None holds more than `meetings` requests.
    """

    served: Number
    shortfall: Number
    score: Number
    meetings: int


def closed_bounds(problem: Problem) -> Bounds:
    """What is plain without an LP, in a fraction of a second for any event.

    A meeting is one of two firms, so the weight served is half the sum over the firms of what each holds: at
    most its heaviest requests, as many as it has room for. So is the number of meetings.

    Parameters
    ----------
    problem
        The problem, read and checked before.

    Returns
    -------
    Bounds
        Of every plan: the most weight served, the least meetings below the floors, the highest score,
        the most meetings.
    """
    weights: list[list[int]] = [[] for _ in problem.firms]
    for request in problem.requests:
        for firm in (request.sender, request.receiver):
            weights[firm].append(request.weight)
    room = list(meeting_capacities(problem))
    halves = sum(sum(sorted(mine)[-most:]) for mine, most in zip(weights, room, strict=True) if most)
    lacking = sum(max(0, floor - most) for floor, most in zip(problem.floors, room, strict=True))
    held = sum(min(most, len(mine)) for mine, most in zip(weights, room, strict=True))
    served = halves // 2
    return Bounds(served, lacking, simple_score_bound(problem, served, lacking), held // 2)


def meeting_capacities(problem: Problem) -> Iterator[int]:
    """How many meetings each firm can hold: a day's people have so many slots, and both may have a cap.

    A person's days are those with the most meetings, if these are limited (H17).

    Parameters
    ----------
    problem
        The problem, read and checked before.

    Returns
    -------
    Iterator[int]
        Meetings by firm, in the order of the problem.
    """
    shortest = [len(problem.slots)] * len(problem.firms)
    for request in problem.requests:
        for firm in (request.sender, request.receiver):
            shortest[firm] = min(shortest[firm], request.length)
    sizes = Counter(problem.days)
    for f, people in enumerate(problem.firm_attendees):
        a_day, in_all = Counter[int](), 0
        for a in people:
            person = problem.attendees[a]
            away = Counter(problem.days[slot] for slot in person.unavailable)
            mine = [
                _capped((size - away[day]) // max(1, shortest[f]), person.max_per_day)
                for day, size in sizes.items()
            ]
            in_all += sum(sorted(mine, reverse=True)[: problem.most_days[a]])
            for day, meetings in zip(sizes, mine, strict=True):
                a_day[day] += meetings
        yield min(in_all, sum(_capped(meetings, problem.firms[f].max_per_day) for meetings in a_day.values()))


def _capped(meetings: int, cap: int | None) -> int:
    return meetings if cap is None else min(meetings, cap)


def simple_score_bound(problem: Problem, served: Number, shortfall: Number) -> Number:
    """The score of these two terms, and of changes that no plan avoids. The others only take away."""
    factors = problem.policy.factors
    unfair = factors.get("unfair", 0)
    price = min_change_cost(problem) + (unfair * min_unfair(problem) if unfair else 0)
    return factors["served"] * served - factors["shortfall"] * shortfall - price


def min_unfair(problem: Problem) -> int:
    """The least that the term `unfair` can count: what firms have no room for."""
    firms = zip(problem.fair_levels, meeting_capacities(problem), strict=True)
    return sum(price * max(0, level - most) for levels, most in firms for level, price in levels)


def min_change_cost(problem: Problem) -> Number:
    """What published meetings that cannot stay cost at least as they are of the same people."""
    price = problem.policy.factors.get("repeated", 0)
    return price * unavoidable_repeats(problem) if price else 0
