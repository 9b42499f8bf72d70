"""H1, H2, H9, H11: a meeting against its request, and requests against each other."""

from __future__ import annotations

from collections.abc import Iterator

from scheduler.domain.problem import Problem
from scheduler.domain.rules.resolved import ResolvedMeeting, Schedule, Violation


def check_held_once(schedule: Schedule) -> Iterator[Violation]:
    """H1: a request is scheduled at most once, and exactly once if `require_all` or its `must` is set."""
    seen: dict[int, int] = {}
    for held in schedule.held:
        seen[held.index] = seen.get(held.index, 0) + 1
    for r, request in enumerate(schedule.problem.requests):
        times = seen.get(r, 0)
        if times > 1:
            yield Violation("H1", f"Request {request.id} is held {times} times.", (request.id,))
        elif times == 0 and r in schedule.problem.compulsory:
            all_must = schedule.problem.policy.require_all
            detail = f"Request {request.id} is not held, but {'all must' if all_must else 'it must'} be."
            yield Violation("H1", detail, (request.id,))


def check_slots(schedule: Schedule) -> Iterator[Violation]:
    """H2: a meeting of length k takes k consecutive slots of one block, from an allowed start."""
    for held in schedule.held:
        for detail in slot_faults(schedule.problem, held):
            yield Violation("H2", detail, (held.id, held.meeting.slot))


def slot_faults(problem: Problem, held: ResolvedMeeting) -> Iterator[str]:
    request, slot = held.request, held.meeting.slot
    if request.length > problem.room_ahead[held.start]:
        yield f"Request {held.id} takes {request.length} slots, but its block ends sooner after {slot}."
    if request.slots is not None and held.start not in request.slots:
        yield f"Request {held.id} may not start in {slot}."


def check_fixed(schedule: Schedule) -> Iterator[Violation]:
    """H9: a `fixed` request is scheduled there or not at all."""
    for held in schedule.held:
        if not is_as_fixed(held):
            detail = (
                f"Request {held.id} is fixed, but is held in {held.meeting.slot} at {held.meeting.place}."
            )
            yield Violation("H9", detail, (held.id, held.meeting.slot, held.meeting.place))


def is_as_fixed(held: ResolvedMeeting) -> bool:
    fixed = held.request.fixed
    return fixed is None or (held.start == fixed.slot and fixed.place in (None, held.place))


def check_precedences(schedule: Schedule) -> Iterator[Violation]:
    """H11: if both are scheduled, `before` ends no later than `after` starts."""
    by_request = schedule.by_request
    for before, after in schedule.problem.precedences:
        one, two = by_request.get(before), by_request.get(after)
        if one is None or two is None:
            continue
        # Slots are in time order and do not overlap.
        if one.stop > two.start:
            yield Violation("H11", f"Request {one.id} has not ended when {two.id} starts.", (one.id, two.id))
