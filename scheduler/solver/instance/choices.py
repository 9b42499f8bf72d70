"""What each request may be given, taken alone: slots, people, interpreters and places, on bit masks of slots.

A slot mask is a Python int whose bit `s` stands for slot `s`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from itertools import product

from scheduler.domain.entities import PlaceKind, PlaceWish
from scheduler.domain.plan import Meeting
from scheduler.domain.problem import People, Problem
from scheduler.domain.rules.stability import Sameness, change_costs, is_frozen, own_starts
from scheduler.solver.instance.stations import Stations

Room = tuple[int, PlaceKind]
"""A hall, and what stands there."""
Wish = tuple[int, PlaceWish, int | None]
"""The firm whose booths are meant, the wish, and the fixed place."""


def slot_mask(slots: Iterable[int]) -> int:
    """The mask of some slots.

    Parameters
    ----------
    slots
        Numbers of slots, 0 or more.

    Returns
    -------
    int
        Bit `s` is set for each slot `s`.
    """
    mask = 0
    for slot in slots:
        mask |= 1 << slot
    return mask


def mask_slots(mask: int) -> Iterator[int]:
    """The slots of a mask.

    Parameters
    ----------
    mask
        Bit `s` stands for slot `s`. Not negative.

    Returns
    -------
    Iterator[int]
        Numbers of slots, the earliest first.
    """
    while mask:
        low = mask & -mask
        yield low.bit_length() - 1
        mask ^= low


def run_starts(free: int, length: int) -> int:
    """Where so many free slots follow each other.

    Parameters
    ----------
    free
        The mask of the free slots.
    length
        Slots in a row, 1 or more.

    Returns
    -------
    int
        The mask of the first slot of each such run. It knows nothing of blocks.
    """
    for _ in range(length - 1):
        free &= free >> 1
    return free


Person = tuple[str, int]
"""("attendee", index) or ("interpreter", index)."""


def meeting_people(attendees: People, interpreter: int | None) -> list[Person]:
    """Who sits in a meeting.

    Parameters
    ----------
    attendees
        Numbers of attendees.
    interpreter
        The number of an interpreter, or None.

    Returns
    -------
    list[Person]
        Kind and number of each, the interpreter last.
    """
    people = [("attendee", a) for a in attendees]
    return people if interpreter is None else [*people, ("interpreter", interpreter)]


@dataclass(frozen=True, slots=True)
class PublishedPlacement:
    """Where and with whom a request is published, by indices. -1 stands for what is gone from the problem."""

    slot: int
    place: int
    people: frozenset[int]
    interpreter: int | None

    def same(self, slot: int, place: int, people: People, interpreter: int | None) -> Sameness:
        """What of it stays in a meeting."""
        same_people = self.people == frozenset(people) and self.interpreter == interpreter
        return Sameness(self.slot == slot, self.place == place, same_people)


class Choices:
    """The choices of every request of a problem. Other requests' meetings are not considered."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.all_slots = (1 << len(problem.slots)) - 1
        self.attendee_free = [self.all_slots & ~slot_mask(row.unavailable) for row in problem.attendees]
        self.interpreter_free = [self.all_slots & ~slot_mask(row.unavailable) for row in problem.interpreters]
        self.place_free = [
            self.all_slots & ~slot_mask(row.unavailable) if row.capacity else 0 for row in problem.places
        ]
        self.stations = Stations(problem)
        self._room: dict[int, int] = {}
        self._interpreters: dict[tuple[frozenset[str], frozenset[str]], People | None] = {}
        self._places: dict[Wish, tuple[int, ...]] = {}
        self._rooms: dict[Wish, frozenset[Room]] = {}
        self._starts: dict[tuple[Wish, int], int] = {}

    @cached_property
    def day_masks(self) -> tuple[int, ...]:
        masks = [0] * (max(self.problem.days, default=-1) + 1)
        for slot, day in enumerate(self.problem.days):
            masks[day] |= 1 << slot
        return tuple(masks)

    @cached_property
    def tables(self) -> tuple[int, ...]:
        return tuple(p for p, place in enumerate(self.problem.places) if place.kind is PlaceKind.TABLE)

    @cached_property
    def booths(self) -> tuple[tuple[int, ...], ...]:
        """The booths of each firm, its own and those that it shares."""
        owned: list[list[int]] = [[] for _ in self.problem.firms]
        for p, place in enumerate(self.problem.places):
            if place.kind is PlaceKind.BOOTH:
                for firm in place.owners:
                    owned[firm].append(p)
        return tuple(tuple(row) for row in owned)

    @cached_property
    def published(self) -> dict[int, Meeting]:
        """The published meeting of each request that is still in the problem."""
        index = self.problem.index.requests
        return {index[m.request]: m for m in self.problem.published if m.request in index}

    @cached_property
    def published_at(self) -> dict[int, PublishedPlacement]:
        """The same by indices."""
        index = self.problem.index
        return {
            r: PublishedPlacement(
                index.slots.get(m.slot, -1),
                index.places.get(m.place, -1),
                frozenset(index.attendees.get(a, -1) for a in m.attendees),
                None if m.interpreter is None else index.interpreters.get(m.interpreter, -1),
            )
            for r, m in self.published.items()
        }

    @cached_property
    def change_costs(self) -> Mapping[Sameness, Fraction]:
        """What a published meeting costs by what of it stays."""
        return change_costs(self.problem.policy)

    @cached_property
    def frozen_slots(self) -> int:
        """The slots that start before `frozen_until`."""
        until = self.problem.frozen_until
        if until is None:
            return 0
        return slot_mask(s for s, slot in enumerate(self.problem.slots) if slot.start < until)

    def frozen(self, request: int) -> Meeting | None:
        """The published meeting that this request has to keep (H10), if it has one."""
        meeting = self.published.get(request)
        if meeting is None or not self.frozen_slots:
            return None
        return meeting if is_frozen(self.problem, meeting) else None

    def not_too_soon(self, request: int) -> int:
        """The starts that H10 leaves to a request that is not frozen."""
        return self.all_slots & ~self.frozen_slots | self._own_starts.get(request, 0)

    @cached_property
    def _own_starts(self) -> dict[int, int]:
        index = self.problem.index.requests
        return {index[meeting.request]: 1 << start for meeting, start in own_starts(self.problem)}

    def room(self, length: int) -> int:
        """The slots at which a meeting of this length may start and stay in its block (H2)."""
        if length not in self._room:
            ahead = self.problem.room_ahead
            self._room[length] = slot_mask(s for s, room in enumerate(ahead) if room >= length)
        return self._room[length]

    def starts(self, free: int, length: int) -> int:
        """The starts of meetings of `length` slots that stay within `free` and one block."""
        return run_starts(free, length) & self.room(length)

    def allowed(self, request: int) -> int:
        """The starts that H2, H9 and H10 leave to a request."""
        row = self.problem.requests[request]
        mask = self.room(row.length)
        if row.slots is not None:
            mask &= slot_mask(row.slots)
        if row.fixed is not None:
            mask &= 1 << row.fixed.slot
        if self.frozen_slots:
            frozen = self.frozen(request)
            if frozen is None:
                return mask & self.not_too_soon(request)
            return mask & 1 << self.problem.index.slots[frozen.slot]
        return mask

    def sides(self, request: int) -> tuple[tuple[People, ...], tuple[People, ...]]:
        """The groups of people that may sit on the asking side and on the asked side."""
        return self.problem.sides(self.problem.requests[request])

    def parties(self, request: int) -> Iterator[tuple[People, People]]:
        """Every pair of sides."""
        return product(*self.sides(request))

    def languages(self, people: People) -> frozenset[str]:
        attendees = self.problem.attendees
        if len(people) == 1:
            return attendees[people[0]].languages
        return frozenset().union(*(attendees[a].languages for a in people))

    def interpreters(self, asking: People, asked: People) -> People | None:
        """None if the two sides share a language (H7), else the interpreters who can serve them."""
        key = (self.languages(asking), self.languages(asked))
        if key not in self._interpreters:
            self._interpreters[key] = self._find_interpreters(*key)
        return self._interpreters[key]

    def _find_interpreters(self, one: frozenset[str], other: frozenset[str]) -> People | None:
        if one & other:
            return None
        rows = enumerate(self.problem.interpreters)
        return tuple(i for i, row in rows if row.languages & one and row.languages & other)

    def interpreter_at(self, interpreter: int, place: int | None) -> int:
        """The slots in which an interpreter may sit at a place (H4, H14). None: at one that is no station."""
        return self.interpreter_free[interpreter] & ~self.stations.elsewhere(interpreter, place)

    def places(self, request: int) -> tuple[int, ...]:
        """The places that a request's wish, its receiver and its `fixed` allow (H5, H9)."""
        wish = self._wish(request)
        if wish not in self._places:
            owner, kind, fixed = wish
            booths = () if kind is PlaceWish.TABLE else self.booths[owner]
            found = booths + (() if kind is PlaceWish.BOOTH else self.tables)
            self._places[wish] = found if fixed is None else tuple(p for p in found if p == fixed)
        return self._places[wish]

    def rooms(self, request: int) -> frozenset[Room]:
        """The halls and kinds of those of them that are ever open."""
        wish = self._wish(request)
        if wish not in self._rooms:
            places = self.problem.places
            found = (places[p] for p in self.places(request) if self.place_free[p])
            self._rooms[wish] = frozenset((place.hall, place.kind) for place in found)
        return self._rooms[wish]

    def starts_at_places(self, request: int) -> int:
        """The starts at which one of those places is open for as long as the meeting lasts."""
        length = self.problem.requests[request].length
        key = self._wish(request), length
        if key not in self._starts:
            self._starts[key] = 0
            for place in self.places(request):
                self._starts[key] |= self.starts(self.place_free[place], length)
        return self._starts[key]

    def _wish(self, request: int) -> Wish:
        """What decides its places."""
        row = self.problem.requests[request]
        owner = -1 if row.place is PlaceWish.TABLE else row.receiver
        return owner, row.place, None if row.fixed is None else row.fixed.place

    def free(self, people: People) -> int:
        """The slots in which all of these attendees are available."""
        mask = self.all_slots
        for person in people:
            mask &= self.attendee_free[person]
        return mask
