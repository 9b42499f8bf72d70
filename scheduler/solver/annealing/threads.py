"""Parallel annealing: on a day decomposition while many moves are kept, then with joined changes.

At a high temperature each thread owns some days, which are split anew often. A meeting then cannot move to
the day of another thread, which costs more the colder it is. Once few moves are kept, each thread searches
the whole plan for some milliseconds, and the changes are joined (`annealing/joining`).
"""

from __future__ import annotations

import math
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np

from scheduler.solver.annealing.anneal import KINDS, anneal
from scheduler.solver.annealing.day_shares import (
    Flags,
    Improved,
    Share,
    ShareRestriction,
    merge_shares,
    separable_days,
    split_by_days,
)
from scheduler.solver.annealing.joining import Joiner
from scheduler.solver.annealing.move_odds import cumulative_move_odds
from scheduler.solver.annealing.temperature import Budget, Temperatures, cooling_progress, is_spread_enforced
from scheduler.solver.clock import now
from scheduler.solver.compiled.kernels import Floats, Int32s
from scheduler.solver.instance.arrays import Data
from scheduler.solver.instance.columns import rules
from scheduler.solver.state.loading import load, loading_order, shift
from scheduler.solver.state.spread import PENALTY, excess_of
from scheduler.solver.state.state import State, new_state

BATCH = 2000  # moves between looks at the clock: some milliseconds
SHORTEST_BATCH = 100
ROUND_SECONDS = 0.1  # of a round: after it the days are split anew
USUAL_LOSS = 0.2  # of a thread's changes in a round whose changes are joined: its length is fitted to that
MAX_LOSS = 0.4  # then the days are split instead
LOSS_STEP = 0.3  # of the mean loss towards that of the last round
MIN_JOINED_MOVES, MAX_JOINED_MOVES = 500, 5000  # of a thread in such a round
SWITCH_SECONDS = 0.0005  # until a thread that waits gets the interpreter
ROUND_FACTOR = 10  # a round lasts at least so many times as long as what comes between it and the next


@dataclass
class Annealing:
    """An annealing schedule: the temperatures and the budget. `span` is its stretch of the whole cooling.

    `tally` counts moves by kind, as `anneal` does. `candidates` gives the requests that may be inserted at
    the moment, or None for all.
    """

    temperatures: Temperatures
    budget: Budget
    span: tuple[float, float] = (0.0, 1.0)
    tally: Floats = field(default_factory=lambda: np.zeros((KINDS, 3)))
    candidates: Callable[[], Flags | None] = lambda: None

    @property
    def share(self) -> float:
        """The share of the whole search that is over.

        Where the search trades meetings for one another it is that of its work, so that the high temperatures
        have their share of the moves although the proof takes a core. On a loose event the high temperatures
        bring little, and it is that of the time.
        """
        begin, end = self.span
        by_work = self.temperatures.trades_meetings
        return begin + (end - begin) * (self.budget.progress() if by_work else self.budget.share())

    def make(self, moves: int, data: Data, plan: State, tally: Floats) -> None:
        share, limit = self.share, int(data.rules[rules.SPREAD])
        odds = cumulative_move_odds(
            cooling_progress(share, limit), plan.unscheduled_count / len(data.requests)
        )
        anneal(data, plan, moves, self.temperatures.at(share, limit), self.penalty(data), odds, tally)

    def penalty(self, data: Data) -> float:
        """The price of a step beyond `max_idle_spread` by now."""
        return PENALTY if is_spread_enforced(self.share, int(data.rules[rules.SPREAD])) else 0.0

    def worth(self, data: Data, plan: State) -> float:
        """The score, less that price."""
        return plan.score - self.penalty(data) * excess_of(data, plan)

    def cool(self, until: float, data: Data, plan: State) -> None:
        """Quench: make only moves that gain, until a time."""
        odds = cumulative_move_odds(1.0, plan.unscheduled_count / len(data.requests))
        while now() < until:
            anneal(data, plan, BATCH, self.temperatures.at(1.0), PENALTY, odds, self.tally)


@dataclass
class _Switches:
    """The searches of this process that run, and the interval before the first of them."""

    searches: int = 0
    usual: float = 0.0
    lock: threading.Lock = field(default_factory=threading.Lock)


_switches = _Switches()


@contextmanager
def quick_switches() -> Iterator[None]:
    """Let threads wait less for the interpreter than the usual 5 ms, which is as long as a joined round.

    Beside a search, the model of the proof is built and plans of large events are checked, in Python. The
    interval is that of the process: the first of several searches sets it, and the last one sets it back.
    """
    with _switches.lock:
        if not _switches.searches:
            _switches.usual = sys.getswitchinterval()
            sys.setswitchinterval(SWITCH_SECONDS)
        _switches.searches += 1
    try:
        yield
    finally:
        with _switches.lock:
            _switches.searches -= 1
            if not _switches.searches:
                sys.setswitchinterval(_switches.usual)


@dataclass(frozen=True, slots=True)
class _JoinedRounds:
    """Rounds whose changes were joined: the moves of each thread, and whether more of them are worth it."""

    moves: int
    goes_on: bool


class SearchThreads:
    """Threads that improve one plan, each with a state of its own. The state of the first is the plan.

    Parameters
    ----------
    data
        The problem.
    plan
        The plan to improve, in place.
    threads
        How many, 1 or more.
    seed
        For the split of the days, and for the states of all threads but the first, which has its own.
    """

    def __init__(self, data: Data, plan: State, threads: int, seed: int) -> None:
        self.data, self.plan = data, plan
        self.order = loading_order(data)
        self.draws = np.random.default_rng(seed)
        self.threads = [_SearchThread(data, plan)]
        self.threads += [_SearchThread(data, new_state(data, seed * 1000 + k)) for k in range(1, threads)]
        self.pool = ThreadPoolExecutor(max(1, threads - 1))
        self.base = np.empty_like(plan.held)
        self.joiner = Joiner(data)
        self.joined_moves, self.loss = MIN_JOINED_MOVES, USUAL_LOSS
        self.between = 0.0  # seconds that threads wait for their next round

    def close(self) -> None:
        self.pool.shutdown()

    def load(self, table: Int32s) -> None:
        load(self.data, self.plan, table, self.order)

    def recount(self) -> None:
        """Count the worth of each thread's plan anew, after a change of the gains."""
        for thread in self.threads:
            load(self.data, thread.plan, thread.plan.held.copy(), self.order)

    def shift(self, table: Int32s) -> None:
        """The same, for a plan that differs little."""
        shift(self.data, self.plan, table, self.order)

    def worth(self, schedule: Annealing) -> float:
        return schedule.worth(self.data, self.plan)

    def excess(self) -> int:
        return excess_of(self.data, self.plan)

    def split(self, share: Share, count: int) -> list[Share]:
        """Split a share into `count` shares. Where there are fewer days, some of them are the same."""
        shares = split_by_days(self.data, share, count, self.plan.changed, self.draws)
        return [shares[k % len(shares)] for k in range(count)]

    def improve(self, schedule: Annealing, share: Share, until: float, count: int | None = None) -> None:
        """Improve a share of the plan until a time, or the end of the budget, on `count` threads or all."""
        threads = self.threads[:count]
        while (time := now()) < until and not schedule.budget.is_over():
            if not self._join_rounds(threads, schedule, share, 0, min(until, time + ROUND_SECONDS)).goes_on:
                self._round(threads, schedule, share, 0, min(until, now() + self._seconds(threads, share)))

    def improve_by(self, schedule: Annealing, share: Share, moves: int) -> None:
        """The same, by so many moves on each thread."""
        left = moves - self._join_rounds(self.threads, schedule, share, moves, 0.0).moves
        if left:
            self._round(self.threads, schedule, share, left, 0.0)

    def take(self, schedule: Annealing, table: Int32s, worth: float, single: Improved) -> None:
        """Load a joined plan. If it is worth less than it should be, load a single thread's plan instead."""
        alone = single.table.copy()
        self.shift(table)
        if self.worth(schedule) < min(worth - 1e-6, single.worth):
            self.shift(alone)

    def _seconds(self, threads: Sequence[_SearchThread], share: Share) -> float:
        """The seconds of a round: without an end where the plan is not split."""
        if len(threads) == 1 or len(separable_days(self.data, share)) < 2:
            return math.inf
        return max(ROUND_SECONDS, ROUND_FACTOR * self.between)

    def _join_rounds(
        self, threads: Sequence[_SearchThread], schedule: Annealing, share: Share, moves: int, until: float
    ) -> _JoinedRounds:
        """Let each thread search the whole share for a moment and join the changes, again and again.

        Ends after `moves` moves of each thread, or, if that is 0, at a time, or when too many changes are
        lost in joins. Nothing is joined where the idle spread is limited: that is a rule of the whole plan,
        which two searches that keep it may exceed together.
        """
        if len(threads) == 1 or self.data.rules[rules.SPREAD] >= 0:
            return _JoinedRounds(0, goes_on=False)
        data, made = threads[0].confined(share, schedule.candidates()), 0
        while made < moves if moves else now() < until and not schedule.budget.is_over():
            batch = min(self.joined_moves, moves - made) if moves else self.joined_moves
            self._join_round(threads, schedule, data, batch)
            made += batch
            fitting = int(self.joined_moves * min(2.0, USUAL_LOSS / max(0.01, self.loss)))
            self.joined_moves = min(max(fitting, MIN_JOINED_MOVES), MAX_JOINED_MOVES)
            if self.loss > MAX_LOSS:
                return _JoinedRounds(made, goes_on=False)
        return _JoinedRounds(made, goes_on=True)

    def _join_round(
        self, threads: Sequence[_SearchThread], schedule: Annealing, data: Data, moves: int
    ) -> None:
        """Make moves on each thread, and join the changes."""
        base = self.base
        base[:] = self.plan.held

        def work(thread: _SearchThread) -> Floats:
            tally = np.zeros((KINDS, 3))
            if thread is not threads[0]:
                shift(self.data, thread.plan, base, self.order)
            schedule.make(moves, data, thread.plan, tally)
            return tally

        for tally in self._run_all(work, threads):
            schedule.tally += tally
        temperature = schedule.temperatures.at(schedule.share)
        for thread in threads[1:]:
            joined = self.joiner.join(data, self.plan, base, thread.plan.held, temperature)
            lost = (joined.others - joined.taken) / max(1, joined.others)
            self.loss += LOSS_STEP * (lost - self.loss)

    def _run_all(self, work: Callable[..., Floats], *arguments: Sequence[object]) -> list[Floats]:
        """Call `work` with each row of arguments, the first one in this thread: waking another takes time."""
        first, *others = zip(*arguments, strict=True)
        waiting = [self.pool.submit(work, *row) for row in others]
        return [work(*first), *(future.result() for future in waiting)]

    def _round(
        self, threads: Sequence[_SearchThread], schedule: Annealing, share: Share, moves: int, until: float
    ) -> None:
        """Improve one share on each thread, and join the shares in the plan.

        Where there are fewer shares than threads, the best result of each share is taken.
        """
        if len(threads) == 1:
            schedule.tally += threads[0].work(schedule, share, moves, until)
            return
        before, table = self.worth(schedule), self.plan.held.copy()
        taken = self.split(share, len(threads))

        def work(thread: _SearchThread, own: Share) -> Floats:
            if thread is not threads[0]:
                shift(self.data, thread.plan, table, self.order)
            return thread.work(schedule, own, moves, until)

        for tally in self._run_all(work, threads, taken):
            schedule.tally += tally
        began = now()
        improved = [
            Improved(own, schedule.worth(self.data, thread.plan), thread.plan.held)
            for thread, own in zip(threads, taken, strict=True)
        ]
        self.take(
            schedule, *merge_shares(table, before, improved), max(improved, key=lambda each: each.worth)
        )
        self.between += 0.1 * (now() - began - self.between)


class _SearchThread:
    """A thread's own state, and its view of the problem: all but its share is as if frozen."""

    def __init__(self, data: Data, plan: State) -> None:
        self.data, self.plan = data, plan
        self.confines: ShareRestriction | None = None

    def work(self, schedule: Annealing, share: Share, moves: int, until: float) -> Floats:
        """Make `moves` moves, or, if that is 0, moves until a time. Gives their tally."""
        data, tally = self.confined(share, schedule.candidates()), np.zeros((KINDS, 3))
        if moves:
            schedule.make(moves, data, self.plan, tally)
        batch = BATCH
        while not moves and (began := now()) < until and not schedule.budget.is_over():
            schedule.make(batch, data, self.plan, tally)
            # The last batch ends with the round: the other threads wait for it.
            ended = now()
            fitting = batch * max(0.0, until - ended) / max(1e-6, ended - began)
            batch = int(min(BATCH, max(SHORTEST_BATCH, fitting)))
        return tally

    def confined(self, share: Share, candidates: Flags | None) -> Data:
        """The problem for its plan as it is now."""
        if share.of == 1 and candidates is None:
            return self.data
        if self.confines is None:
            self.confines = ShareRestriction(self.data)
        return self.confines.set(share, self.plan.held, candidates)
