"""Candidate assignments of a request, and the meetings of the plan that conflict with each."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from scheduler.domain.plan import Meeting
from scheduler.domain.problem import People, Problem
from scheduler.domain.rules.people import has_time_to_walk
from scheduler.solver.exact.assignments import Assignment, PlaceGroup
from scheduler.solver.instance.choices import Choices
from scheduler.solver.instance.places import group_alike_places, named_places

NOBODY: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Way:
    """A candidate assignment of a request, with its conflicts in the plan.

    `base` are people who move in any case. Meetings in `must` have to change. For each full seat or day, one
    of the meetings in `some` has to change. Meetings in `may` have to change only if further meetings take
    the same seats or the same day.
    """

    assignment: Assignment
    base: frozenset[int]
    must: frozenset[int]
    some: tuple[frozenset[int], ...]
    may: frozenset[int]


class Ways:
    """A plan, and the candidates of each request that move at most `budget` people, ignoring conflicts."""

    def __init__(self, problem: Problem, meetings: Sequence[Meeting], request: str, budget: int) -> None:
        self.problem, self.budget = problem, budget
        self.choices = Choices(problem)
        self.wanted = problem.index.requests[request]
        self.groups = _groups(problem, self.choices)
        self.group_of = {p: g for g, group in enumerate(self.groups) for p in group.places}
        self.now = _now(problem, self.groups, meetings)
        self.people = {r: frozenset(held.people) for r, held in self.now.items()}
        self.people[self.wanted] = NOBODY
        self._look()
        self._ways: dict[tuple[int, People, int], list[Way]] = {}

    # Index of the plan

    def _look(self) -> None:
        """Index the plan without the request, which moves in any case."""
        self.at: dict[int, list[Assignment]] = defaultdict(list)
        self.seated: dict[tuple[int, int], set[int]] = defaultdict(set)
        self.of_day: dict[tuple[str, int, int], set[int]] = defaultdict(set)
        days = self.problem.days
        pairs: Counter[tuple[int, int]] = Counter()
        others = {r: held for r, held in self.now.items() if r != self.wanted}
        for r, held in others.items():
            for person in everybody(held):
                self.at[person].append(held)
            for slot in range(held.start, held.stop):
                self.seated[held.group, slot].add(r)
            for key in self._capped(r, held.people):
                self.of_day[(*key, days[held.start])].add(r)
            row = self.problem.requests[r]
            pairs.update([(row.sender, row.receiver), (row.receiver, row.sender)])
        self.most_between = [0] * len(self.problem.firms)
        for (firm, _), n in pairs.items():
            self.most_between[firm] = max(self.most_between[firm], n)
        self.order: dict[int, list[tuple[int, bool]]] = defaultdict(list)
        for before, after in self.problem.precedences:
            self.order[before].append((after, True))
            self.order[after].append((before, False))
        self.idle = [self.choices.all_slots for _ in self.problem.attendees]
        self.met: list[dict[int, int]] = [defaultdict(int) for _ in self.problem.attendees]
        for held in others.values():
            slots = ((1 << held.stop - held.start) - 1) << held.start
            for one in held.people:
                self.idle[one] &= ~slots
                for two in held.people:
                    if one != two:
                        self.met[one][two] |= slots
        self._hindering: dict[tuple[int, int, int, int], frozenset[int]] = {}

    def _capped(self, r: int, people: People) -> Iterator[tuple[str, int]]:
        """Yield firms and people with a daily limit on whom a meeting counts."""
        row, problem = self.problem.requests[r], self.problem
        yield from (
            ("firm", f) for f in (row.sender, row.receiver) if problem.firms[f].max_per_day is not None
        )
        yield from (("person", a) for a in people if problem.attendees[a].max_per_day is not None)

    def cap_of(self, kind: str, number: int) -> int:
        rows = self.problem.firms if kind == "firm" else self.problem.attendees
        return rows[number].max_per_day or 0

    def firms_of(self, r: int) -> tuple[int, int]:
        return self.problem.requests[r].sender, self.problem.requests[r].receiver

    def at_start(self, r: int, team: People, start: int, interpreters: People | None) -> list[Way]:
        """Return the candidates of a request with a start and attendees."""
        key = (r, team, start)
        if key not in self._ways:
            own = NOBODY if r == self.wanted else self.people[r].union(team)
            length = self.problem.requests[r].length
            those = [
                self._way(r, team, start, g, interpreter, own)
                for g in self._groups_of(r)
                if self.choices.starts(self.groups[g].free, length) >> start & 1
                for interpreter in ((None,) if interpreters is None else interpreters)
            ]
            self._ways[key] = [way for way in those if way is not None]
        return self._ways[key]

    def _groups_of(self, r: int) -> list[int]:
        return sorted({self.group_of[p] for p in self.choices.places(r) if p in self.group_of})

    def _way(
        self, r: int, team: People, start: int, g: int, interpreter: int | None, own: frozenset[int]
    ) -> Way | None:
        problem, group = self.problem, self.groups[g]
        stop, now = start + problem.requests[r].length, self.now.get(r)
        if interpreter is not None:
            calendar = self.choices.interpreter_at(interpreter, group.places[0])
            if not self.choices.starts(calendar, stop - start) >> start & 1:
                return None
        is_there = now is not None and (now.start, now.group, set(now.people)) == (start, g, set(team))
        if now is not None and is_there and (r == self.wanted or now.interpreter == interpreter):
            return None
        people = team if interpreter is None else (*team, ~interpreter)
        must = self.in_way(r, people, start, group.hall) | self._out_of_order(r, start, stop)
        base = self.moving(own, must)
        if len(base) > self.budget or any(self.choices.frozen(other) is not None for other in must):
            return None
        some, may = self._crowds(r, team, start, stop, g)
        assignment = Assignment(r, start, stop, team, interpreter, g, group.hall, 0.0, stays=False)
        return Way(assignment, base, must, some, may)

    def moving(self, own: frozenset[int], must: frozenset[int]) -> frozenset[int]:
        return own.union(*(self.people[other] for other in must)) if must else own

    def in_way(self, r: int, people: People, start: int, hall: int | None) -> frozenset[int]:
        """Return conflicting meetings of these people: overlapping, or too close for the walk to a hall."""
        length = self.problem.requests[r].length
        found = [self._of_person(person, start, length, -1 if hall is None else hall) for person in people]
        return NOBODY.union(*found) - {r}

    def _of_person(self, person: int, start: int, length: int, hall: int) -> frozenset[int]:
        key = (person, start, length, hall)
        if key not in self._hindering:
            stop = start + length
            self._hindering[key] = frozenset(
                other.request
                for other in self.at[person]
                if (other.start < stop and start < other.stop)
                or (hall not in (-1, other.hall) and self._is_too_far(other, start, stop, hall))
            )
        return self._hindering[key]

    def _is_too_far(self, other: Assignment, start: int, stop: int, hall: int) -> bool:
        if other.stop <= start:
            return not has_time_to_walk(self.problem, other.hall, other.stop, hall, start)
        return not has_time_to_walk(self.problem, hall, stop, other.hall, other.start)

    def _out_of_order(self, r: int, start: int, stop: int) -> frozenset[int]:
        found = []
        for other, is_after in self.order[r]:
            held = self.now.get(other)
            if (
                held is not None
                and other not in (r, self.wanted)
                and (held.start < stop if is_after else start < held.stop)
            ):
                found.append(other)
        return frozenset(found)

    def _crowds(
        self, r: int, team: People, start: int, stop: int, g: int
    ) -> tuple[tuple[frozenset[int], ...], frozenset[int]]:
        """Return full place groups and days, one meeting of which must change, and possible further ones."""
        crowds = [
            (self.seated[g, slot] - {r}, self.groups[g].capacity, max(1, self.budget // 2))
            for slot in range(start, stop)
        ]
        day = self.problem.days[start]
        for kind, number in self._capped(r, team):
            firm = number if kind == "firm" else self.problem.attendees[number].firm
            many = self.most_between[firm] * (self.budget - 1)
            crowds.append((self.of_day[kind, number, day] - {r}, self.cap_of(kind, number), many))
        some = tuple(frozenset(crowd) for crowd, most, _ in crowds if len(crowd) >= most)
        may = NOBODY.union(*(crowd for crowd, most, n in crowds if most - n < len(crowd) < most))
        return some, may


def everybody(held: Assignment) -> People:
    """Return the attendees, and the complement of the interpreter."""
    return held.people if held.interpreter is None else (*held.people, ~held.interpreter)


def _groups(problem: Problem, choices: Choices) -> tuple[PlaceGroup, ...]:
    """Return groups of equivalent places."""
    return tuple(
        PlaceGroup(
            places=members,
            hall=problem.places[members[0]].hall,
            free=choices.place_free[members[0]],
            capacity=sum(problem.places[p].capacity for p in members),
        )
        for members in group_alike_places(problem, named_places(problem))
    )


def _now(
    problem: Problem, groups: Sequence[PlaceGroup], meetings: Iterable[Meeting]
) -> dict[int, Assignment]:
    """Return every meeting of the plan as an assignment of the exact model."""
    index = problem.index
    group_of = {p: g for g, group in enumerate(groups) for p in group.places}
    found = {}
    for meeting in meetings:
        r, start = index.requests[meeting.request], index.slots[meeting.slot]
        g = group_of[index.places[meeting.place]]
        people = tuple(index.attendees[person] for person in meeting.attendees)
        who = None if meeting.interpreter is None else index.interpreters[meeting.interpreter]
        stop = start + problem.requests[r].length
        found[r] = Assignment(r, start, stop, people, who, g, groups[g].hall, 0.0, stays=True)
    return found
