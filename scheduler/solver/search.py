"""The local search: annealing on all workers' threads at once, each on some days of the same plan."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np

from scheduler.domain.solving import Crew
from scheduler.solver.anneal import KINDS, anneal
from scheduler.solver.arrays import DAY, SPREAD, Data, Flat
from scheduler.solver.kernels import Floats, Ints, Words
from scheduler.solver.loading import load, loading_order
from scheduler.solver.parts import Part, Share, join, put_in, shares_of, whole
from scheduler.solver.schedule import Budget, Heat
from scheduler.solver.spread import PENALTY
from scheduler.solver.state import CHANGED, State, new_state

ODDS = (0.5, 0.15, 0.03, 0.45, 0.08, 0.5)  # measured: what wins most score in the time near the end
EPOCH_SECONDS = 0.25
EPOCHS = 200  # when moves are counted
BATCH = 2000  # moves between looks at the clock
ROUNDS = 100  # of parts that others take: with 40, the days dealt out less often, scores were measured lower
SHORTEST_ROUND, LONGEST_ROUND = 0.25, 3.0  # seconds
ROUND_FACTOR = 3  # a round lasts at least so many times as long as what comes between it and the next
LATE_SECONDS = 1.0  # after which a part that is not answered is lost; nobody here waits for it idly
LOOK_SECONDS = 0.02

Report = Callable[[State, bool], None]
"""Gets the plan as it is, and whether it is the best one yet."""


@dataclass
class Search:
    """One annealing run from a start plan; `best` is the best table of meetings met, `score` its worth.

    With a crew, others take parts of the plan; without, or in between, all of it is annealed here.
    `share` is what it may change, `span` which stretch of the heat's whole time it is.
    """

    flat: Flat
    heat: Heat
    budget: Budget
    workers: int
    seed: int
    report: Report | None = None
    crew: Crew | None = None
    share: Share | None = None
    span: tuple[float, float] = (0.0, 1.0)
    best: Ints = field(init=False)
    score: float = field(init=False)
    tally: Floats = field(init=False)

    def __post_init__(self) -> None:
        self.data: Data = self.flat.data
        self.order = loading_order(self.data)
        self.odds = np.cumsum(np.array(ODDS) / sum(ODDS))
        self.tally = np.zeros((KINDS, 3))
        self.draws = np.random.default_rng(self.seed)
        self.between = SHORTEST_ROUND / ROUND_FACTOR  # seconds that others wait for their next part

    def run(self, plan: State) -> None:
        """Improve the plan until the budget is used up; leaves the best plan in `best` and in the state."""
        self.advance(plan)
        load(self.data, plan, self.best, self.order)

    def advance(self, plan: State) -> None:
        """The same, but leaves the plan as it is in the end, which may be hot."""
        self.best, self.score = plan.held.copy(), float(plan.score[0])
        if not len(self.data.req) or not len(self.data.slot):
            return
        share = whole(self.data) if self.share is None else self.share
        threads = min(self.workers, self._days(share))
        states = [new_state(self.data, self.seed * 1000 + k) for k in range(threads)] if threads > 1 else []
        with ThreadPoolExecutor(threads, initializer=_step_back) as pool:

            def epoch(share: Share, seconds: float) -> None:
                self._epoch(plan, share, seconds, states, pool)
                self._note(plan)

            while not self.budget.is_over():
                members = self._members()
                if self.crew is not None and members:
                    self._round(plan, share, self.crew, members, epoch)
                else:
                    epoch(share, EPOCH_SECONDS)

    def worth(self, plan: State) -> float:
        """The score, less what `max_idle_spread` takes off in the search."""
        return float(plan.score[0]) - PENALTY * self._excess(plan)

    def _note(self, plan: State) -> None:
        """Keep the plan if it is the best one, and report."""
        is_best = plan.score[0] > self.score + 1e-6 and self._excess(plan) == 0
        if is_best:
            self.best[:], self.score = plan.held, float(plan.score[0])
        if self.report is not None:
            self.report(plan, is_best)

    def _excess(self, plan: State) -> int:
        """By how much the idle figures stand farther apart than `max_idle_spread`."""
        limit, figures = int(self.data.rule[SPREAD]), plan.idle_of
        return 0 if limit < 0 or not len(figures) else max(0, int(figures.max() - figures.min()) - limit)

    # Parts that others take

    def _members(self) -> int:
        """How many others can take parts now."""
        if self.crew is None or self.budget.moves is not None or self._round_seconds() < SHORTEST_ROUND:
            return 0
        return self.crew.size()

    def _round_seconds(self) -> float:
        """How long the next parts may take; their answers must come before the budget is used up."""
        wanted = max(self.budget.seconds / ROUNDS, ROUND_FACTOR * self.between, SHORTEST_ROUND)
        return min(wanted, LONGEST_ROUND, self.budget.seconds * (1 - self.budget.share()) - 2 * self.between)

    def _round(
        self, plan: State, share: Share, crew: Crew, members: int, epoch: Callable[[Share, float], None]
    ) -> None:
        """Offer parts, work on an own one until they are answered or late, and join them.

        Where there are fewer days than hands, some work on the same ones, and the best of them is taken.
        """
        shares = self._shares(plan, share, members + 1)
        taken = [shares[(k + 1) % len(shares)] for k in range(members)]
        seconds = max(LOOK_SECONDS, self._round_seconds())
        until = time.monotonic() + seconds
        crew.offer([self._part(plan, share, seconds).to_bytes() for share in taken])
        answers: Mapping[int, bytes] = {}
        while not self.budget.is_over() and len(answers) < members and self._is_in_time(until):
            epoch(shares[0], max(LOOK_SECONDS, min(EPOCH_SECONDS, until - time.monotonic())))
            if time.monotonic() >= until:
                answers = crew.answers()
        crew.withdraw()
        table = join(self.data, plan.held, shares[0], self.worth(plan), taken, answers)
        load(self.data, plan, table, self.order)
        self._note(plan)
        if len(answers) == members:
            self.between = time.monotonic() - until

    def _is_in_time(self, until: float) -> bool:
        return time.monotonic() < until + LATE_SECONDS

    def _part(self, plan: State, share: Share, seconds: float) -> Part:
        begin = self.budget.share()
        end = min(1.0, begin + seconds / self.budget.seconds)
        seed = int(self.draws.integers(2**31))
        return Part(plan.held, share, self.heat, begin, end, seconds, seed)

    # Parts that the threads here take

    def _epoch(
        self, plan: State, share: Share, seconds: float, states: list[State], pool: ThreadPoolExecutor
    ) -> None:
        """Anneal the share for a moment, cut into a part for each thread, then join the parts."""
        until, moves = time.monotonic() + seconds, self._moves()
        if len(states) < 2:
            _limit(plan, share)
            self._work(plan, moves, until)
            self.budget.made += moves
            return
        shares = self._shares(plan, share, len(states))
        taken = [shares[k % len(shares)] for k in range(len(states))]

        def work(state: State, own: Share) -> None:
            load(self.data, state, plan.held, self.order)
            _limit(state, own)
            self._work(state, moves, until)

        list(pool.map(work, states, taken))
        self.budget.made += moves
        table = plan.held.copy()
        for state, own in sorted(zip(states, taken, strict=True), key=lambda pair: self.worth(pair[0])):
            put_in(table, own.words, state.held)
        load(self.data, plan, table, self.order)

    def _moves(self) -> int:
        return 0 if self.budget.moves is None else max(1, self.budget.moves // EPOCHS)

    def _work(self, state: State, moves: int, until: float) -> None:
        """Anneal one state for so many moves, or, if there are none, until a time."""
        tally = np.zeros((KINDS, 3))
        if moves:
            anneal(self.data, state, moves, self._temperature(), self.odds, tally)
        while not moves and time.monotonic() < until and not self.budget.is_stopped():
            anneal(self.data, state, BATCH, self._temperature(), self.odds, tally)
        self.tally += tally

    def _temperature(self) -> float:
        begin, end = self.span
        return self.heat.at(begin + (end - begin) * self.budget.share())

    def _days(self, share: Share) -> int:
        """How many days can be searched side by side: one if there are rules on whole events."""
        d = self.data
        if len(d.before) or d.rule[SPREAD] >= 0:
            return 1
        return max(1, int((d.day_words & share.words).any(axis=1).sum()))

    def _shares(self, plan: State, share: Share, hands: int) -> list[Share]:
        """The share dealt out to so many hands, by days; if there are fewer shares, some work on the same.

        A meeting never leaves the days of its share: every other time there are shares of two days.
        """
        days = self._days(share)
        parts, in_pairs = min(hands, days), (days + 1) // 2
        if parts > in_pairs and self.draws.random() < 0.5:
            parts = in_pairs
        return shares_of(share, self._cut(parts, share.words), int(plan.number[CHANGED]))

    def _cut(self, parts: int, words: Words) -> list[Words]:
        """Deal the days among `words` out to the parts, about as many slots to each."""
        if parts == 1:
            return [words]
        days = self.draws.permutation(len(self.data.day_words))
        sizes = np.bincount(self.data.slot[:, DAY], minlength=len(days))
        dealt = [np.zeros_like(words) for _ in range(parts)]
        loads = [0] * parts
        for day in days:
            if (self.data.day_words[day] & words).any():
                k = loads.index(min(loads))
                loads[k] += int(sizes[day])
                dealt[k] |= self.data.day_words[day]
        return dealt


def _limit(state: State, share: Share) -> None:
    """Let a state's search change its share only."""
    state.active[0] = share.words
    state.part[:] = (share.of, share.number, share.most)


def _step_back() -> None:
    """Lower this thread's priority: the proof of the bound beside it is short, and needs a whole core."""
    if sys.platform == "linux":  # where a thread has a priority of its own
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 5)
