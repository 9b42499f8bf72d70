"""H5: place capacity, booth ownership and the requested kind of place."""

from __future__ import annotations

from collections.abc import Iterator

from scheduler.domain.entities import PlaceKind, PlaceWish
from scheduler.domain.problem import Problem
from scheduler.domain.rules.resolved import ResolvedMeeting, Schedule, Violation


def check_places(schedule: Schedule) -> Iterator[Violation]:
    """H5: at most `capacity` meetings at a time, booths only for their firms, the requested kind of place."""
    problem = schedule.problem
    taken: dict[tuple[int, int], list[ResolvedMeeting]] = {}
    for held in schedule.held:
        for detail in place_faults(problem, held):
            yield Violation("H5", detail, (held.id, held.meeting.place))
        for s in held.slots():
            taken.setdefault((s, held.place), []).append(held)
    for (s, p), meetings in sorted(taken.items(), key=_key):
        place = problem.places[p]
        # place_faults reports a place of capacity 0 once per meeting.
        if len(meetings) > place.capacity > 0:
            slot = problem.slots[s].id
            detail = f"{place.id} has {len(meetings)} meetings in {slot}, more than {place.capacity}."
            yield Violation("H5", detail, (place.id, slot, *(held.id for held in meetings)))


def place_faults(problem: Problem, held: ResolvedMeeting) -> Iterator[str]:
    """Yield the H5 violations of one meeting, taken alone."""
    place, wish = problem.places[held.place], held.request.place
    if place.kind is PlaceKind.BOOTH and held.request.receiver not in place.owners:
        yield f"Request {held.id} is held at booth {place.id} of another firm than the asked one."
    if wish is not PlaceWish.ANY and wish.value != place.kind.value:
        yield f"Request {held.id} wishes a {wish}, but {place.id} is a {place.kind}."
    if place.capacity == 0:
        yield f"Request {held.id} is held at {place.id}, which holds no meetings."


def _key(item: tuple[tuple[int, int], list[ResolvedMeeting]]) -> tuple[int, int]:
    return item[0]
