"""Why a request is not held: a reason code, a sentence, what is in the way, remedies that were tried."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import product

from scheduler.domain.plan import NOT_EXAMINED, FixAction, Meeting, Unscheduled
from scheduler.domain.problem import Problem, Request
from scheduler.domain.rules.resolved import Schedule
from scheduler.domain.solving import Result
from scheduler.solver.clock import SolveClock
from scheduler.solver.explain.conditions import DYNAMIC, STATIC, MeetingParty, list_parties
from scheduler.solver.explain.fix import Fix
from scheduler.solver.explain.fixes import (
    MAX_FIXES,
    find_fixes,
    find_lone_blockers,
    include_excluded_person,
)
from scheduler.solver.explain.insertion import Insertion, find_best_insertion
from scheduler.solver.explain.obstacles import list_obstacles
from scheduler.solver.explain.occupancy import Occupancy
from scheduler.solver.explain.sentences import CODES, NOT_AT_A_PLACE, SENTENCES, TIED_OR_TOO_FAR, TOO_FAR
from scheduler.solver.explain.single_condition import add_interpreter, lacks_interpreter
from scheduler.solver.explain.subject import find_subject
from scheduler.solver.instance.choices import Choices

MAX_BLOCKERS = 5
MAX_STARTS = 64
REPORTED = 100
"""Requests between two reports."""
OF_OBSTACLES = frozenset(
    (
        "no-place", "no-interpreter", "no-common-slot", "people-busy", "person-cap", "days-cap", "firm-cap",
        "pair-cap", "row-cap", "precedence", "walking", "no-colleague", "displaced-by-weight", "max-moved",
    )
)  # fmt: skip
"""Reasons that are about people, firms, places or interpreters on some days."""


def explain_unscheduled(
    problem: Problem,
    meetings: Sequence[Meeting],
    should_stop: Callable[[], bool] | None = None,
    seconds: float = 5.0,
) -> tuple[Unscheduled, ...]:
    """An answer for each request without a meeting.

    The heaviest are looked into first. Where `seconds` are limited, each gets its reason before any gets
    remedies, which take four times as long.

    Parameters
    ----------
    problem
        The problem, read and checked before.
    meetings
        A plan that keeps every hard rule.
    should_stop
        Is asked often. Requests that were not looked into by then get a plain answer.
    seconds
        Wall time, which ends it in the same way.

    Returns
    -------
    tuple[Unscheduled, ...]
        One for each request without a meeting, in the order of the problem.
    """
    clock = SolveClock(seconds, should_stop)
    if clock.is_over():  # the index alone takes a while on a large event
        held = {meeting.request for meeting in meetings}
        return tuple(unexamined_reason(request) for request in problem.requests if request.id not in held)
    occupancy = Occupancy(problem, Choices(problem), Schedule.of(problem, meetings))
    left = [r for r in range(len(problem.requests)) if r not in occupancy.held]
    order = sorted(left, key=lambda r: (-problem.requests[r].weight, r))
    rows: dict[int, Unscheduled] = {}
    for cured, r in product((True,) if math.isinf(seconds) else (False, True), order):
        if clock.is_over():
            break
        rows[r] = explain_request(occupancy, r, cured=cured)
    return tuple(rows[r] if r in rows else unexamined_reason(problem.requests[r]) for r in left)


def explain_unexamined(
    problem: Problem, result: Result, should_stop: Callable[[], bool] | None = None
) -> Result:
    """A solve's result with an answer and remedies for each request that it had no time to look into.

    Parameters
    ----------
    problem
        The problem that was solved.
    result
        Its plan's `unscheduled` has all requests without a meeting.
    should_stop
        Is asked before each request. Those that are left then stay as they are.

    Returns
    -------
    Result
        The same plan. A request takes half a millisecond at 620 firms, after 0.1 s for the index.
    """
    plan = result.plan
    if not plan.is_answer or all(map(_is_examined, plan.unscheduled)):
        return result
    problem = problem.releasing(plan.not_kept)
    rows = examine_requests(problem, plan.meetings, plan.unscheduled, should_stop=should_stop)
    return replace(result, plan=replace(plan, unscheduled=rows))


def examine_requests(
    problem: Problem,
    meetings: Sequence[Meeting],
    answers: Sequence[Unscheduled],
    *,
    report: Callable[[int, int], None] = lambda done, of: None,
    should_stop: Callable[[], bool] | None = None,
) -> tuple[Unscheduled, ...]:
    """An answer with remedies for each request that has none yet, in the order of `answers`.

    Parameters
    ----------
    problem
        The problem, read and checked before.
    meetings
        A plan that keeps every hard rule.
    answers
        One for each request to be looked into; those that were examined stay.
    report
        Is told now and then how many of how many were looked at.
    should_stop
        Is asked before each request. Those that are left then stay as they are.

    Returns
    -------
    tuple[Unscheduled, ...]
        One for each of `answers`.
    """
    occupancy = Occupancy(problem, Choices(problem), Schedule.of(problem, meetings))
    index = problem.index.requests
    rows = []
    for done, row in enumerate(answers):
        if done % REPORTED == 0:
            report(done, len(answers))
        is_left = _is_examined(row) or (should_stop is not None and should_stop())
        rows.append(row if is_left else explain_request(occupancy, index[row.request]))
    return tuple(rows)


def _is_examined(row: Unscheduled) -> bool:
    return bool(row.remedies) or row.reason == "contradiction"


def unexamined_reason(request: Request) -> Unscheduled:
    """The answer about a request into which nobody looked.

    Parameters
    ----------
    request
        It is not scheduled.

    Returns
    -------
    Unscheduled
        Its reason is `NOT_EXAMINED`.
    """
    return Unscheduled(request.id, NOT_EXAMINED, "There was no time to look into why it is not held.")


def _title(problem: Problem, r: int) -> str:
    request = problem.requests[r]
    sender, receiver = problem.firms[request.sender], problem.firms[request.receiver]
    return f"Request {request.id} of {sender.name or sender.id} to {receiver.name or receiver.id}"


def explain_request(occupancy: Occupancy, r: int, *, cured: bool = True) -> Unscheduled:
    """The answer for one request that is not held, with remedies or without.

    Parameters
    ----------
    occupancy
        The plan.
    r
        The number of a request that is not held.
    cured
        Whether remedies are looked for, which takes four times as long.

    Returns
    -------
    Unscheduled
        Its reason, what is in the way, and remedies that were tried.
    """
    choices = list(list_parties(occupancy, r))
    open_ways = [(party, party.starts() & occupancy.choices.all_slots) for party in choices]
    open_ways = [(party, starts) for party, starts in open_ways if starts]
    if open_ways:
        return _fits(occupancy, r, open_ways, cured)
    if missed := _missed(occupancy, r):
        return _no_colleague(occupancy, r, choices, missed, cured)
    if not choices:
        return _row(occupancy, r, "no-people", "one of the firms has no attendee who could sit in it")
    what = _main_condition(occupancy, choices)
    fixed = occupancy.problem.requests[r].fixed is not None
    code = "fixed-clash" if fixed and what in ("away", "closed", "place-kind") else CODES[what]
    cures = find_fixes(occupancy, r, choices) if cured else []
    blockers = _blockers(occupancy, r, choices, what)
    heavier = [
        held for held in find_lone_blockers(occupancy, r, choices) if _weighs_more(occupancy, r, held.index)
    ]
    if code == "people-busy" and heavier:
        blockers = [held.id for held in heavier]
        return _displaced(occupancy, r, blockers, cures)
    sentence = (
        NOT_AT_A_PLACE if code == "no-interpreter" and _are_tied(occupancy, choices) else SENTENCES[code]
    )
    return _row(occupancy, r, code, sentence, blockers, cures)


def _are_tied(occupancy: Occupancy, choices: Iterable[MeetingParty]) -> bool:
    """Whether an interpreter who could serve is tied to a place in some slot (H14)."""
    return any(occupancy.choices.stations.of[i] for party in choices for i in party.interpreters or ())


def _missed(occupancy: Occupancy, r: int) -> list[tuple[MeetingParty, int]]:
    """The parties with somebody whom the request excludes that would fit, with their starts."""
    if not occupancy.problem.requests[r].excluded:
        return []
    ways = [
        (p, p.starts() & occupancy.choices.all_slots) for p in list_parties(occupancy, r, with_excluded=True)
    ]
    return [(party, starts) for party, starts in ways if starts]


def _no_colleague(
    occupancy: Occupancy,
    r: int,
    choices: list[MeetingParty],
    missed: list[tuple[MeetingParty, int]],
    cured: bool,
) -> Unscheduled:
    """Only somebody who does not take part would have been free."""
    problem = occupancy.problem
    people = {a for party, _ in missed for a in party.people} & problem.requests[r].excluded
    names = [problem.attendees[a].id for a in sorted(people)]
    cures = (
        [*include_excluded_person(occupancy, r, missed), *find_fixes(occupancy, r, choices)] if cured else []
    )
    sentence = "an attendee does not take part in it, and no colleague of theirs can come instead"
    return _row(occupancy, r, "no-colleague", sentence, names, cures[:MAX_FIXES])


def _weighs_more(occupancy: Occupancy, r: int, other: int) -> bool:
    requests = occupancy.problem.requests
    return requests[other].weight >= requests[r].weight


def _displaced(occupancy: Occupancy, r: int, blockers: list[str], cures: list[Fix]) -> Unscheduled:
    """Meetings in the way weigh no less, or may not be changed any more (H13)."""
    limit = occupancy.problem.policy.max_moved
    published = {meeting.request for meeting in occupancy.problem.published}
    if limit is not None and published.issuperset(blockers):
        sentence = f"the published meetings in its way stay, as at most {limit} may be changed"
        return _row(occupancy, r, "max-moved", sentence, blockers, cures)
    sentence = "meetings of no less weight take the times at which its people could meet"
    return _row(occupancy, r, "displaced-by-weight", sentence, blockers, cures)


def _fits(occupancy: Occupancy, r: int, ways: list[tuple[MeetingParty, int]], cured: bool) -> Unscheduled:
    """Its people, a place and an interpreter are free at some time. A finer rule keeps it out."""
    found = [find_best_insertion(occupancy, r, party, starts, most=MAX_STARTS) for party, starts in ways]
    best = max((way for way in found if way is not None), key=lambda way: way.gain, default=None)
    if best is None:
        if lacks_interpreter(occupancy, r, ways):
            sentence = TIED_OR_TOO_FAR if _are_tied(occupancy, [party for party, _ in ways]) else TOO_FAR
            return _row(
                occupancy,
                r,
                "no-interpreter",
                sentence,
                (),
                add_interpreter(occupancy, r, ways) if cured else (),
            )
        cures = find_fixes(occupancy, r, [party for party, _ in ways]) if cured else []
        if occupancy.problem.policy.max_idle_spread is not None:
            sentence = "the idle figures would stand too far apart, or the walk to another hall is too long"
            return _row(occupancy, r, "idle-spread", sentence, (), cures)
        sentence = "when its people are free, the walk from or to their next hall is too long"
        return _row(occupancy, r, "walking", sentence, (), cures)
    if best.gain > 0:
        sentence = f"it fits in {best.held.meeting.slot}, but the search ended before it got there"
        slot = best.held.meeting.slot
        cure = Fix(f"Solve again, with more time; or hold it in {slot}.", "again", (), slot)
        return _row(occupancy, r, "search-ended", sentence, (), [cure])
    return _no_gain(occupancy, r, best)


def _no_gain(occupancy: Occupancy, r: int, best: Insertion) -> Unscheduled:
    sentence = (
        f"it fits in {best.held.meeting.slot}, but the idle times and walks there cost as much as it is worth"
    )
    served = Fraction(str(occupancy.problem.policy.factors["served"]))
    cures: list[Fix] = []
    if served > 0:
        more = math.floor(-best.gain / served) + 1
        weight = occupancy.problem.requests[r].weight + more
        slot = best.held.meeting.slot
        text = f"Raise its weight to {weight} or more; then hold it in {slot}."
        cures.append(Fix(text, "weight", (str(weight),), slot))
    return _row(occupancy, r, "no-gain", sentence, (), cures)


def _main_condition(occupancy: Occupancy, choices: list[MeetingParty]) -> str:
    """What is most in the way: the first thing after which nothing is left, or whose absence opens most."""
    everything = occupancy.choices.all_slots
    for depth, what in enumerate(STATIC):
        later = (*STATIC[depth + 1 :], *DYNAMIC)
        if all(party.starts(*later) & everything == 0 for party in choices):
            return what
    opens = {
        what: sum((party.starts(what) & everything).bit_count() for party in choices) for what in DYNAMIC
    }
    most = max(opens.values())
    return next(what for what in DYNAMIC if opens[what] == most)


def _blockers(occupancy: Occupancy, r: int, choices: list[MeetingParty], what: str) -> list[str]:
    """The people, firms or requests of the main condition that close most of what the others leave."""
    closed: dict[str, int] = {}
    for party in choices:
        left = party.starts(what) & occupancy.choices.all_slots
        for condition in party.conditions:
            if condition.what == what and condition.who:
                shut = (left or occupancy.choices.all_slots) & ~condition.starts
                closed[condition.who] = closed.get(condition.who, 0) + shut.bit_count()
    return [who for who, shut in sorted(closed.items(), key=lambda item: -item[1]) if shut]


def _row(
    occupancy: Occupancy,
    r: int,
    code: str,
    sentence: str,
    blockers: Iterable[str] = (),
    cures: Iterable[Fix] = (),
) -> Unscheduled:
    problem = occupancy.problem
    cures = tuple(cures)
    names = list(dict.fromkeys(blockers))[:MAX_BLOCKERS]
    detail = f"{_title(problem, r)} is not held: {sentence}"
    detail += f" ({', '.join(names)})." if names else "."
    return Unscheduled(
        problem.requests[r].id,
        code,
        detail,
        tuple(names),
        tuple(cure.text for cure in cures),
        tuple(FixAction(cure.kind, cure.ids, cure.slot) for cure in cures),
        find_subject(occupancy, r, code, names),
        list_obstacles(occupancy, r) if code in OF_OBSTACLES else (),
    )
