"""Which place of a group each meeting has: a search knows groups of places that are alike, a plan one."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from scheduler.solver.compiled.kernels import Int32s
from scheduler.solver.instance.arrays import Flat
from scheduler.solver.repair.repairs import RequestChange, Row


class PlaceAssignment:
    """The meetings at each place in each slot, and the place of each held request, by indices."""

    def __init__(self, flat: Flat) -> None:
        problem = flat.problem
        self.flat = flat
        self.place_of: dict[int, int] = {}
        self.room: Int32s = np.zeros((len(problem.places), len(problem.slots)), np.int32)
        for p, place in enumerate(problem.places):
            self.room[p] = place.capacity
            self.room[p, sorted(place.unavailable)] = 0

    def slots(self, request: int, row: Row) -> slice:
        return slice(row[0], row[0] + self.flat.problem.requests[request].length)

    def take(self, request: int, row: Row, place: int, step: int = 1) -> None:
        """A request takes a place, or with a step of -1 leaves it."""
        self.room[place, self.slots(request, row)] -= step
        if step > 0:
            self.place_of[request] = place
        else:
            del self.place_of[request]

    def at(self, place: int, slots: Sequence[int], rows: Int32s) -> list[int]:
        """The requests at a place in some slots."""
        found = []
        for request, there in self.place_of.items():
            if there == place:
                span = self.slots(request, (int(rows[request, 0]), 0, 0, 0))
                if any(span.start <= slot < span.stop for slot in slots):
                    found.append(request)
        return sorted(found)

    def seat(
        self, wanted: Sequence[tuple[int, Row]], leaving: Sequence[RequestChange]
    ) -> dict[int, int] | None:
        """A place for each of the wanted rows, once those that leave have left. None if there is none."""
        for change in leaving:
            if change.before is not None:
                self.room[change.before[1], self.slots(change.request, change.before[0])] += 1
        given: dict[int, int] = {}
        longest_first = sorted(wanted, key=lambda each: -self.flat.problem.requests[each[0]].length)
        for request, row in longest_first:
            place = self._free(request, row)
            if place is None:
                break
            given[request] = place
            self.room[place, self.slots(request, row)] -= 1
        for request, row in wanted:
            if request in given:
                self.room[given[request], self.slots(request, row)] += 1
        for change in leaving:
            if change.before is not None:
                self.room[change.before[1], self.slots(change.request, change.before[0])] -= 1
        return given if len(given) == len(wanted) else None

    def _free(self, request: int, row: Row) -> int | None:
        """A free place of the row's group: the published one, the one that it has now, or the first."""
        span, published = self.slots(request, row), self.flat.published.get(request)
        members = self.flat.groups.members[row[1]]
        liked = [self.place_of.get(request, -1)]
        if published is not None:
            liked.insert(0, published.place)
        for place in (*(p for p in liked if p in members), *members):
            if (self.room[place, span] > 0).all():
                return place
        return None

    def is_off(self, request: int, row: Row, place: int) -> bool:
        """Whether a meeting is at its published start, in its group of places, and not at its place.

        The search takes it for unchanged, and the score counts it as relocated.
        """
        published = self.flat.published.get(request)
        is_there = published is not None and (published.slot, published.group) == (row[0], row[1])
        return is_there and published is not None and published.place != place
