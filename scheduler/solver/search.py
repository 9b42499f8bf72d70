"""The local search: annealing on all workers' threads at once, each on some days of the same plan."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np

from scheduler.solver.anneal import KINDS, anneal
from scheduler.solver.arrays import DAY, MAX_MOVED, SPREAD, Data, Flat
from scheduler.solver.kernels import Floats, Ints, Words
from scheduler.solver.loading import load, loading_order
from scheduler.solver.schedule import Budget, Heat
from scheduler.solver.state import CHANGED, SLOT, State, new_state

ODDS = (0.5, 0.15, 0.03, 0.45, 0.08, 0.5)  # measured: what wins most score in the time near the end
EPOCH_SECONDS = 0.25
EPOCHS = 200  # when moves are counted
BATCH = 2000  # moves between looks at the clock

Report = Callable[[State, bool], None]
"""Gets the plan as it is, and whether it is the best one yet."""


@dataclass
class Search:
    """One annealing run from a start plan; `best` is the best table of meetings met, `score` its worth."""

    flat: Flat
    heat: Heat
    budget: Budget
    workers: int
    seed: int
    report: Report | None = None
    best: Ints = field(init=False)
    score: float = field(init=False)
    tally: Floats = field(init=False)

    def __post_init__(self) -> None:
        self.data: Data = self.flat.data
        self.order = loading_order(self.data)
        self.odds = np.cumsum(np.array(ODDS) / sum(ODDS))
        self.tally = np.zeros((KINDS, 3))
        self.draws = np.random.default_rng(self.seed)

    def run(self, plan: State) -> None:
        """Improve the plan until the budget is used up; leaves the best plan in `best` and in the state."""
        self.best, self.score = plan.held.copy(), float(plan.score[0])
        if not len(self.data.req) or not len(self.data.slot):
            return
        parts = self._parts()
        states = [new_state(self.data, self.seed * 1000 + k) for k in range(parts)] if parts > 1 else [plan]
        with ThreadPoolExecutor(parts, initializer=_step_back) as pool:
            while not self.budget.is_over():
                self._epoch(plan, states, pool)
                is_best = plan.score[0] > self.score + 1e-6 and self._is_even(plan)
                if is_best:
                    self.best[:], self.score = plan.held, float(plan.score[0])
                if self.report is not None:
                    self.report(plan, is_best)
        load(self.data, plan, self.best, self.order)

    def _is_even(self, plan: State) -> bool:
        """Whether the idle figures keep `max_idle_spread`."""
        limit, figures = int(self.data.rule[SPREAD]), plan.idle_of
        return limit < 0 or not len(figures) or int(figures.max() - figures.min()) <= limit

    def _parts(self) -> int:
        """How many threads can share the plan: it is cut by days, which rules on whole events forbid."""
        d = self.data
        if len(d.before) or d.rule[SPREAD] >= 0:
            return 1
        return max(1, min(self.workers, len(d.day_words)))

    def _epoch(self, plan: State, states: list[State], pool: ThreadPoolExecutor) -> None:
        """Anneal every part for a moment, then join the parts."""
        if len(states) == 1:
            self._work(states[0], self._moves(), time.monotonic() + EPOCH_SECONDS)
            self.budget.made += self._moves()
            return
        for k, (state, days) in enumerate(zip(states, self._cut(len(states)), strict=True)):
            load(self.data, state, plan.held, self.order)
            state.active[0] = days
            slack = max(0, int(self.data.rule[MAX_MOVED]) - int(plan.number[CHANGED])) // len(states)
            most = min(int(plan.number[CHANGED]) + slack, int(np.iinfo(np.int32).max))
            state.part[:] = (len(states), k, most)
        until = time.monotonic() + EPOCH_SECONDS
        list(pool.map(lambda state: self._work(state, self._moves(), until), states))
        self.budget.made += self._moves()
        table = np.full_like(plan.held, -1)
        for state in states:
            slots = state.held[:, SLOT]
            mine = (slots >= 0) & _are_set(state.active[0], slots)
            table[mine] = state.held[mine]
        load(self.data, plan, table, self.order)

    def _moves(self) -> int:
        return 0 if self.budget.moves is None else max(1, self.budget.moves // EPOCHS)

    def _work(self, state: State, moves: int, until: float) -> None:
        """Anneal one state for so many moves, or, if there are none, until a time."""
        tally = np.zeros((KINDS, 3))
        if moves:
            anneal(self.data, state, moves, self.heat.at(self.budget.share()), self.odds, tally)
        while not moves and time.monotonic() < until and not self.budget.is_stopped():
            anneal(self.data, state, BATCH, self.heat.at(self.budget.share()), self.odds, tally)
        self.tally += tally

    def _cut(self, parts: int) -> list[Words]:
        """Deal the days out to the parts, about as many slots to each."""
        days = self.draws.permutation(len(self.data.day_words))
        sizes = np.bincount(self.data.slot[:, DAY], minlength=len(days))
        words = [np.zeros(self.data.day_words.shape[1], np.uint64) for _ in range(parts)]
        loads = [0] * parts
        for day in days:
            k = loads.index(min(loads))
            loads[k] += int(sizes[day])
            words[k] |= self.data.day_words[day]
        return words


def _step_back() -> None:
    """Lower this thread's priority: the proof of the bound beside it is short, and needs a whole core."""
    if sys.platform == "linux":  # where a thread has a priority of its own
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 5)


def _are_set(words: Words, slots: Ints) -> Ints:
    """For each slot whether its bit is set; any answer for -1."""
    bits = words[np.maximum(slots, 0) >> 6] >> (np.maximum(slots, 0) & 63).astype(np.uint64)
    found: Ints = (bits & np.uint64(1)) > 0
    return found
