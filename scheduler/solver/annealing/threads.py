"""Threads that improve one plan side by side: each some days of it, which are dealt out anew often."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np

from scheduler.solver.annealing.anneal import KINDS, anneal
from scheduler.solver.annealing.day_shares import Confines, Improved, Share, days_of, deal, join
from scheduler.solver.annealing.odds import odds_at
from scheduler.solver.annealing.temperature import Budget, Temperatures, cooled, is_kept
from scheduler.solver.compiled.kernels import Floats, Int32s
from scheduler.solver.instance.arrays import Data
from scheduler.solver.instance.columns import rules
from scheduler.solver.state.loading import load, loading_order, shift
from scheduler.solver.state.spread import PENALTY, excess_of
from scheduler.solver.state.state import State, new_state

BATCH = 2000  # moves between looks at the clock: some milliseconds
ROUND_SECONDS = 0.04  # after which days are dealt out anew
ROUND_FACTOR = 10  # a round lasts at least so many times as long as what comes between it and the next


@dataclass
class Annealing:
    """How a plan is changed: how long, and how hot; `span` is which stretch of the whole cooling it is.

    `tally` counts moves by kind, as `anneal` does.
    """

    temperatures: Temperatures
    budget: Budget
    span: tuple[float, float] = (0.0, 1.0)
    tally: Floats = field(default_factory=lambda: np.zeros((KINDS, 3)))

    @property
    def share(self) -> float:
        """The share of the whole search's time that is over."""
        begin, end = self.span
        return begin + (end - begin) * self.budget.share()

    def make(self, moves: int, data: Data, plan: State, tally: Floats) -> None:
        share, limit = self.share, int(data.rules[rules.SPREAD])
        odds = odds_at(cooled(share, limit), plan.unheld_count / len(data.requests))
        anneal(data, plan, moves, self.temperatures.at(share, limit), self.penalty(data), odds, tally)

    def penalty(self, data: Data) -> float:
        """The price of a step beyond `max_idle_spread` by now."""
        return PENALTY if is_kept(self.share, int(data.rules[rules.SPREAD])) else 0.0

    def worth(self, data: Data, plan: State) -> float:
        """The score, less that price."""
        return plan.score - self.penalty(data) * excess_of(data, plan)

    def cool(self, until: float, data: Data, plan: State) -> None:
        """Make only moves that gain, until a time."""
        odds = odds_at(1.0, plan.unheld_count / len(data.requests))
        while time.monotonic() < until:
            anneal(data, plan, BATCH, self.temperatures.at(1.0), PENALTY, odds, self.tally)


class Team:
    """Threads that improve one plan, each with a state of its own; that of the first one is the plan.

    Parameters
    ----------
    data
        The problem.
    plan
        The plan to improve, in place.
    threads
        How many, 1 or more.
    seed
        For the dealing of days, and for the states of all threads but the first, which has its own.
    """

    def __init__(self, data: Data, plan: State, threads: int, seed: int) -> None:
        self.data, self.plan = data, plan
        self.order = loading_order(data)
        self.draws = np.random.default_rng(seed)
        self.hands = [_Hand(data, plan)]
        self.hands += [_Hand(data, new_state(data, seed * 1000 + k)) for k in range(1, threads)]
        self.pool = ThreadPoolExecutor(threads)
        self.between = 0.0  # seconds that threads wait for their next round

    def close(self) -> None:
        self.pool.shutdown()

    def load(self, table: Int32s) -> None:
        load(self.data, self.plan, table, self.order)

    def shift(self, table: Int32s) -> None:
        """The same, for a plan that differs little."""
        shift(self.data, self.plan, table, self.order)

    def worth(self, way: Annealing) -> float:
        return way.worth(self.data, self.plan)

    def excess(self) -> int:
        return excess_of(self.data, self.plan)

    def deal(self, share: Share, hands: int) -> list[Share]:
        """A share for each of so many hands; where there are fewer days, some have the same one."""
        shares = deal(self.data, share, hands, self.plan.changed, self.draws)
        return [shares[k % len(shares)] for k in range(hands)]

    def improve(self, way: Annealing, share: Share, until: float, threads: int | None = None) -> None:
        """Improve a share of the plan until a time, or the end of the budget; on all threads or so many."""
        hands = self.hands[:threads]
        while (now := time.monotonic()) < until and not way.budget.is_over():
            self._round(hands, way, share, 0, min(until, now + self._seconds(hands, share)))

    def improve_by(self, way: Annealing, share: Share, moves: int) -> None:
        """The same, by so many moves on each thread."""
        self._round(self.hands, way, share, moves, 0.0)

    def take(self, way: Annealing, table: Int32s, worth: float, single: Improved) -> None:
        """Take over a joined plan; if it is worth less than it should be, rather a single one."""
        alone = single.table.copy()
        self.shift(table)
        if self.worth(way) < min(worth - 1e-6, single.worth):
            self.shift(alone)

    def _seconds(self, hands: Sequence[_Hand], share: Share) -> float:
        """How long a round lasts: as long as it may where nothing is dealt out."""
        if len(hands) == 1 or len(days_of(self.data, share)) < 2:
            return math.inf
        return max(ROUND_SECONDS, ROUND_FACTOR * self.between)

    def _round(self, hands: Sequence[_Hand], way: Annealing, share: Share, moves: int, until: float) -> None:
        """Have each thread improve a share of its own, and put them together in the plan.

        Where there are fewer shares than hands, the best of those on the same one is taken.
        """
        if len(hands) == 1:
            way.tally += hands[0].work(way, share, moves, until)
            return
        before, table = self.worth(way), self.plan.held.copy()
        taken = self.deal(share, len(hands))

        def work(hand: _Hand, own: Share) -> Floats:
            if hand is not hands[0]:
                shift(self.data, hand.plan, table, self.order)
            return hand.work(way, own, moves, until)

        for tally in self.pool.map(work, hands, taken):
            way.tally += tally
        began = time.monotonic()
        improved = [
            Improved(own, way.worth(self.data, hand.plan), hand.plan.held)
            for hand, own in zip(hands, taken, strict=True)
        ]
        self.take(way, *join(table, before, improved), max(improved, key=lambda each: each.worth))
        self.between += 0.1 * (time.monotonic() - began - self.between)


class _Hand:
    """A thread's own state, and the problem as it sees it while it may change a share only."""

    def __init__(self, data: Data, plan: State) -> None:
        self.data, self.plan = data, plan
        self.confines: Confines | None = None

    def work(self, way: Annealing, share: Share, moves: int, until: float) -> Floats:
        """Make so many moves, or, if there are none, such as there is time for; the tally of them."""
        data, tally = self.confined(share), np.zeros((KINDS, 3))
        if moves:
            way.make(moves, data, self.plan, tally)
        while not moves and time.monotonic() < until and not way.budget.is_over():
            way.make(BATCH, data, self.plan, tally)
        return tally

    def confined(self, share: Share) -> Data:
        """The problem for its plan as it is now."""
        if share.of == 1:
            return self.data
        if self.confines is None:
            self.confines = Confines(self.data)
        return self.confines.set(share, self.plan.held)
