"""Joint feasibility of commitments, by exhaustive depth-first search."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Sequence
from itertools import combinations

from scheduler.domain.commitments.options import Commitment, Commitments, Option

MAX_NODES = 100_000
"""Options tried per query, a few tenths of a second. Beyond this the query is undecided."""

Person = tuple[bool, int]
"""(True for an interpreter, index)."""


class _Open(Exception):
    """The node limit is exhausted."""


class PartialAssignment:
    """The commitments assigned so far, and the resources that they occupy.

    `ignored` are causes that are not enforced. They help to find out which rule a conflict is about.
    """

    def __init__(self, commitments: Commitments, ignored: Collection[str] = ()) -> None:
        self.commitments = commitments
        self.problem = commitments.problem
        self.ignored = frozenset(ignored)
        self.chosen: dict[str, Option] = {}
        self.busy: defaultdict[Person, list[tuple[Commitment, Option]]] = defaultdict(list)
        self.seats: Counter[tuple[int, int]] = Counter()
        self.of_firm: Counter[tuple[int, int]] = Counter()
        self.precedences: defaultdict[int, list[tuple[int, int]]] = defaultdict(list)
        if "precedence" not in self.ignored:
            for pair in self.problem.precedences:
                for r in pair:
                    self.precedences[r].append(pair)
        self.walking = shortest_walks(self.problem.walking)
        self.looks = 0

    def add(self, id: str, option: Option) -> None:
        one = self.commitments.of[id]
        self.chosen[id] = option
        for person in _everybody(option):
            self.busy[person].append((one, option))
        for slot in one.slots:
            self.seats[option.group, slot] += 1
        for firm in self._firms(one):
            self.of_firm[firm] += 1

    def remove(self, id: str) -> None:
        one, option = self.commitments.of[id], self.chosen.pop(id)
        for person in _everybody(option):
            self.busy[person].remove((one, option))
        for slot in one.slots:
            self.seats[option.group, slot] -= 1
        for firm in self._firms(one):
            self.of_firm[firm] -= 1

    def ways(self, id: str) -> Iterator[Option]:
        """Yield the options of a commitment that are feasible beside the current assignment.

        Of several identical interpreters without a meeting, only the first is tried.
        """
        one = self.commitments.of[id]
        if not self._in_order(one) or not self._below_firm_caps(one):
            return
        idle = set[tuple[object, ...]]()
        for option in one.options:
            self.looks += 1
            if "place" not in self.ignored:
                most = self.commitments.capacities[option.group]
                if any(self.seats[option.group, slot] >= most for slot in one.slots):
                    continue
            if self._keeps_pairs(one, option) and all(
                self._can(person, one, option) for person in _everybody(option)
            ):
                if option.interpreter is not None and not self.busy[True, option.interpreter]:
                    row = self.problem.interpreters[option.interpreter]
                    kind = row.languages, row.unavailable, row.stations, option.people, option.group
                    if kind in idle:
                        continue
                    idle.add(kind)
                yield option

    def _in_order(self, one: Commitment) -> bool:
        requests = self.problem.requests
        for before, after in self.precedences.get(one.request, ()):
            other = self.commitments.of.get(requests[after if before == one.request else before].id)
            if other is None or requests[other.request].id not in self.chosen:
                continue
            first, second = (one, other) if before == one.request else (other, one)
            if first.stop > second.start:
                return False
        return True

    def _below_firm_caps(self, one: Commitment) -> bool:
        if "firm-cap" in self.ignored:
            return True
        caps = [(self.problem.firms[firm].max_per_day, firm, day) for firm, day in self._firms(one)]
        return all(cap is None or self.of_firm[firm, day] < cap for cap, firm, day in caps)

    def _firms(self, one: Commitment) -> list[tuple[int, int]]:
        row, day = self.problem.requests[one.request], self.problem.days[one.start]
        return [(firm, day) for firm in (row.sender, row.receiver)]

    def _can(self, person: Person, one: Commitment, option: Option) -> bool:
        """Return True if a person can take one more meeting."""
        mine, (is_interpreter, index) = self.busy[person], person
        if is_interpreter and "interpreter" in self.ignored:
            return True
        cap = None if is_interpreter else self.problem.attendees[index].max_per_day
        if cap is not None and "person-cap" not in self.ignored:
            day = self.problem.days[one.start]
            if sum(self.problem.days[other.start] == day for other, _ in mine) >= cap:
                return False
        if not is_interpreter and not (
            self._keeps_row(index, one, mine) and self._keeps_days(index, one, mine)
        ):
            return False
        return all(self._apart(one, option, other, way, is_interpreter) for other, way in mine)

    def _keeps_row(self, attendee: int, one: Commitment, mine: Sequence[tuple[Commitment, Option]]) -> bool:
        """Return True if the attendee has few enough meetings in a row with one more (H16)."""
        most = self.problem.most_in_row[attendee]
        if most is None or "row-cap" in self.ignored:
            return True
        length, first, last = 1, one.start, one.stop - 1
        before = {other.stop: other.start for other, _ in mine}
        after = {other.start: other.stop for other, _ in mine}
        while first in before and self.problem.is_followed(first - 1):
            length, first = length + 1, before[first]
        while last + 1 in after and self.problem.is_followed(last):
            length, last = length + 1, after[last + 1] - 1
        return length <= most

    def _keeps_days(self, attendee: int, one: Commitment, mine: Sequence[tuple[Commitment, Option]]) -> bool:
        """Return True if the attendee has meetings on few enough days with one more (H17)."""
        most = self.problem.most_days[attendee]
        if most is None or "days-cap" in self.ignored:
            return True
        days = self.problem.days
        return len({days[one.start], *(days[other.start] for other, _ in mine)}) <= most

    def _keeps_pairs(self, one: Commitment, option: Option) -> bool:
        """Return True if no two people of the meeting meet too often on that day (H15)."""
        most = self.problem.policy.max_pair_per_day
        if most is None or "pair-cap" in self.ignored:
            return True
        day, people = self.problem.days[one.start], self.problem.attendees
        return all(
            sum(
                two in way.people and self.problem.days[other.start] == day
                for other, way in self.busy[False, first]
            )
            < most
            for first, two in combinations(option.people, 2)
            if people[first].firm != people[two].firm
        )

    def _apart(
        self, one: Commitment, option: Option, other: Commitment, way: Option, is_interpreter: bool
    ) -> bool:
        """Return True if a person in both meetings is not double-booked and has time to walk between them."""
        if one.start < other.stop and other.start < one.stop:
            return "people" in self.ignored and not is_interpreter
        if "walk" in self.ignored:
            return True
        first, second = (
            ((one, option), (other, way)) if one.start < other.start else ((other, way), (one, option))
        )
        a, b = (self.commitments.place(each[1].group).hall for each in (first, second))
        slots = self.problem.slots
        pause = slots[second[0].start].start - slots[first[0].stop - 1].end
        return a == b or pause.total_seconds() >= self.walking[a][b] * 60 - 1e-6

    def extend(self, ids: Sequence[str]) -> bool | None:
        """Assign these commitments too, leaving the current ones as they are. None if undecided.

        Branches on the commitment with the fewest options. Unless the result is True, the assignment is
        invalid afterwards and must be discarded.
        """
        self.looks = 0
        try:
            return self._extend(list(ids))
        except _Open:
            return None

    def _extend(self, left: list[str]) -> bool:
        if not left:
            return True
        open_ways = [(list(self.ways(id)), id) for id in left]
        found, id = min(open_ways, key=lambda way: len(way[0]))
        rest = [other for other in left if other != id]
        for option in found:
            if self.looks > MAX_NODES:
                raise _Open
            self.add(id, option)
            if self._extend(rest):
                return True
            self.remove(id)
        return False


def is_feasible(commitments: Commitments, ids: Collection[str], ignored: Collection[str] = ()) -> bool | None:
    """Return True if these commitments are jointly feasible, False if not, None if undecided."""
    return PartialAssignment(commitments, ignored).extend([id for id in commitments.of if id in ids])


def shortest_walks(walking: Sequence[Sequence[float]]) -> list[list[float]]:
    """Return all-pairs shortest walking times in minutes (Floyd and Warshall 1962).

    A meeting in an intermediate hall could split a walk, so no longer walk can be assumed in a proof.
    """
    found = [list(row) for row in walking]
    for via, over in enumerate(found):
        for row in found:
            start = row[via]
            for b, minutes in enumerate(over):
                row[b] = min(row[b], start + minutes)
    return found


def _everybody(option: Option) -> list[Person]:
    people = [(False, a) for a in option.people]
    return people if option.interpreter is None else [*people, (True, option.interpreter)]
