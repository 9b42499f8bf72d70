"""Where the published meetings are, in the search's numbers, and which of them could still be held so."""

from __future__ import annotations

from dataclasses import dataclass

from scheduler.domain.plan import Meeting
from scheduler.domain.problem import Problem
from scheduler.domain.rules.stability import is_frozen, is_still_possible
from scheduler.solver.instance.people import Options
from scheduler.solver.instance.places import PlaceGroups

GONE = -2


@dataclass(frozen=True, slots=True)
class PublishedRow:
    """A published meeting: slot, group of places, option of people, interpreter. -2 stands for what is gone.

    `counted`: `max_moved` is set and counts its change, as it could be held as published, taken alone.
    """

    slot: int
    place: int
    group: int
    option: int
    interpreter: int
    counted: bool
    frozen: bool
    people: list[int]
    """Its attendees who are still there."""

    @property
    def columns(self) -> tuple[int, int, int, int, int, int]:
        interpreter = self.interpreter
        return (self.slot, self.group, self.option, interpreter, int(self.counted), int(self.frozen))

    @property
    def whole(self) -> bool:
        return min(self.slot, self.place, self.group, self.option, self.interpreter + 1) >= 0


def read_published(problem: Problem, options: Options, groups: PlaceGroups) -> dict[int, PublishedRow]:
    """The published meeting of each request that has one."""
    if not problem.published:
        return {}
    lookup = problem.index.requests
    wanted = {lookup[m.request]: m for m in problem.published if m.request in lookup}
    return {r: read_row(problem, options, groups, r, meeting) for r, meeting in wanted.items()}


def read_row(
    problem: Problem, options: Options, groups: PlaceGroups, r: int, meeting: Meeting
) -> PublishedRow:
    """A meeting of a request in the search's numbers.

    Parameters
    ----------
    problem
        The problem, read and checked before.
    options
        Who may sit in the meetings of each request.
    groups
        The groups of alike places.
    r
        The number of the request.
    meeting
        Its meeting, published or of a plan to begin from.

    Returns
    -------
    PublishedRow
        `GONE` stands for what the problem no longer has.
    """
    index = problem.index
    slot = index.slots.get(meeting.slot, GONE)
    place = index.places.get(meeting.place, GONE)
    option = _option(problem, options, r, meeting)
    interpreter = -1
    if meeting.interpreter is not None:
        found = index.interpreters.get(meeting.interpreter)
        interpreter = GONE if found is None else len(problem.attendees) + found
    frozen = is_frozen(problem, meeting)
    group = groups.group_of[place] if place >= 0 else GONE
    if group not in groups.choices[slice(*groups.ranges[r])]:
        group = GONE  # also where the request no longer wants such a place
    counted = problem.policy.max_moved is not None and is_still_possible(problem, meeting)
    people = sorted({index.attendees[a] for a in meeting.attendees if a in index.attendees})
    return PublishedRow(slot, place, group, option, interpreter, counted, frozen, people)


def _option(problem: Problem, options: Options, r: int, meeting: Meeting) -> int:
    """The request's option with exactly these people, or -2."""
    index = problem.index.attendees
    if any(person not in index for person in meeting.attendees):
        return GONE
    people = sorted(index[person] for person in meeting.attendees)
    for o in range(*options.ranges[r]):
        if sorted(options.people[options.table[o, 0] : options.table[o, 1]]) == people:
            return o
    return GONE
