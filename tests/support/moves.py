"""Boards for tests of search moves: a hand-made plan, kernels applied to it, and the plan as text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from scheduler.domain import rules
from scheduler.domain.plan import Meeting
from scheduler.domain.problem import Problem
from scheduler.solver.annealing import anneal
from scheduler.solver.compiled.kernels import entry
from scheduler.solver.instance.arrays import Data, Flat, flatten
from scheduler.solver.instance.ranges import first_seat
from scheduler.solver.operators import ejection, repair
from scheduler.solver.plans.seating import seat_meetings
from scheduler.solver.state import delta, placement, steps
from scheduler.solver.state.columns import held
from scheduler.solver.state.loading import load, loading_order, table_of
from scheduler.solver.state.state import State, new_state


@entry
def _begin(state: State) -> None:
    state.logged = 0
    state.queued = 0
    state.stamp += 1


@entry
def _move(data: Data, state: State, kind: int, temperature: float) -> bool:
    return anneal.make_move(data, state, kind, temperature, state.stamp)


@entry
def _insert_by_ejection(data: Data, state: State, request: int, start: int, group: int, option: int) -> bool:
    return ejection.insert_by_ejection(data, state, request, start, group, option, state.stamp)


@entry
def _repair(data: Data, state: State, temperature: float, lowest: float) -> bool:
    return repair.repair(data, state, temperature, state.stamp, lowest)


@entry
def _undo(data: Data, state: State, score: float) -> None:
    steps.undo(data, state, 0, score)


@entry
def _hold(
    data: Data, state: State, request: int, start: int, group: int, option: int, interpreter: int
) -> float:
    return steps.hold(data, state, request, start, group, option, interpreter)


@entry
def _release(data: Data, state: State, request: int) -> float:
    return steps.release(data, state, request)


@entry
def _choose(data: Data, state: State, request: int, temperature: float) -> float:
    return placement.choose_place(data, state, request, temperature)


@entry
def _fits(
    data: Data, state: State, request: int, start: int, group: int, option: int, interpreter: int
) -> bool:
    return delta.is_feasible(data, state, request, start, group, option, interpreter)


@dataclass
class Board:
    """A problem, and a plan of it as search state."""

    problem: Problem
    flat: Flat
    state: State

    # State

    def plan(self) -> dict[str, str]:
        """Return slot and place of each scheduled request as text."""
        meetings, failed = seat_meetings(self.flat, self.state.held)
        assert not failed
        return {m.request: f"{m.slot} {m.place}" for m in meetings}

    def slots(self) -> dict[str, str]:
        return {request: words.split()[0] for request, words in self.plan().items()}

    def queue(self) -> list[str]:
        return [self.problem.requests[r].id for r in self.state.queue[: self.state.queued]]

    def score(self) -> float:
        """Return the score by the rules, and assert that they find no violation."""
        meetings, _ = seat_meetings(self.flat, self.state.held)
        found, score = rules.violations_and_score(self.problem, meetings)
        assert found == []
        return float(score.total)

    def picture(self) -> dict[str, Any]:
        """Return every field of the state that describes the plan, with unordered lists as multisets."""
        state, data = self.state, self.flat.data
        is_held = state.held[:, held.SLOT] >= 0
        names = ("at", "occupied", "open", "full", "day_count", "firm_day", "firm_open", "firm_count", "room",
                 "group_open", "interpreters_free", "changed_of")  # fmt: skip
        unscheduled = state.unscheduled[: state.unscheduled_count]
        assert (state.unscheduled_at[unscheduled] == np.arange(len(unscheduled))).all()
        return {
            **{name: getattr(state, name).tolist() for name in names},
            "held": np.where(is_held[:, None], state.held, -1).tolist(),
            "hall_at": np.where(state.at >= 0, state.hall_at, -1).tolist(),
            "unheld": sorted(unscheduled.tolist()),
            "seated": _seated(data, state),
            "score": round(state.score, 6),
            "changed": state.changed,
        }

    # Operations

    def begin(self) -> None:
        _begin(self.state)

    def move(self, kind: int, temperature: float = 1.0, tries: int = 200) -> float:
        """Make moves of a kind until one has an effect. Return its gain before the repair."""
        before = self.state.score
        for _ in range(tries):
            self.begin()
            if _move(self.flat.data, self.state, kind, temperature) and self.state.logged:
                return self.state.score - before
            self.undo(before)
        raise AssertionError(f"no move of kind {kind} in {tries}")

    def insert_by_ejection(self, request: str, slot: str, place: str) -> bool:
        """Insert a request by ejection, with its first option of attendees."""
        self.begin()
        index = self.problem.index
        r, group = index.requests[request], self.flat.groups.group_of[index.places[place]]
        option = self.flat.options.ranges[r][0]
        return bool(_insert_by_ejection(self.flat.data, self.state, r, index.slots[slot], group, option))

    def repair(self, temperature: float = 0.0, lowest: float = -1e12) -> bool:
        return bool(_repair(self.flat.data, self.state, temperature, lowest))

    def undo(self, score: float) -> None:
        _undo(self.flat.data, self.state, score)

    def row(self, meeting: Meeting) -> tuple[int, ...]:
        """Return request, slot, group, option and interpreter of a meeting."""
        r = self.problem.index.requests[meeting.request]
        return (r, *map(int, table_of(self.flat, [meeting])[r]))

    def hold(self, meeting: Meeting) -> float:
        return float(_hold(self.flat.data, self.state, *self.row(meeting)))

    def release(self, request: str) -> float:
        return float(_release(self.flat.data, self.state, self.problem.index.requests[request]))

    def fits(self, meeting: Meeting) -> bool:
        return bool(_fits(self.flat.data, self.state, *self.row(meeting)))

    def choose(self, request: str, temperature: float = 0.0) -> tuple[float, str, str]:
        """Return the gain, the chosen slot, and the first place of the chosen group."""
        r = self.problem.index.requests[request]
        gain = float(_choose(self.flat.data, self.state, r, temperature))
        place = self.flat.groups.members[self.state.chosen_group][0]
        return gain, self.problem.slots[self.state.chosen_slot].id, self.problem.places[place].id


def _seated(data: Data, state: State) -> dict[tuple[int, int], Counter[int]]:
    seated = {}
    for group, slot in np.ndindex(*data.seats.shape):
        first = int(first_seat.py_func(data, group, slot))  # type: ignore[attr-defined]  # numba's dispatcher
        taken = int(data.seats[group, slot] - state.room[group, slot])
        seated[group, slot] = Counter(state.seated[first : first + taken].tolist())
    return seated


def board(problem: Problem, meetings: Sequence[Meeting] = (), seed: int = 1) -> Board:
    """Return the problem with exactly these meetings scheduled."""
    flat = flatten(problem)
    state = new_state(flat.data, seed)
    load(flat.data, state, table_of(flat, meetings), loading_order(flat.data))
    assert state.unscheduled_count == len(problem.requests) - len(meetings)
    return Board(problem, flat, state)
