"""Insertions: one more meeting in a plan that stays as it is. Remedies are tried by them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction

from scheduler.domain.rules.resolved import ResolvedMeeting, resolve_meeting
from scheduler.solver.explain.conditions import MeetingParty
from scheduler.solver.explain.occupancy import Occupancy
from scheduler.solver.instance.choices import mask_slots

MAX_STARTS = 6


@dataclass(frozen=True, slots=True)
class Insertion:
    """A meeting that could be added, and what the score would gain."""

    held: ResolvedMeeting
    gain: Fraction


def find_best_insertion(
    occupancy: Occupancy,
    r: int,
    party: MeetingParty,
    starts: int,
    places: Iterable[int] | None = None,
    interpreters: Iterable[int | None] | None = None,
    imagined: bool = False,
    most: int = MAX_STARTS,
) -> Insertion | None:
    """An insertion at the first of the `most` earliest starts that gains, else that of least loss, else None.

    The caller has checked the slots. Checked here are walks, a free place and interpreter, and idle spread.
    `places` and `interpreters`, if given, count as free. `imagined` says that they stand for a place or an
    interpreter that does not exist yet, so that nothing about them is as published.
    """
    best: Insertion | None = None
    for tried, start in enumerate(mask_slots(starts)):
        if tried == most:
            break
        for held in _ways(occupancy, r, party, start, places, interpreters, imagined):
            if not occupancy.keeps_spread(held):
                continue
            gain = occupancy.gain(_as_new(held) if imagined else held)
            if best is None or gain > best.gain:
                best = Insertion(held, gain)
            if gain > 0:
                return best
    return best


def _as_new(held: ResolvedMeeting) -> ResolvedMeeting:
    return replace(held, meeting=replace(held.meeting, place="", interpreter=""))


def _ways(
    occupancy: Occupancy,
    r: int,
    party: MeetingParty,
    start: int,
    places: Iterable[int] | None,
    interpreters: Iterable[int | None] | None,
    imagined: bool,
) -> Iterator[ResolvedMeeting]:
    """One meeting a hall and interpreter at this start, where everybody can walk to and from it."""
    request = occupancy.problem.requests[r]
    stop = start + request.length
    for place in _a_place_a_hall(occupancy, r, party, start, places):
        at = None if imagined and places is not None else place
        hall = occupancy.problem.places[place].hall
        if all(occupancy.can_walk(("attendee", a), start, stop, hall) for a in party.people):
            for interpreter in (
                _interpreters_for(occupancy, party, start, stop, hall, at)
                if interpreters is None
                else (i for i in interpreters if _not_tied_elsewhere(occupancy, i, start, stop, at))
            ):
                yield _held(occupancy, r, party, start, place, interpreter)
                break


def _a_place_a_hall(
    occupancy: Occupancy, r: int, party: MeetingParty, start: int, places: Iterable[int] | None
) -> Iterator[int]:
    """A place with room in each hall, and, for those who need an interpreter, each station with room."""
    length = occupancy.problem.requests[r].length
    stations = occupancy.choices.stations.places if party.interpreters else ()
    seen: set[tuple[int, int]] = set()
    for place in occupancy.choices.places(r) if places is None else places:
        kind = (occupancy.problem.places[place].hall, place if place in stations else -1)
        if kind not in seen and (
            places is not None or occupancy.choices.starts(occupancy.space[place], length) >> start & 1
        ):
            seen.add(kind)
            yield place


def _interpreters_for(
    occupancy: Occupancy, party: MeetingParty, start: int, stop: int, hall: int, place: int | None
) -> Iterator[int | None]:
    """Those who are free for a place of a hall. None: a place that does not exist yet."""
    if party.interpreters is None:
        yield None
        return
    slots = ((1 << (stop - start)) - 1) << start
    for i in party.interpreters:
        person = ("interpreter", i)
        free = occupancy.choices.interpreter_at(i, place) & ~occupancy.busy[person]
        if free & slots == slots and occupancy.can_walk(person, start, stop, hall):
            yield i


def _not_tied_elsewhere(
    occupancy: Occupancy, interpreter: int | None, start: int, stop: int, place: int | None
) -> bool:
    """Whether an interpreter, or one who does not exist yet (None), is not tied to another place (H14)."""
    if interpreter is None:
        return True
    return not occupancy.choices.stations.elsewhere(interpreter, place) >> start & ((1 << (stop - start)) - 1)


def _held(
    occupancy: Occupancy, r: int, party: MeetingParty, start: int, place: int, interpreter: int | None
) -> ResolvedMeeting:
    problem = occupancy.problem
    meeting = problem.meeting(r, start, place, party.people, interpreter)
    held = resolve_meeting(problem, meeting, [])
    if held is None:
        raise KeyError(meeting.request)
    return held
