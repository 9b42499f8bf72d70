"""Who may sit in each request's meeting: sets of attendees, and the interpreters that they need."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import product

import numpy as np

from scheduler.domain.problem import Problem
from scheduler.solver.compiled.kernels import Int32s, Words

Group = tuple[int, ...]
Groups = tuple[Group, ...]


@dataclass(frozen=True, slots=True)
class Options:
    """`table` has a row an option: its range in `people`, and its class of interpreters or -1.

    `ranges` are each request's rows. `classes` lists the interpreters of each class. People are numbered
    attendees first, then interpreters.
    """

    table: Int32s
    people: Int32s
    ranges: list[tuple[int, int]]
    classes: list[Group]
    class_words: Words


def build_options(problem: Problem) -> Options:
    """Every choice of people that rule H7 allows, for each request. Equal ones are kept once."""
    builder = _Builder(problem)
    ranges = [builder.range_of(*problem.sides(request)) for request in problem.requests]
    table = np.array(builder.rows, np.int32).reshape(-1, 3)
    classes = list(builder.classes)
    words = (len(problem.interpreters) + 63) // 64 or 1
    class_words = np.zeros((len(classes), words), np.uint64)
    for c, members in enumerate(classes):
        for i in members:
            class_words[c, i >> 6] |= np.uint64(1 << (i & 63))
    return Options(table, np.array(builder.people, np.int32), ranges, classes, class_words)


@dataclass
class _Builder:
    problem: Problem
    rows: list[tuple[int, int, int]] = field(default_factory=list)
    people: list[int] = field(default_factory=list)
    classes: dict[Group, int] = field(default_factory=dict)
    _ranges: dict[tuple[Groups, Groups], tuple[int, int]] = field(default_factory=dict)
    _needs: dict[tuple[frozenset[str], frozenset[str]], int | None] = field(default_factory=dict)
    _sides: dict[Groups, list[tuple[Group, frozenset[str]]]] = field(default_factory=dict)

    def range_of(self, asking: Groups, asked: Groups) -> tuple[int, int]:
        """The rows of a pair of sides. A side has the groups of people that may sit there."""
        key = (asking, asked)
        if key not in self._ranges:
            start = len(self.rows)
            for (left, spoken), (right, understood) in product(self.side(asking), self.side(asked)):
                need = self.need(spoken, understood)
                if need is not None:
                    self.add((*left, *right), need)
            self._ranges[key] = (start, len(self.rows))
        return self._ranges[key]

    def add(self, people: Group, need: int) -> None:
        self.rows.append((len(self.people), len(self.people) + len(people), need))
        self.people.extend(people)

    def side(self, groups: Groups) -> list[tuple[Group, frozenset[str]]]:
        """The groups of one side, each with all that it speaks."""
        if groups not in self._sides:
            people = self.problem.attendees
            spoken = [frozenset[str]().union(*(people[a].languages for a in group)) for group in groups]
            self._sides[groups] = list(zip(groups, spoken, strict=True))
        return self._sides[groups]

    def need(self, left: frozenset[str], right: frozenset[str]) -> int | None:
        """-1 for no interpreter, else the class of those who can interpret, or None if nobody can."""
        key = (left, right)
        if key not in self._needs:
            self._needs[key] = -1 if left & right else self._class_of(left, right)
        return self._needs[key]

    def _class_of(self, left: frozenset[str], right: frozenset[str]) -> int | None:
        able = tuple(
            i
            for i, person in enumerate(self.problem.interpreters)
            if person.languages & left and person.languages & right
        )
        return self.classes.setdefault(able, len(self.classes)) if able else None
