"""Why a request cannot be held somewhere as the plan is: the rules that it would break, one by one."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from itertools import combinations, product

import numpy as np

from scheduler.domain.entities import PlaceKind, PlaceWish
from scheduler.domain.problem import Problem, Request
from scheduler.domain.rules.people import has_time_to_walk, tied_elsewhere
from scheduler.domain.rules.resolved import Violation
from scheduler.domain.rules.stability import is_frozen, own_starts
from scheduler.solver.repair.place_assignment import PlaceAssignment
from scheduler.solver.state.columns import held
from scheduler.solver.state.state import State

MAX_TEAMS = 40
"""Choices of people of one request that are looked at."""

PLACE_ALONE = 2
"""Ids in a breach of H5 that is about the request and the place, and no other meeting."""

Team = tuple[int, ...]
"""Attendees, by their indices."""


class PlacementConflicts:
    """What of a plan stands in the way of one request. The request itself never does.

    A breach has its rule and ids as `rules.violations` gives them, without the place in H14, and no sentence.
    `stays` says of a meeting that it gives way to none.
    """

    def __init__(
        self,
        problem: Problem,
        state: State,
        places: PlaceAssignment,
        request: int,
        stays: Callable[[int], bool],
    ) -> None:
        self.problem, self.state, self.places, self.request = problem, state, places, request
        self.stays = stays
        self.row: Request = problem.requests[request]
        self.firms = (self.row.sender, self.row.receiver)
        mine = [m for m in problem.published if m.request == self.row.id]
        self.frozen = next((m for m in mine if is_frozen(problem, m)), None)
        self.own_start = next((start for m, start in own_starts(problem) if m in mine), None)

    def teams(self, first: Team | None) -> list[Team]:
        """The choices of people, that of now first. A frozen meeting has its own alone."""
        if self.frozen is not None:
            people = [self.problem.index.attendees.get(id) for id in self.frozen.attendees]
            return [tuple(person for person in people if person is not None)]
        every = [tuple(p for side in both for p in side) for both in product(*self.problem.sides(self.row))]
        return list(dict.fromkeys([*([first] if first else []), *every]))[:MAX_TEAMS]

    def is_lasting(self, breach: Violation) -> bool:
        """Whether a breach stands in the way however other meetings of the plan change.

        False where that is not known.
        """
        rule, ids, index = breach.rule, breach.ids, self.problem.index.requests
        if rule in ("H2", "H4", "H9", "H10", "format"):
            return True
        others = [index[id] for id in ids if id in index and index[id] != self.request]
        if rule == "H5":
            return len(ids) == PLACE_ALONE or all(map(self.stays, others))
        return rule in ("H3", "H6") and all(map(self.stays, others))

    # Of a time

    def of_time(self, start: int) -> list[Violation]:
        """What of a start alone stands in the way, wherever and with whomever."""
        problem, row = self.problem, self.row
        id, slot = row.id, problem.slots[start].id
        fixed = row.fixed
        found = []
        if row.length > problem.room_ahead[start] or (row.slots is not None and start not in row.slots):
            found.append(Violation("H2", "", (id, slot)))
        if fixed is not None and fixed.slot != start:
            found.append(Violation("H9", "", (id, slot, "")))
        if self._is_frozen_out(start):
            found.append(Violation("H10", "", (id,)))
        day = problem.days[start]
        for firm in self.firms:
            cap = problem.firms[firm].max_per_day
            if cap is not None and self._on_day(self.state.firm_day[firm], self.firms, firm, day) >= cap:
                found.append(Violation("H8", "", (problem.firms[firm].id,)))
        return found

    def _is_frozen_out(self, start: int) -> bool:
        """H10: a frozen meeting stays where it is, and nothing else starts so early but at its own start."""
        problem, slot = self.problem, self.problem.slots[start]
        if self.frozen is not None:
            return slot.id != self.frozen.slot
        is_early = problem.frozen_until is not None and slot.start < problem.frozen_until
        return is_early and start != self.own_start

    # Of people

    def of_people(self, team: Team, start: int, hall: int, station: int | None) -> list[Violation]:
        """What stands in the way of these people meeting in a hall from a start on.

        `station` is the place if interpreters are tied to it, None if it is none of those.
        """
        found = [breach for person in team for breach in self._of_person(person, start, hall)]
        found.extend(self._of_pairs(team, start))
        return found or self._of_interpreters(team, start, hall, station)

    def _of_person(self, person: int, start: int, hall: int) -> Iterator[Violation]:
        problem, row = self.problem, self.row
        who, stop = problem.attendees[person], start + row.length
        if not who.unavailable.isdisjoint(range(start, stop)):
            yield Violation("H4", "", (who.id, row.id))
        others = self._meetings(person, start, stop)
        for other in others:
            yield Violation("H3", "", (who.id, problem.requests[other].id, row.id))
        if not others:
            yield from self._of_row(person, start, stop)
            for one, two in self._walks(person, start, stop, hall):
                yield Violation("H6", "", (who.id, problem.requests[one].id, problem.requests[two].id))
        if who.max_per_day is not None:
            day = problem.days[start]
            count = int(self.state.day_count[person, day])
            mine = self.state.at[person] == self.request
            is_mine = any(problem.days[int(s)] == day for s in np.flatnonzero(mine))
            if count - is_mine >= who.max_per_day:
                yield Violation("H8", "", (who.id,))
        yield from self._of_days(person, start)

    def _of_days(self, person: int, start: int) -> Iterator[Violation]:
        problem, at = self.problem, self.state.at[person]
        most, busy = problem.most_days[person], np.flatnonzero((at >= 0) & (at != self.request))
        if most is None:
            return
        days = sorted({problem.days[start], *(problem.days[int(slot)] for slot in busy)})
        if len(days) > most:
            firsts = (problem.slots[problem.days.index(day)].id for day in days)
            yield Violation("H17", "", (problem.attendees[person].id, *firsts))

    def _of_row(self, person: int, start: int, stop: int) -> Iterator[Violation]:
        problem, most = self.problem, self.problem.most_in_row[person]
        if most is None or stop > len(problem.slots):
            return
        at, row = self.state.at[person], [self.request]
        slot = start
        while slot and problem.is_followed(slot - 1) and at[slot - 1] not in (-1, self.request):
            slot -= 1
            row.append(int(at[slot]))
        slot = stop - 1
        while problem.is_followed(slot) and at[slot + 1] not in (-1, self.request):
            slot += 1
            row.append(int(at[slot]))
        ids = tuple(problem.requests[r].id for r in dict.fromkeys(row))
        if len(ids) > most:
            yield Violation("H16", "", (problem.attendees[person].id, *ids))

    def _of_pairs(self, team: Team, start: int) -> Iterator[Violation]:
        problem, most = self.problem, self.problem.policy.max_pair_per_day
        if most is None:
            return
        on_day = [s for s, day in enumerate(problem.days) if day == problem.days[start]]
        for one, two in combinations(sorted(team), 2):
            if problem.attendees[one].firm == problem.attendees[two].firm:
                continue
            shared = {
                int(r) for r in self.state.at[one, on_day] if r >= 0 and r in self.state.at[two, on_day]
            }
            met = [problem.requests[r].id for r in sorted({*shared, self.request})]
            if len(met) > most:
                yield Violation("H15", "", (problem.attendees[one].id, problem.attendees[two].id, *met))

    def _of_interpreters(self, team: Team, start: int, hall: int, station: int | None) -> list[Violation]:
        problem = self.problem
        tied: list[str] = []
        one, two = (
            frozenset[str]().union(
                *(problem.attendees[p].languages for p in team if problem.attendees[p].firm == firm)
            )
            for firm in self.firms
        )
        if one & two:
            can_be = self.frozen is None or self.frozen.interpreter is None
        else:
            free = [
                each
                for number, each in enumerate(problem.interpreters)
                if (self.frozen is None or each.id == self.frozen.interpreter)
                and each.languages & one
                and each.languages & two
                and self._is_free(number, start, hall)
            ]
            span = range(start, start + self.row.length)
            tied = [
                each.id for each in free if tied_elsewhere(each, -1 if station is None else station, span)
            ]
            can_be = len(tied) < len(free)
        if can_be:
            return []
        if tied:
            return [Violation("H14", "", (self.row.id, tied[0]))]
        people = tuple(problem.attendees[person].id for person in team)
        return [Violation("H7", "", (self.row.id, *people))]

    def _is_free(self, interpreter: int, start: int, hall: int) -> bool:
        stop = start + self.row.length
        if not self.problem.interpreters[interpreter].unavailable.isdisjoint(range(start, stop)):
            return False
        person = len(self.problem.attendees) + interpreter
        return not self._meetings(person, start, stop) and not any(self._walks(person, start, stop, hall))

    def _meetings(self, person: int, start: int, stop: int) -> list[int]:
        there = self.state.at[person, start:stop]
        return [int(r) for r in dict.fromkeys(there.tolist()) if r >= 0 and r != self.request]

    def _walks(self, person: int, start: int, stop: int, hall: int) -> Iterator[tuple[int, int]]:
        """Pairs of meetings, one of them this, between which the person has too little time to walk."""
        problem, at = self.problem, self.state.at[person]
        busy = np.flatnonzero((at >= 0) & (at != self.request))
        before, after = busy[busy < start], busy[busy >= stop]
        if len(before):
            one = int(at[before[-1]])
            there = problem.places[self.places.place_of[one]].hall
            if not has_time_to_walk(problem, there, int(before[-1]) + 1, hall, start):
                yield one, self.request
        if len(after):
            two = int(at[after[0]])
            there = problem.places[self.places.place_of[two]].hall
            if not has_time_to_walk(problem, hall, stop, there, int(after[0])):
                yield self.request, two

    def _on_day(self, counts: np.ndarray, firms: Sequence[int], firm: int, day: int) -> int:
        """The meetings of a firm on a day, without this one."""
        start = int(self.state.held[self.request, held.SLOT])
        is_there = start >= 0 and self.problem.days[start] == day and firm in firms
        return int(counts[day]) - is_there

    # Of a place

    def of_place(self, place: int) -> list[Violation]:
        """What of a place stands in the way at any time."""
        row, there = self.row, self.problem.places[place]
        is_others = there.kind is PlaceKind.BOOTH and row.receiver not in there.owners
        is_other_kind = row.place is not PlaceWish.ANY and row.place.value != there.kind.value
        fixed = row.fixed
        if is_others or is_other_kind or there.capacity == 0:
            return [Violation("H5", "", (row.id, there.id))]
        if fixed is not None and fixed.place not in (None, place):
            return [Violation("H9", "", (row.id, "", there.id))]
        if self.frozen is not None and there.id != self.frozen.place:
            return [Violation("H10", "", (row.id,))]
        return []

    def of_seat(self, place: int, start: int, taken: Collection[int]) -> list[Violation]:
        """What of a place stands in the way from a start on. `taken` are the other requests that it has."""
        row, there = self.row, self.problem.places[place]
        span = range(start, start + row.length)
        if not there.unavailable.isdisjoint(span):
            return [Violation("H4", "", (there.id, row.id))]
        if len(taken) >= there.capacity:
            slot, ids = self.problem.slots[start].id, (self.problem.requests[r].id for r in taken)
            return [Violation("H5", "", (there.id, slot, *ids, row.id))]
        return []
