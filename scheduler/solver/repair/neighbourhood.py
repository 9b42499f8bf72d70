"""The neighbourhood of a plan around one request: what gives way for it, and where that goes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from scheduler.solver.compiled.kernels import Floats, Int32s, Words
from scheduler.solver.instance.arrays import Data
from scheduler.solver.instance.columns import requests, rules
from scheduler.solver.repair import candidates, evaluation
from scheduler.solver.repair.budgeted_search import search_within_budget
from scheduler.solver.repair.depth_first import ROW, DepthFirst, new_search
from scheduler.solver.repair.repairs import Repair, Row
from scheduler.solver.state.columns import held, log
from scheduler.solver.state.state import State

MAX_CANDIDATES = 20_000
"""Ways of one request that are weighed."""
PAIR = 2
"""So many meetings that give way together are placed as well as possible together."""
MAX_JOINT = 40
"""The most promising ways at which that is done."""
MAX_CHAINED = 8
"""Ways at which somebody finds no free place, and others may make room in turn."""
MAX_WHOLE = 40
"""The same, where only so many meetings may be dropped."""
MAX_TRIED = 4
"""Ways at one start and group that are tried in a survey."""
MAX_EJECTED = 2
"""Meetings that make room in turn."""
MAX_STEPS = 200_000
"""Places that are tried for one request while few people move."""

DIGITS = 6
"""Digits of a gain behind the point: ways that differ by the rounding of a sum alone are worth the same."""

Rows = Mapping[int, Row | None]
"""Requests by their rows of `State.held`, None for what is not held."""
Where = tuple[int, int]
"""A start, and a group of places."""


@dataclass(frozen=True, slots=True)
class Region:
    """Where a request may go: some starts, and some groups of places. None is any."""

    starts: Collection[int] | None = None
    groups: Collection[int] | None = None


ANYWHERE: Final = Region()
Accept = Callable[[Rows, Rows, float], Repair | None]
"""Makes an answer of the rows before and after, and the gain. None if it is none."""


@dataclass(slots=True)
class PlacementSurvey:
    """What can be done around one request, by start and group of places.

    Attributes
    ----------
    alone
        The best way at which no other meeting changes: what it gains, and its row of `State.held`.
    moving
        The best accepted way at which others change.
    others
        The best accepted way with other people, where the request is held now.
    """

    alone: dict[Where, tuple[float, Row]] = field(default_factory=dict)
    moving: dict[Where, Repair] = field(default_factory=dict)
    others: Repair | None = None


@dataclass(frozen=True, slots=True)
class _Question:
    """A request that is asked about. `lost` is what taking it out did to the score, `mark` the log then."""

    request: int
    was: Row | None
    mark: int
    lost: float

    def has_others(self, way: Int32s) -> bool:
        """Whether other people would meet where the request is now."""
        was = self.was
        is_here = was is not None and (way[candidates.START], way[candidates.GROUP]) == was[:2]
        return is_here and was is not None and way[candidates.OPTION] != was[2]


class Neighbourhood:
    """What can be done around one request, in a state that is left as it was."""

    def __init__(self, data: Data, state: State) -> None:
        self.data, self.state = data, state
        self._table = np.zeros((MAX_CANDIDATES, candidates.WIDTH), np.int32)
        self._figures = np.zeros((MAX_CANDIDATES, candidates.FIGURES))
        self.apart = self.changed = 0  # how far H12 is broken, and how many counted meetings may be changed

    def row_of(self, request: int) -> Row | None:
        slot, group, option, interpreter = map(int, self.state.held[request])
        return None if slot < 0 else (slot, group, option, interpreter)

    def explore(
        self,
        request: int,
        count: int,
        accept: Accept,
        most_dropped: int | None = None,
        within: Region = ANYWHERE,
    ) -> list[Repair]:
        """The best accepted ways to hold a request, best first, at most one for each start and group."""
        found: dict[tuple[int, int], Repair] = {}

        def floor() -> float:
            gains = sorted((each.gain for each in found.values()), reverse=True)
            return gains[count - 1] if len(gains) >= count else -np.inf

        with self._narrowed(request, within), self._question(request) as asked:
            table, figures = self.weigh(request)
            for k, joint in self._promising(table, figures, asked.lost, floor, most_dropped):
                if asked.was is not None and tuple(table[k, :3]) == asked.was[:3]:
                    continue
                answer = self._try(asked, table, k, accept, joint=joint)
                place = int(table[k, candidates.START]), int(table[k, candidates.GROUP])
                if answer is not None and (place not in found or answer.gain > found[place].gain):
                    found[place] = answer
        return sorted(found.values(), key=lambda each: -each.gain)[:count]

    def survey(self, request: int, wanted: Collection[Where], accept: Accept) -> PlacementSurvey:
        """What can be done at each start in each group of places of a view."""
        found = PlacementSurvey()
        tried: Counter[Where] = Counter()
        with self._question(request) as asked:
            table, figures = self.weigh(request)
            gains = np.round(figures[:, candidates.GAIN] + asked.lost, DIGITS)
            for k in np.argsort(-gains, kind="stable"):
                there = int(table[k, candidates.START]), int(table[k, candidates.GROUP])
                if there not in wanted or not table[k, candidates.PLACED]:
                    continue
                if found.others is None and asked.has_others(table[k]):
                    found.others = self._try(asked, table, int(k), accept)
                if not table[k, candidates.EJECTED]:
                    found.alone.setdefault(there, (float(gains[k]), self._row_of_table(table[k])))
                elif there not in found.moving and tried[there] < MAX_TRIED:
                    tried[there] += 1
                    answer = self._try(asked, table, int(k), accept)
                    if answer is not None:
                        found.moving[there] = answer
        return found

    @staticmethod
    def _row_of_table(row: Int32s) -> Row:
        start, group, option, interpreter = map(
            int, row[[candidates.START, candidates.GROUP, candidates.OPTION, candidates.INTERPRETER]]
        )
        return start, group, option, interpreter

    def fewest(
        self,
        request: int,
        max_people: int,
        kept: Collection[int],
        accept: Accept,
        *,
        steps: int = MAX_STEPS,
        within: Region = ANYWHERE,
    ) -> Repair | None:
        """The best accepted way to hold a request and all others while as few people move as can be.

        None if there is none `within` a region at which `max_people` move at most, or none is found while
        `steps` places are tried.
        """
        search, left = new_search(max_people), steps
        stay = np.array(sorted(kept), np.int32)
        found: Repair | None = None
        with self._narrowed(request, within), self._question(request) as asked:
            search.was[:] = (-1, -1, -1) if asked.was is None else asked.was[:3]
            for budget in range(max_people + 1):
                left = search_within_budget(self.data, self.state, search, request, stay, budget, left, 0.0)
                for k in np.argsort(-search.gains[: search.answer_count], kind="stable"):
                    if found is None:
                        self._take(search, int(k))
                        found = self._answer(asked, accept)
                if found is not None or left <= 0:
                    break
        return found

    def way_to(self, request: int, rows: Mapping[int, Row], accept: Accept) -> Repair | None:
        """The accepted way to a plan that has these rows, and everything else as it is."""
        with self._question(request) as asked:
            changed = [r for r, row in rows.items() if self.row_of(r) != row]
            for r in changed:
                if r != request:
                    evaluation.remove_meeting(self.data, self.state, r)
            for r in changed:
                evaluation.place_at(self.data, self.state, r, *rows[r])
            return self._answer(asked, accept)

    @contextmanager
    def _narrowed(self, request: int, within: Region) -> Iterator[None]:
        """Have a request only the starts and the groups of places of a region meanwhile."""
        if within == ANYWHERE:
            yield
            return
        data = self.data
        starts, row = data.starts[request].copy(), data.requests[request].copy()
        first, last = int(row[requests.GROUPS_BEGIN]), int(row[requests.GROUPS_END])
        groups = data.group_list[first:last].copy()
        if within.starts is not None:
            data.starts[request] = starts & _bits_of(within.starts, len(starts))
        if within.groups is not None:
            kept = [group for group in groups if group in within.groups]
            data.group_list[first : first + len(kept)] = kept
            data.requests[request, requests.GROUPS_END] = first + len(kept)
        try:
            yield
        finally:
            data.starts[request], data.requests[request] = starts, row
            data.group_list[first:last] = groups

    def _take(self, search: DepthFirst, k: int) -> None:
        """Change the plan as an answer of the search says."""
        rows = search.answers[k, : search.sizes[k] * ROW].reshape(-1, ROW)
        for r in rows[1:, 0]:
            evaluation.remove_meeting(self.data, self.state, int(r))
        for row in rows:
            evaluation.place_at(self.data, self.state, *map(int, row))

    @contextmanager
    def _question(self, request: int) -> Iterator[_Question]:
        """Ask about a request, which is held no longer meanwhile. The plan is then as it was.

        Scores count from 0: what is gained by a way is rounded in the same way, whatever the plan is worth
        and in which order it was made.
        """
        state, was, score = self.state, self.row_of(request), float(self.state.score)
        self.apart, self.changed = self._apart(), max(int(self.data.rules[rules.MAX_MOVED]), state.changed)
        evaluation.begin_move(state)
        evaluation.undo_to(self.data, state, 0, 0.0)
        if was is not None:
            evaluation.remove_meeting(self.data, state, request)
        try:
            yield _Question(request, was, state.logged, float(state.score))
        finally:
            evaluation.undo_to(self.data, state, 0, score)

    def _try(
        self, asked: _Question, table: Int32s, k: int, accept: Accept, *, joint: bool = False
    ) -> Repair | None:
        """The accepted answer of one way."""
        if self._put(asked.request, table, k, joint=joint):
            return self._answer(asked, accept)
        evaluation.undo_to(self.data, self.state, asked.mark, asked.lost)
        return None

    def _answer(self, asked: _Question, accept: Accept) -> Repair | None:
        """The plan as it is now, if that is accepted as an answer. It goes back to how it was."""
        gain, rows = float(self.state.score), self._touched()
        allowed = self._is_allowed()
        evaluation.undo_to(self.data, self.state, asked.mark, asked.lost)
        before = {r: self.row_of(r) for r in rows} | {asked.request: asked.was}
        return accept(before, rows, gain) if allowed else None

    def weigh(self, request: int, *, alone: bool = False) -> tuple[Int32s, Floats]:
        """The ways to hold a request that is not held, as `ways` says."""
        n = evaluation.evaluate_candidates(
            self.data, self.state, request, self._table, self._figures, alone, self.apart, self.changed
        )
        return self._table[:n].copy(), self._figures[:n].copy()

    def _promising(
        self,
        table: Int32s,
        figures: Floats,
        lost: float,
        floor: Callable[[], float],
        most_dropped: int | None,
    ) -> Iterator[tuple[int, bool]]:
        """The rows that may be among the best: first as they are, then with a joint search."""
        gains, most = (
            np.round(figures[:, candidates.GAIN] + lost, DIGITS),
            np.round(figures[:, candidates.UPPER_BOUND] + lost, DIGITS),
        )
        for k in np.argsort(-gains, kind="stable"):
            if gains[k] <= floor():
                break
            if table[k, candidates.PLACED] and (
                most_dropped is None or table[k, candidates.UNPLACED] <= most_dropped
            ):
                yield int(k), False
        chained = paired = 0
        most_chained = MAX_CHAINED if most_dropped is None else MAX_WHOLE
        for k in np.argsort(-most, kind="stable"):
            if most[k] <= floor():
                break
            if table[k, candidates.UNPLACED] and chained < most_chained:
                chained += 1
                yield int(k), True
            elif (
                table[k, candidates.EJECTED] == PAIR
                and not table[k, candidates.UNPLACED]
                and paired < MAX_JOINT
            ):
                paired += 1
                yield int(k), True

    # One way

    def _put(self, request: int, table: Int32s, k: int, *, joint: bool) -> bool:
        """Hold the request by a row of the table, and what gave way elsewhere. False if it cannot be."""
        data, state = self.data, self.state
        if not evaluation.apply_candidate(data, state, request, table[k], k, False):
            return False
        pending = [int(r) for r in state.queue[: state.queued]]
        if joint and len(pending) == PAIR:
            self._jointly(pending)
        else:
            for r in pending:
                evaluation.place_best(data, state, r)
        if joint:
            locked = data.requests[request, requests.LOCKED]
            data.requests[request, requests.LOCKED] = 1
            for r in pending:
                if state.held[r, held.SLOT] < 0:
                    self._chain(r)
            data.requests[request, requests.LOCKED] = locked
        return True

    def _jointly(self, pair: Sequence[int]) -> None:
        """Hold two meetings at the free places that add most together. All of the first one's are tried."""
        data, state = self.data, self.state
        first, second = pair
        mark, begun = state.logged, float(state.score)
        most = evaluation.max_gain(data, state, second)
        evaluation.place_best(data, state, second)
        best, chosen = float(state.score) - begun, -1  # the second alone
        evaluation.undo_to(data, state, mark, begun)
        table, figures = self.weigh(first, alone=True)
        for k in np.argsort(-figures[:, candidates.GAIN], kind="stable"):
            if figures[k, candidates.GAIN] + most <= best:
                break
            evaluation.apply_candidate(data, state, first, table[k], int(k), True)
            evaluation.place_best(data, state, second)
            if float(state.score) - begun > best:
                best, chosen = float(state.score) - begun, int(k)
            evaluation.undo_to(data, state, mark, begun)
        if chosen >= 0:
            evaluation.apply_candidate(data, state, first, table[chosen], chosen, True)
        evaluation.place_best(data, state, second)

    def _chain(self, request: int) -> None:
        """Hold a meeting that has no free place where others make room, and find free places in turn."""
        data, state = self.data, self.state
        table, figures = self.weigh(request)
        fit = (
            (table[:, candidates.UNPLACED] == 0)
            & (table[:, candidates.EJECTED] <= MAX_EJECTED)
            & (table[:, candidates.PLACED] > 0)
        )
        if not fit.any():
            return
        k = int(np.argmax(np.where(fit, figures[:, candidates.GAIN], -np.inf)))
        if figures[k, candidates.GAIN] <= 0:
            return
        mark, score = state.logged, float(state.score)
        if not evaluation.apply_candidate(data, state, request, table[k], k, False):
            evaluation.undo_to(data, state, mark, score)
            return
        for r in [int(r) for r in state.queue[: state.queued]]:
            evaluation.place_best(data, state, r)

    # What came of it

    def _touched(self) -> dict[int, Row | None]:
        """The requests in the log, as they are now."""
        touched = np.unique(self.state.log[: self.state.logged, log.REQUEST])
        return {int(r): self.row_of(int(r)) for r in touched}

    def _apart(self) -> int:
        if self.data.rules[rules.SPREAD] < 0:
            return 0
        return int(evaluation.spread_excess(self.data, self.state))

    def _is_allowed(self) -> bool:
        """Whether H12 and H13 are no further broken than before."""
        return self.state.changed <= self.changed and self._apart() <= self.apart


def _bits_of(numbers: Collection[int], words: int) -> Words:
    """A set of small numbers as bits."""
    found = np.zeros(words, np.uint64)
    for number in numbers:
        found[number >> 6] |= np.uint64(1 << (number & 63))
    return found
