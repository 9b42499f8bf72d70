"""Effects of a venue change on published meetings: which are no longer feasible."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from scheduler.domain import rules
from scheduler.domain.entities import PlaceKind, PlaceWish
from scheduler.domain.plan import Meeting
from scheduler.domain.problem import Problem
from scheduler.domain.rules.people import has_time_to_walk
from scheduler.domain.rules.resolved import ResolvedMeeting, Schedule, resolve_meeting
from scheduler.domain.rules.stability import is_still_possible
from scheduler.services.problems import snapshot
from scheduler.services.problems.scope import Scope


@dataclass(frozen=True, slots=True)
class VenueEffects:
    """Requests of the published meetings that a change breaks.

    `elsewhere` ones can take another place at their time. `soon` ones start within the freeze: a run leaves
    them as they are if their time still exists.
    """

    broken: frozenset[str] = frozenset()
    elsewhere: frozenset[str] = frozenset()
    soon: frozenset[str] = frozenset()


def load_unfrozen_problem(session: Session, event_id: int, scope: Scope) -> Problem:
    """Return a part of the event as a run sees it, with nothing frozen."""
    return snapshot.build_problem(session, event_id, now=None, scope=scope, as_put_by_hand=False)


def feasible_meetings(problem: Problem) -> frozenset[str]:
    """Return the requests whose published meetings are feasible."""
    asked = {m.request for m in problem.published if m.request in problem.index.requests}
    return frozenset(asked - _broken(problem))


def compute_effects(before: frozenset[str], after: Problem, *, frozen_until: datetime) -> VenueEffects:
    """Return the effects of a change on the meetings that were feasible `before` it."""
    broken = _broken(after) & before
    kept = [meeting for meeting in after.published if meeting.request not in broken]
    moved = [meeting for meeting in after.published if meeting.request in broken]
    starts = {slot.id: slot.start for slot in after.slots}
    soon = {m.request for m in moved if m.slot in starts and starts[m.slot] < frozen_until}
    return VenueEffects(frozenset(broken), frozenset(_elsewhere(after, kept, moved)), frozenset(soon))


def _broken(problem: Problem) -> set[str]:
    """Return the published meetings that are infeasible, alone or together with the others.

    Of two meetings that are too far apart to walk, the later one is broken. Of too many at a place, the last
    ones.
    """
    asked = [meeting for meeting in problem.published if meeting.request in problem.index.requests]
    found = {meeting.request for meeting in asked if not is_still_possible(problem, meeting)}
    held = [meeting for meeting in asked if meeting.request not in found]
    for violation in rules.violations(problem, held):
        if violation.rule == "H6":
            found.add(violation.ids[2])
        elif violation.rule == "H5":
            place, _, *requests = violation.ids
            found |= set(requests[problem.places[problem.index.places[place]].capacity :])
    return found


def _elsewhere(problem: Problem, kept: Sequence[Meeting], moved: Sequence[Meeting]) -> Iterator[str]:
    """Yield the moved meetings that can take another place at their time, assigned greedily."""
    schedule = Schedule.of(problem, kept)
    taken = Counter((slot, held.place) for held in schedule.held for slot in held.slots())
    people: dict[int, list[ResolvedMeeting]] = {
        i: list(found) for i, found in enumerate(schedule.by_attendee) if found
    }
    for meeting in moved:
        one = _anywhere(problem, meeting)
        place = next(_free_places(problem, one, taken, people), None) if one is not None else None
        if one is None or place is None:
            continue
        taken.update((slot, place) for slot in one.slots())
        yield meeting.request


def _anywhere(problem: Problem, meeting: Meeting) -> ResolvedMeeting | None:
    """Return the meeting by index if its time still exists, at its own or any other place."""
    slot = problem.index.slots.get(meeting.slot)
    if slot is None or not problem.places:
        return None
    at = meeting.place if meeting.place in problem.index.places else problem.places[0].id
    held = resolve_meeting(
        problem, Meeting(meeting.request, meeting.slot, at, meeting.attendees, meeting.interpreter), []
    )
    if held is None or problem.room_ahead[slot] < held.request.length:
        return None
    return held


def _free_places(
    problem: Problem,
    one: ResolvedMeeting,
    taken: Mapping[tuple[int, int], int],
    people: Mapping[int, Sequence[ResolvedMeeting]],
) -> Iterator[int]:
    wish, slots = one.request.place, one.slots()
    for number, place in enumerate(problem.places):
        if place.kind is PlaceKind.BOOTH and place.firm != one.request.receiver:
            continue
        if wish is not PlaceWish.ANY and wish.value != place.kind.value:
            continue
        if not place.unavailable.isdisjoint(slots):
            continue
        if any(taken.get((slot, number), 0) >= place.capacity for slot in slots):
            continue
        if all(_can_walk(problem, place.hall, one, people.get(person, ())) for person in one.attendees):
            yield number


def _can_walk(problem: Problem, hall: int, one: ResolvedMeeting, others: Sequence[ResolvedMeeting]) -> bool:
    """Return True if a person can walk to a meeting in this hall from the previous one, and on to the
    next.
    """
    for other in others:
        if other.stop <= one.start:
            if not has_time_to_walk(problem, other.hall, other.stop, hall, one.start):
                return False
        elif other.start >= one.stop:
            if not has_time_to_walk(problem, hall, one.stop, other.hall, other.start):
                return False
        else:
            return False
    return True
