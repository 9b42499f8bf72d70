"""Search for a way to hold a request at one time and place while any others move.

It ends with a way, with a proof that there is none, or with neither. Its budgets are of work and none of
time, so the same question has the same answer. What stands in the way for good is seen at once. Then a search
in depth looks for the way that moves the fewest people. Where it finds none, CP-SAT is asked whether the
meetings of both firms can be held beside the request, and of a small event whether all meetings can.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from enum import StrEnum

from scheduler.domain.plan import Meeting
from scheduler.domain.problem import Fixed, Problem, Request
from scheduler.solver.exact.assignments import estimate_assignments
from scheduler.solver.repair.repairer import Repairer
from scheduler.solver.repair.repairs import Repair
from scheduler.solver.repair.targets import TargetStatus, evaluate_targets

STEPS = 1_500_000
"""Places that the search in depth tries: one or two seconds."""
MAX_PEOPLE = 20
"""Whose other meetings may change."""
MAX_ASSIGNMENTS = 20_000
"""Of a model that is solved, by an estimate."""
WORK = 1.0
"""What CP-SAT may do for one model, in its own count: a second or two."""


class SearchOutcome(StrEnum):
    """What a search came to. UNKNOWN: neither a way nor a proof was found within the budget."""

    FOUND = "found"
    IMPOSSIBLE = "impossible"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class PlaceSearchResult:
    """The outcome of a search, with the way that was found. It holds every meeting of the plan."""

    outcome: SearchOutcome
    repair: Repair | None = None


def search_place(
    repairer: Repairer,
    request: str,
    slot: str,
    place: str,
    *,
    allowed: Callable[[Repair], bool] = lambda _: True,
    steps: int = STEPS,
    work: float = WORK,
) -> PlaceSearchResult:
    """Whether a request can be held at a time and place while every other meeting is held somewhere.

    Parameters
    ----------
    repairer
        The plan. It is left as it is.
    request
        Its id, held or not. KeyError is raised for one that is unknown, as for the next two.
    slot
        The id of the start.
    place
        The id of the place. A way may be at another place that is alike.
    allowed
        Says of a way whether it is an answer.
    steps
        Places that the search in depth tries at most.
    work
        What CP-SAT may do for one model: see WORK.

    Returns
    -------
    Searched
        FOUND with the way, IMPOSSIBLE only if that is proved, or UNKNOWN.
    """
    (spot,) = evaluate_targets(repairer, request, [slot], [place])
    if spot.standing is TargetStatus.FORBIDDEN:
        return PlaceSearchResult(SearchOutcome.IMPOSSIBLE)
    found = repairer.fewest_there(request, slot, place, steps=steps, max_people=MAX_PEOPLE, allowed=allowed)
    if found is not None:
        return PlaceSearchResult(SearchOutcome.FOUND, found)
    meetings = repairer.meetings()
    if (
        _together(repairer, request, slot, place, _of_same_firms(repairer.problem, meetings, request), work)
        is None
    ):
        return PlaceSearchResult(SearchOutcome.IMPOSSIBLE)
    plan = _together(repairer, request, slot, place, meetings, work)
    if plan is None:
        return PlaceSearchResult(SearchOutcome.IMPOSSIBLE)
    way = repairer.way_to(request, plan, MAX_PEOPLE) if plan else None
    return (
        PlaceSearchResult(SearchOutcome.FOUND, way)
        if way is not None and allowed(way)
        else PlaceSearchResult(SearchOutcome.UNKNOWN)
    )


def _of_same_firms(problem: Problem, meetings: Collection[Meeting], request: str) -> list[Meeting]:
    def firms(key: str) -> set[int]:
        row = problem.requests[problem.index.requests[key]]
        return {row.sender, row.receiver}

    return [each for each in meetings if not firms(each.request).isdisjoint(firms(request))]


def _together(
    repairer: Repairer, request: str, slot: str, place: str, others: Collection[Meeting], work: float
) -> tuple[Meeting, ...] | None:
    """The request there and these meetings alone, wherever they are held. Empty if that is not known.

    None if it is proved that they cannot be held together.
    """
    from scheduler.solver.exact.joint_feasibility import check_joint_feasibility, restrict_to_requests

    problem, index = repairer.problem, repairer.problem.index
    now = {each.request: each for each in others if each.request != request}

    def bound(row: Request) -> Request:
        if row.id == request:
            return replace(row, fixed=Fixed(index.slots[slot], index.places[place], must=True))
        if repairer.stays(index.requests[row.id]):
            return _as_now(problem, row, now[row.id])
        return row

    asked = restrict_to_requests(problem, {request, *now})
    asked = replace(
        asked, requests=tuple(map(bound, asked.requests)), policy=replace(asked.policy, require_all=True)
    )
    if estimate_assignments(asked) > MAX_ASSIGNMENTS:
        return ()
    found = check_joint_feasibility(asked, work=work)
    return None if found.is_possible is False else found.meetings


def _as_now(problem: Problem, row: Request, meeting: Meeting) -> Request:
    """A request that is held by nobody else, and nowhere else, than it is now."""
    index = problem.index
    people = [index.attendees[key] for key in meeting.attendees]
    one, two = (
        tuple(p for p in people if problem.attendees[p].firm == firm) for firm in (row.sender, row.receiver)
    )
    fixed = Fixed(index.slots[meeting.slot], index.places[meeting.place], must=True)
    return replace(row, from_attendees=one, to_attendees=two, fixed=fixed)
