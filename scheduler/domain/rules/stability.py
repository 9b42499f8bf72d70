"""H10, H13: stability of published meetings."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import product
from typing import NamedTuple

from scheduler.domain.plan import Meeting
from scheduler.domain.problem import Policy, Problem
from scheduler.domain.rules.people import closures, interpreter_fault, station_fault
from scheduler.domain.rules.places import place_faults
from scheduler.domain.rules.request_rules import is_as_fixed, slot_faults
from scheduler.domain.rules.resolved import Schedule, Violation, resolve_meeting
from scheduler.domain.rules.staffing import staffing_faults


class Sameness(NamedTuple):
    """Which attributes of a published meeting are unchanged."""

    slot: bool
    place: bool
    people: bool

    @property
    def is_whole(self) -> bool:
        return all(self)


def same_people(one: Meeting, two: Meeting) -> bool:
    """Return True if both have the same attendees, in any order, and the same interpreter."""
    return one.interpreter == two.interpreter and set(one.attendees) == set(two.attendees)


def compare_to_published(one: Meeting, two: Meeting) -> Sameness:
    return Sameness(one.slot == two.slot, one.place == two.place, same_people(one, two))


def same_meeting(one: Meeting, two: Meeting) -> bool:
    """Return True if both have the same start slot, place and people."""
    return compare_to_published(one, two).is_whole


def change_costs(policy: Policy) -> Mapping[Sameness, Fraction]:
    """Return the cost of changing a scheduled published meeting, by what stays the same.

    In points of score, exact, from the decimals as written. Excludes `dropped` and `repeated`.
    """
    terms = ("moved", "relocated", "reassigned")
    moved, relocated, reassigned = (Fraction(str(policy.factors[term])) for term in terms)
    others, nothing = Fraction(str(policy.moved_and_reassigned)), Fraction(0)

    def cost(same: Sameness) -> Fraction:
        if not same.slot:
            return moved + (nothing if same.people else others)
        return (nothing if same.place else relocated) + (nothing if same.people else reassigned)

    return {same: cost(same) for same in map(Sameness._make, product((True, False), repeat=3))}


def is_frozen(problem: Problem, meeting: Meeting) -> bool:
    """Return True if a published meeting starts before `frozen_until` and must stay as it is.

    Its request still exists, is not released, and excludes none of its attendees. A meeting whose slot is
    gone from the problem has no start, and is not frozen.
    """
    return _starts_too_soon(problem, meeting) is not None and not _may_change(problem, meeting)


def _may_change(problem: Problem, meeting: Meeting) -> bool:
    return meeting.request in problem.released or has_excluded(problem, meeting)


def has_excluded(problem: Problem, meeting: Meeting) -> bool:
    """Return True if a published meeting has an attendee whom its request excludes."""
    request = problem.index.requests.get(meeting.request)
    excluded = frozenset[int]() if request is None else problem.requests[request].excluded
    return bool(excluded) and any(problem.index.attendees.get(a) in excluded for a in meeting.attendees)


def own_starts(problem: Problem) -> Iterator[tuple[Meeting, int]]:
    """H10: yield published meetings that start before `frozen_until` but may change, with that start.

    These are meetings with an excluded attendee, or whose request is released. They may keep their start.
    """
    for meeting in problem.published if problem.frozen_until is not None else ():
        start = _starts_too_soon(problem, meeting)
        if start is not None and _may_change(problem, meeting):
            yield meeting, start


def _starts_too_soon(problem: Problem, meeting: Meeting) -> int | None:
    """Return the start of a published meeting if it is before `frozen_until` and its request still exists."""
    start = problem.index.slots.get(meeting.slot)
    if problem.frozen_until is None or start is None or meeting.request not in problem.index.requests:
        return None
    return start if problem.slots[start].start < problem.frozen_until else None


def check_frozen(schedule: Schedule) -> Iterator[Violation]:
    """H10: frozen published meetings stay exactly as they are, and nothing else starts before `frozen_until`.

    The exception is a published meeting at its own start in which others replace an excluded attendee, or
    whose request is released.
    """
    problem = schedule.problem
    if problem.frozen_until is None:
        return
    frozen = {m.request: m for m in problem.published if is_frozen(problem, m)}
    for id, published in frozen.items():
        now = schedule.by_request.get(problem.index.requests[id])
        if now is None or not same_meeting(now.meeting, published):
            detail = f"Request {id} is published in {published.slot}, which is frozen, and does not stay so."
            yield Violation("H10", detail, (id,))
    kept = {m.request: start for m, start in own_starts(problem)}
    for held in schedule.held:
        is_early = problem.slots[held.start].start < problem.frozen_until
        if is_early and held.id not in frozen and kept.get(held.id) != held.start:
            detail = f"Request {held.id} starts in {held.meeting.slot}, which is frozen."
            yield Violation("H10", detail, (held.id,))


def check_max_moved(schedule: Schedule) -> Iterator[Violation]:
    """H13: at most `policy.max_moved` published meetings are moved, relocated, reassigned or dropped.

    A meeting that changed in several ways counts once. One that could not stay as published does not count.
    """
    problem, limit = schedule.problem, schedule.problem.policy.max_moved
    if limit is None:
        return
    changed = [
        m.request for m in problem.published if _is_changed(schedule, m) and is_still_possible(problem, m)
    ]
    if len(changed) > limit:
        detail = f"{len(changed)} published meetings are changed, more than {limit}."
        yield Violation("H13", detail, tuple(changed))


@dataclass(frozen=True, slots=True)
class PublishedChanges:
    """Published meetings that a plan does not keep as published, by request id.

    `withdrawn`: the request is gone from the problem. `forced`: the request is still there, but its meeting
    could not stay as published even taken alone. `voluntary`: it could stay, and the plan changes or drops
    it.
    """

    withdrawn: tuple[str, ...] = ()
    forced: tuple[str, ...] = ()
    voluntary: tuple[str, ...] = ()


def published_changes(problem: Problem, meetings: Sequence[Meeting]) -> PublishedChanges:
    """Return the changes that a plan makes to the published schedule, in published order."""
    if not problem.published:
        return PublishedChanges()
    schedule = Schedule.of(problem, meetings)
    changed = [m for m in problem.published if _is_changed(schedule, m)]
    free = {m.request for m in changed if is_still_possible(problem, m)}
    return PublishedChanges(
        withdrawn=tuple(m.request for m in problem.published if m.request not in problem.index.requests),
        forced=tuple(m.request for m in changed if m.request not in free),
        voluntary=tuple(m.request for m in changed if m.request in free),
    )


def count_attendee_changes(schedule: Schedule) -> Counter[str]:
    """Return the number of changed published meetings per attendee, omitting zeros."""
    known = schedule.problem.index.attendees
    changed = (m for m in schedule.problem.published if _is_changed(schedule, m))
    return Counter(person for m in changed for person in set(m.attendees) if person in known)


def unavoidable_repeats(problem: Problem) -> int:
    """Return a lower bound on the term `repeated`, from the meetings that cannot stay taken alone."""
    known = problem.index
    forced = Counter(
        person
        for m in problem.published
        if m.request in known.requests and not is_still_possible(problem, m)
        for person in set(m.attendees)
        if person in known.attendees
    )
    return count_repeats(problem, forced)


def count_repeats(problem: Problem, changes: Mapping[str, int]) -> int:
    """Return the term `repeated` from the number of changes by attendee id.

    The second change of a person counts 1, the third 2 more, and so on, from the first one ever: those of
    `changed_before` come first, and count nothing themselves.
    """
    people, index = problem.attendees, problem.index.attendees
    return sum(repeat_steps(people[index[person]].changed_before, n) for person, n in changes.items())


def repeat_steps(before: int, changes: int) -> int:
    """Return what so many changes of one person count in the term `repeated`, after so many before."""
    return before * changes + changes * (changes - 1) // 2


def _is_changed(schedule: Schedule, published: Meeting) -> bool:
    request = schedule.problem.index.requests.get(published.request)
    if request is None:
        return False
    held = schedule.by_request.get(request)
    return held is None or not same_meeting(held.meeting, published)


def is_still_possible(problem: Problem, published: Meeting) -> bool:
    """Return True if a published meeting could stay as published, taken alone (H13).

    Its slot, place and people exist and are available, its people match the request, and by itself it
    satisfies H2, H5, H7, H9 and H14. A released one cannot stay.
    """
    unreadable: list[Violation] = []
    held = resolve_meeting(problem, published, unreadable)
    return (
        held is not None
        and published.request not in problem.released
        and not unreadable
        and not any(True for _ in staffing_faults(problem, held))
        and not any(True for _ in closures(problem, held))
        and not any(True for _ in slot_faults(problem, held))
        and not any(True for _ in place_faults(problem, held))
        and interpreter_fault(problem, held) is None
        and station_fault(problem, held) is None
        and is_as_fixed(held)
    )
