"""Groups of requests that are not held for one reason, each with the change that helps it best.

A change is pulled on the problem, and the requests are inserted one after the other into the plan as it is:
so many can be held then, and no plan has to be searched for to know it.

What a change gains is counted on the plan as it is: the requests of a group are inserted one after the other,
as twenty of them may want the same half hour. So the count is a lower bound, which a scenario of two searches
confirms. Dual prices of the day-level LP were not taken: the merged model has one row for all people of a
firm, and names no person. It takes five seconds after a run at most; later groups are not counted. 620 firms,
9,000 requests: 353 unscheduled, all explained with fixes in 0.3 s on a quiet core, in 81 groups; of the
first, 21 requests about one person, one more colleague let in 20.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from copy import copy
from dataclasses import replace
from fractions import Fraction

from scheduler.domain.entities import PlaceWish
from scheduler.domain.plan import EventFix, FixAction, Meeting, ReasonSubject, Unscheduled, UnscheduledGroup
from scheduler.domain.problem import Problem
from scheduler.domain.rules.resolved import Schedule
from scheduler.domain.solving import Result
from scheduler.solver.clock import SolveClock
from scheduler.solver.explain.conditions import list_parties
from scheduler.solver.explain.event_fixes import KINDS, apply_event_fix
from scheduler.solver.explain.insertion import find_best_insertion
from scheduler.solver.explain.occupancy import Occupancy
from scheduler.solver.explain.reasons import explain_unexamined
from scheduler.solver.instance.choices import Choices

MAX_EVENT_FIXES = 3
"""Kinds of changes that are tried for one group."""
LIMITS = ("person-cap", "days-cap", "row-cap", "firm-cap")
"""Kinds that raise the limit of a person or a firm."""
SECONDS = 5.0
"""For all groups together. Those after it have the change that most of their requests name, uncounted."""

Member = tuple[int, Unscheduled]


def explain_and_group(
    problem: Problem,
    result: Result,
    should_stop: Callable[[], bool] | None = None,
    kinds: Collection[str] = KINDS.keys(),
) -> Result:
    """A solve's result with all answers, as `examined` gives them, and the groups of what is not held.

    Parameters
    ----------
    problem
        The problem that was solved.
    result
        Its plan's `unscheduled` has all requests without a meeting.
    should_stop
        Is asked before each request and each group.
    kinds
        Kinds of changes that may help a group, by default all.

    Returns
    -------
    Result
        The same plan, with groups.
    """
    result = explain_unexamined(problem, result, should_stop)
    plan = result.plan
    if not plan.is_answer or not plan.unscheduled:
        return result
    found = group_unscheduled(
        problem.releasing(plan.not_kept), plan.meetings, plan.unscheduled, should_stop, kinds=kinds
    )
    return replace(result, plan=replace(plan, groups=found))


def group_unscheduled(
    problem: Problem,
    meetings: Sequence[Meeting],
    answers: Sequence[Unscheduled],
    should_stop: Callable[[], bool] | None = None,
    seconds: float = SECONDS,
    kinds: Collection[str] = KINDS.keys(),
) -> tuple[UnscheduledGroup, ...]:
    """The groups of the requests that a plan does not hold, the heaviest first.

    Parameters
    ----------
    problem
        The problem, read and checked before.
    meetings
        A plan that keeps every hard rule.
    answers
        One for each request that it does not hold.
    should_stop
        Is asked before each group. Those that are left have no figures.
    seconds
        Wall time, which ends it in the same way.
    kinds
        Kinds of changes that may help a group, by default all.

    Returns
    -------
    tuple[UnheldGroup, ...]
        Each request is in one of them.
    """
    clock = SolveClock(seconds, should_stop)
    members: dict[tuple[str, ReasonSubject], list[Member]] = defaultdict(list)
    index = problem.index.requests
    for row in answers:
        members[row.reason, row.about].append((index[row.request], row))

    def weight(of: Iterable[Member]) -> int:
        return sum(problem.requests[r].weight for r, _ in of)

    ordered = sorted(members.items(), key=lambda item: (-weight(item[1]), item[0][0], item[0][1].ids))
    base = Occupancy(problem, Choices(problem), Schedule.of(problem, meetings))
    found = []
    for (reason, about), of in ordered:
        best: tuple[int, Fraction, EventFix] | None = None
        levers = _levers(base, about, of, kinds)
        if not clock.is_over():
            wanted = [r for r, _ in sorted(of, key=lambda each: (-problem.requests[each[0]].weight, each[0]))]
            tried = [(*_pulled(base, lever, wanted), lever) for lever in levers]
            best = max(tried, key=lambda each: each[:2], default=None)
        lever = best[2] if best is not None else next(iter(levers), None)
        found.append(
            UnscheduledGroup(
                reason=reason,
                about=about,
                requests=tuple(row.request for _, row in of),
                weight=weight(of),
                lever=lever,
                holds=best[0] if best is not None else None,
                gains=_plain(best[1]) if best is not None else None,
            )
        )
    return tuple(found)


def _plain(gain: Fraction) -> int | float:
    return int(gain) if gain.denominator == 1 else round(float(gain), 6)


def _pulled(base: Occupancy, lever: EventFix, wanted: Iterable[int]) -> tuple[int, Fraction]:
    """How many of these requests can be inserted once a lever is pulled, and what the score gains."""
    occupancy = _copy(base, apply_event_fix(base.problem, lever))
    held, gained = 0, Fraction(0)
    for r in wanted:
        for party in list_parties(occupancy, r):
            starts = party.starts() & occupancy.choices.all_slots
            way = find_best_insertion(occupancy, r, party, starts) if starts else None
            if way is not None and way.gain > 0:
                occupancy.add(way.held)
                held, gained = held + 1, gained + way.gain
                break
    return held, gained


def _copy(base: Occupancy, problem: Problem) -> Occupancy:
    """The same meetings under a problem with more places or people, with which they keep their numbers."""
    new = Occupancy(problem, Choices(problem), Schedule(problem, ()))
    new.held = dict(base.held)
    new.busy = copy(base.busy)
    new.agenda = defaultdict(list, ((who, list(mine)) for who, mine in base.agenda.items()))
    new.load, new.on_day, new.of_firm = Counter(base.load), Counter(base.on_day), Counter(base.of_firm)
    for place, slot in new.load:
        if new.load[place, slot] >= problem.places[place].capacity:
            new.space[place] &= ~(1 << slot)
    return new


def _levers(
    base: Occupancy, about: ReasonSubject, of: Sequence[Member], kinds: Collection[str]
) -> list[EventFix]:
    """The changes that most remedies of a group's requests name, made general: for all of the event."""
    named = Counter((way.kind, _whom(base, r, way)) for r, row in of for way in row.ways)
    found: dict[str, EventFix] = {}
    for (kind, ids), _ in named.most_common():
        if kind == "any-place":
            ids = tuple(row.request for _, row in of)
        lever = _general(base, kind, ids, about, of)
        if lever is not None and lever.kind in kinds and lever.kind not in found:
            found[lever.kind] = lever
    return list(found.values())[:MAX_EVENT_FIXES]


def _whom(base: Occupancy, r: int, way: FixAction) -> tuple[str, ...]:
    if way.kind in (*LIMITS, "available", "shift", "add-person"):
        return way.ids[:1]
    if way.kind == "add-place":
        request = base.problem.requests[r]
        return ("booth", base.problem.firms[request.receiver].id) if _at_a_booth(base, r) else way.ids[:1]
    return way.ids


def _at_a_booth(base: Occupancy, r: int) -> bool:
    return base.problem.requests[r].place is PlaceWish.BOOTH


def _general(
    base: Occupancy, kind: str, ids: tuple[str, ...], about: ReasonSubject, of: Sequence[Member]
) -> EventFix | None:
    if kind == "add-place":
        return EventFix("add-booth", ids[1:]) if ids[0] == "booth" else EventFix("add-table", ids)
    if kind == "available":
        return EventFix(kind, ids, _block_of(base, ids[0], kind, of))
    if kind == "shift":
        problem = base.problem
        closed = problem.interpreters[problem.index.interpreters[ids[0]]].unavailable
        return EventFix(kind, ids, tuple(problem.slots[s].id for s in sorted(closed)))
    if kind in (*LIMITS, "add-interpreter", "add-person", "any-place"):
        return EventFix(kind, ids)
    return None


def _block_of(base: Occupancy, who: str, kind: str, of: Sequence[Member]) -> tuple[str, ...]:
    """The closed slots of a person in the part of a day in which most of the requests could be held."""
    problem = base.problem
    blocks = Counter(
        problem.slots[problem.index.slots[way.slot]].block
        for _, row in of
        for way in row.ways
        if way.kind == kind and way.ids[:1] == (who,)
    )
    block = min(blocks, key=lambda each: (-blocks[each], each))
    closed = problem.attendees[problem.index.attendees[who]].unavailable
    return tuple(problem.slots[s].id for s in sorted(closed) if problem.slots[s].block == block)
