"""Options of one commitment. Its start is given; people, place and interpreter are free."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import product

from scheduler.domain.entities import PlaceKind, PlaceWish
from scheduler.domain.plan import Meeting
from scheduler.domain.problem import People, Place, Problem
from scheduler.domain.rules.people import tied_elsewhere
from scheduler.domain.rules.resolved import resolve_meeting
from scheduler.domain.rules.stability import is_frozen, is_still_possible, own_starts


@dataclass(frozen=True, slots=True)
class Option:
    """One way to meet a commitment: attendees, an optional interpreter and a group of places."""

    people: People
    interpreter: int | None
    group: int


@dataclass(frozen=True)
class Commitment:
    """A request that must be scheduled in slots [start, stop), with its options."""

    request: int
    start: int
    stop: int
    is_frozen: bool
    options: tuple[Option, ...]

    @property
    def slots(self) -> range:
        return range(self.start, self.stop)


class Commitments:
    """The commitments of a problem by request id, frozen ones first.

    `groups` are sets of interchangeable places: same hall, same hours, and no rule distinguishes them.
    """

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        frozen = {m.request: m for m in problem.published if is_frozen(problem, m)}
        self._locks = [row.id for row in problem.requests if row.is_must and row.id not in problem.released]
        self.frozen = frozen
        self.groups = self._grouped() if frozen or self._locks else ()
        self.group_of = {place: g for g, places in enumerate(self.groups) for place in places}
        self._early = {m.request: start for m, start in own_starts(problem)}
        self.of = self._all()

    def _all(self) -> Mapping[str, Commitment]:
        found = {id: self._of_frozen(meeting) for id, meeting in self.frozen.items()}
        for id in self._locks:
            lock = self._of_lock(self.problem.index.requests[id])
            if id not in found:
                found[id] = lock
            elif found[id].start != lock.start:
                found[id] = Commitment(lock.request, lock.start, lock.stop, True, ())
        return found

    def _grouped(self) -> tuple[tuple[int, ...], ...]:
        """Group interchangeable places. One that a lock, frozen meeting or station names is alone."""
        problem = self.problem
        named = {row.fixed.place for row in problem.requests if row.fixed is not None}
        named |= {problem.index.places.get(m.place) for m in self.frozen.values()}
        named |= {place for person in problem.interpreters for _, place in person.stations}
        alike: defaultdict[tuple[object, ...], list[int]] = defaultdict(list)
        for p, row in enumerate(problem.places):
            if row.capacity:
                alone = p if p in named else None
                alike[row.hall, row.kind, row.owners, row.unavailable, alone].append(p)
        return tuple(map(tuple, alike.values()))

    def place(self, group: int) -> Place:
        return self.problem.places[self.groups[group][0]]

    @cached_property
    def capacities(self) -> tuple[int, ...]:
        """Number of simultaneous meetings that each group of places can hold."""
        return tuple(sum(self.problem.places[p].capacity for p in group) for group in self.groups)

    def _of_frozen(self, meeting: Meeting) -> Commitment:
        problem = self.problem
        start = problem.index.slots[meeting.slot]
        r = problem.index.requests[meeting.request]
        held = resolve_meeting(problem, meeting, [])
        options: tuple[Option, ...] = ()
        if held is not None and is_still_possible(problem, meeting):
            options = (Option(held.attendees, held.interpreter, self.group_of[held.place]),)
        return Commitment(r, start, start + problem.requests[r].length, True, options)

    def _of_lock(self, r: int) -> Commitment:
        problem = self.problem
        row = problem.requests[r]
        start = row.fixed.slot if row.fixed is not None else 0
        stop = start + row.length
        soon = problem.frozen_until is not None and problem.slots[start].start < problem.frozen_until
        if (
            row.length > problem.room_ahead[start]
            or (row.slots is not None and start not in row.slots)
            or (soon and self._early.get(row.id) != start)
        ):
            return Commitment(r, start, stop, False, ())
        return Commitment(r, start, stop, False, tuple(self._options(r, range(start, stop))))

    def _options(self, r: int, slots: range) -> Iterator[Option]:
        problem = self.problem
        groups = [g for g in range(len(self.groups)) if self.suits(r, g, slots)]
        for asking, asked in product(*problem.sides(problem.requests[r])):
            people = asking + asked
            if any(not problem.attendees[a].unavailable.isdisjoint(slots) for a in people):
                continue
            for interpreter, g in product(self._interpreters(asking, asked, slots), groups):
                if interpreter is None or not self._is_tied(interpreter, g, slots):
                    yield Option(people, interpreter, g)

    def suits(self, r: int, group: int, slots: range) -> bool:
        """Return True if the request may use this group of places, and the group is open in these slots."""
        row, place = self.problem.requests[r], self.place(group)
        fixed = None if row.fixed is None else row.fixed.place
        return (
            place.unavailable.isdisjoint(slots)
            and (fixed is None or fixed in self.groups[group])
            and (place.kind is not PlaceKind.BOOTH or row.receiver in place.owners)
            and (row.place is PlaceWish.ANY or row.place.value == place.kind.value)
        )

    def _interpreters(self, asking: People, asked: People, slots: range) -> list[int | None]:
        problem = self.problem
        one, two = (
            frozenset[str]().union(*(problem.attendees[a].languages for a in side))
            for side in (asking, asked)
        )
        if one & two:
            return [None]
        return [
            i
            for i, row in enumerate(problem.interpreters)
            if row.languages & one and row.languages & two and row.unavailable.isdisjoint(slots)
        ]

    def _is_tied(self, interpreter: int, group: int, slots: range) -> bool:
        person = self.problem.interpreters[interpreter]
        return any(tied_elsewhere(person, place, slots) for place in self.groups[group])
