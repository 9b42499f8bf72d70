"""Meetings of a plan that may change, and how, if the number of people who move is limited."""

from __future__ import annotations

import math
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import permutations

from benchmarks.conflicts import NOBODY, Way, Ways, everybody
from scheduler.domain.plan import Meeting
from scheduler.domain.problem import Problem
from scheduler.solver.exact.assignments import Assignment, Assignments
from scheduler.solver.instance.choices import mask_slots


class OutOfTime(Exception):
    """The budget permits more candidates than can be listed in the time."""


class Reach(Ways):
    """The meetings that may change, with their candidates, if at most `budget` people move.

    Excluded candidates are in no minimal solution: one in which no subset of changed meetings can be put
    back. Three arguments prove it. People who move are the old and new attendees of changed meetings other
    than the request's.

    *Put back.* Draw an arrow from a changed meeting (or the request) to another one if the new assignment of
    the first conflicts with the old one of the second: the same person at overlapping times or too close for
    the walk, a full place group, a full day, a precedence. If some changed meetings are on no path from the
    request, all of them can be put back: no new assignment conflicts with them, and they conflicted with
    none. So in a minimal solution each changed meeting is on a path. This requires walks that satisfy the
    triangle inequality, and no global limits of the plan (H12, H13).

    *Count.* Along a path, the people of each meeting move, and those of its conflicts. `_paths` has, by
    meeting, the minimal sets of people that some path needs. A candidate that exceeds the budget with each of
    them is part of no solution. Meetings that move to one place and slot have no people in common, and those
    of a firm's day are at most the requests between the firms: this bounds when `may` counts.

    *Look ahead.* If a candidate uses up the budget, its people are all who move. So a conflicting meeting
    moves to a time at which its people are free or meet each other.

    Raises OutOfTime after `ends` (of `time.monotonic`).
    """

    def __init__(
        self, problem: Problem, meetings: Sequence[Meeting], request: str, budget: int, ends: float = math.inf
    ) -> None:
        super().__init__(problem, meetings, request, budget)
        self.ends = ends
        self.kept: dict[int, dict[Assignment, Way]] = defaultdict(dict)
        self._paths: dict[int, list[frozenset[int]]] = {self.wanted: [NOBODY]}
        self._open()
        self._leave_out_dead_ends()

    @property
    def is_free(self) -> bool:
        """True if a candidate of the request has no conflicts."""
        return any(not way.must and not way.some for way in self.kept.get(self.wanted, {}).values())

    def assignments(self) -> Assignments:
        """Return the input of the exact model: all candidates of changeable meetings, and fixed others.

        Meetings that share no person, firm, precedence or seat with changeable ones cannot conflict, and are
        omitted.
        """
        rows: list[tuple[Assignment, ...]] = [() for _ in self.problem.requests]
        for r, ways in self.kept.items():
            same = [] if r == self.wanted else [self.now[r]]
            rows[r] = (*same, *ways)
        new = [each for row in rows for each in row]
        people = {person for each in new for person in everybody(each)}
        seats = {(each.group, slot) for each in new for slot in range(each.start, each.stop)}
        firms = {firm for each in new for firm in self.firms_of(each.request) if self.cap_of("firm", firm)}
        for r, held in self.now.items():
            if (
                not people.isdisjoint(everybody(held))
                or any((held.group, slot) in seats for slot in range(held.start, held.stop))
                or not firms.isdisjoint(self.firms_of(r))
                or r in self.order
            ):
                rows[r] = rows[r] if r in self.kept or r == self.wanted else (held,)
        must = frozenset({self.wanted, *(r for r, row in enumerate(rows) if row)})
        return Assignments(self.problem, self.choices, self.groups, tuple(rows), must, frozenset(), 0.0)

    # Search of paths

    def _open(self) -> None:
        """Follow every path from the request, in the order of the number of people."""
        waiting: list[list[tuple[int, frozenset[int]]]] = [[] for _ in range(self.budget + 1)]
        waiting[0].append((self.wanted, NOBODY))
        for size in range(self.budget + 1):
            while waiting[size]:
                if time.monotonic() > self.ends:
                    raise OutOfTime
                r, people = waiting[size].pop()
                for way in self._from(r, people):
                    needed = people | way.base
                    opened = self._opened(r, way, needed)
                    if opened is None:
                        continue
                    self.kept[r][way.assignment] = way
                    for other, moving in opened:
                        if self._is_new(other, moving):
                            waiting[len(moving)].append((other, moving))

    def _opened(self, r: int, way: Way, needed: frozenset[int]) -> list[tuple[int, frozenset[int]]] | None:
        """Return the meetings that a candidate opens, with the people who move. None if it is a dead end."""
        if len(needed) > self.budget:
            return None
        found = []
        for other in way.must:
            if not self._is_alive(other, needed, way.assignment):
                return None
            found.append((other, needed))
        for crowd in way.some:
            those = [(other, needed | self.people[other]) for other in crowd]
            those = [
                (other, moving) for other, moving in those if self._is_alive(other, moving, way.assignment)
            ]
            if not those and crowd.isdisjoint(way.must):
                return None
            found += those
        for other in way.may:
            moving = needed | self.people[other]
            if self._is_alive(other, moving, way.assignment):
                found.append((other, moving))
        return found

    def _is_new(self, r: int, people: frozenset[int]) -> bool:
        """True if no known path to a meeting needs a subset of these people."""
        known = self._paths.setdefault(r, [])
        if any(other <= people for other in known):
            return False
        known.append(people)
        return True

    def _is_alive(self, r: int, people: frozenset[int], taken: Assignment) -> bool:
        """True if a meeting can move, with only these people moving, beside a new meeting."""
        if len(people) > self.budget or self.choices.frozen(r) is not None:
            return False
        if len(people) < self.budget:
            return True
        length, allowed = self.problem.requests[r].length, self.choices.allowed(r)
        blocked = ((1 << taken.stop - taken.start) - 1) << taken.start
        for asking, asked in self.choices.parties(r):
            if people.issuperset(asking) and people.issuperset(asked):
                mask = self.choices.free(asking + asked)
                for person in asking + asked:
                    mask &= self._within(person, people, r)
                    if person in taken.people:
                        mask &= ~blocked
                if self.choices.starts(mask, length) & allowed:
                    return True
        return False

    def _within(self, person: int, people: frozenset[int], r: int) -> int:
        """Return the slots in which a person is free, meets one of these people, or is in meeting `r`."""
        mask = self.idle[person]
        for other, slots in self.met[person].items():
            if other in people:
                mask |= slots
        held = self.now.get(r)
        if held is not None and person in held.people:
            mask |= ((1 << held.stop - held.start) - 1) << held.start
        return mask

    def _leave_out_dead_ends(self) -> None:
        """Exclude candidates that require a change of a meeting without candidates."""
        is_less = True
        while is_less:
            is_less = False
            for ways in self.kept.values():
                for assignment, way in list(ways.items()):
                    if not all(self.kept.get(other) for other in way.must) or not all(
                        any(self.kept.get(other) for other in crowd) for crowd in way.some
                    ):
                        del ways[assignment]
                        is_less = True
        self.kept = {r: ways for r, ways in self.kept.items() if ways}

    # Candidates of one request

    def _from(self, r: int, people: frozenset[int]) -> Iterator[Way]:
        """Yield new candidates of a request if these people move. Some exceed the budget."""
        choices, row = self.choices, self.problem.requests[r]
        for asking, asked in choices.parties(r):
            team = asking + asked
            moving = people if r == self.wanted else people.union(team)
            if len(moving) > self.budget:
                continue
            starts = choices.starts(choices.free(team), row.length) & choices.allowed(r)
            if len(moving) == self.budget:
                mask = choices.all_slots
                for person in team:
                    mask &= self._within(person, moving, r)
                starts &= choices.starts(mask, row.length)
            for start in mask_slots(starts):
                if len(self.moving(moving, self.in_way(r, team, start, None))) <= self.budget:
                    yield from self.at_start(r, team, start, choices.interpreters(asking, asked))


def is_exact_for(problem: Problem) -> bool:
    """True if the arguments of `Reach` hold.

    There are no limits of the whole plan, of pairs, rows or days (H15 to H17), and walks satisfy the triangle
    inequality.
    """
    walking, halls = problem.walking, range(len(problem.halls))
    has_shortcut = any(
        walking[a][c] > walking[a][b] + walking[b][c] + 1e-9 for a, b, c in permutations(halls, 3)
    )
    policy = problem.policy
    is_limited = policy.max_pair_per_day is not None or any(problem.most_in_row) or any(problem.most_days)
    return policy.max_idle_spread is None and policy.max_moved is None and not is_limited and not has_shortcut
