"""The local search: annealing by threads, each on some days of the plan that are dealt out anew often."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np

from scheduler.domain.solving import Crew
from scheduler.solver.anneal import KINDS, anneal
from scheduler.solver.arrays import SPREAD, Data, Flat
from scheduler.solver.kernels import Floats, Ints
from scheduler.solver.loading import load, loading_order, shift
from scheduler.solver.parts import Part, answers_to
from scheduler.solver.schedule import Budget, Heat
from scheduler.solver.shares import Confines, Improved, Share, days_of, deal, join, whole
from scheduler.solver.spread import PENALTY
from scheduler.solver.state import CHANGED, State, new_state

ODDS = (0.8, 0.25, 0.15, 0.2, 0.08, 0.3)  # measured: what wins most, on loose and on tight tables
EPOCH_SECONDS = 0.25  # between reports
EPOCHS = 200  # when moves are counted
BATCH = 2000  # moves between looks at the clock: some milliseconds
# Days are dealt out anew after each round: with rounds of 0.5 s plans were worse than one thread's.
THREAD_ROUND = 0.04
# What others answer takes longer to join: they improve the whole plan, and the best goes on in all.
CREW_ROUNDS = 20
SHORTEST_CREW_ROUND = 0.25
ROUND_FACTOR = 10  # a round lasts at least so many times as long as what comes between it and the next
LATE_SECONDS = 1.0  # after which a part that is not answered is lost; nobody here waits for it idly

Report = Callable[[State, bool], None]
"""Gets a plan, and whether it is the best one yet."""


@dataclass
class Search:
    """One annealing run from a start plan; `best` is the best table of meetings met, `score` its worth.

    With a crew, others anneal the plan as well. `share` is what may be changed, `span` which stretch of the
    heat's whole time this is, and `is_disturbed` tells that one of the workers' cores is taken by something
    else at the moment. A search that is stopped goes on for `cooling` seconds, cold: a hot plan is worth
    less than it could be.
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
    is_disturbed: Callable[[], bool] | None = None
    cooling: float = 0.0
    best: Ints = field(init=False)
    score: float = field(init=False)
    tally: Floats = field(init=False)

    def __post_init__(self) -> None:
        self.data: Data = self.flat.data
        self.order = loading_order(self.data)
        self.odds = np.cumsum(np.array(ODDS) / sum(ODDS))
        self.tally = np.zeros((KINDS, 3))
        self.draws = np.random.default_rng(self.seed)
        self.joining = 0.0  # seconds that threads wait for their next round
        self.between = SHORTEST_CREW_ROUND / 3  # seconds that others wait for their next part

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
        hands = [_Hand(self.data, plan)]
        hands += [
            _Hand(self.data, new_state(self.data, self.seed * 1000 + k)) for k in range(1, self.workers)
        ]
        with ThreadPoolExecutor(len(hands)) as self.pool:
            while not self.budget.is_over():
                members = self._members()
                if self.crew is not None and members:
                    self._round_with(self.crew, members, hands, share)
                else:
                    self._epoch(hands, share, time.monotonic() + EPOCH_SECONDS)
        if self.budget.is_stopped():
            self._cool(hands[0], share)

    def worth(self, plan: State) -> float:
        """The score, less what `max_idle_spread` takes off in the search."""
        return float(plan.score[0]) - PENALTY * self._excess(plan)

    def _excess(self, plan: State) -> int:
        """By how much the idle figures stand farther apart than `max_idle_spread`."""
        limit, figures = int(self.data.rule[SPREAD]), plan.idle_of
        return 0 if limit < 0 or not len(figures) else max(0, int(figures.max() - figures.min()) - limit)

    # Rounds of the threads here

    def _epoch(self, hands: list[_Hand], share: Share, until: float) -> None:
        """Improve a share of the first hand's plan for a moment, on as many threads as there are cores."""
        able = hands[: -1 if len(hands) > 1 and self._is_disturbed() else None]
        if moves := self._moves():
            self._round(able, share, moves, until)
            self.budget.made += moves
        while not moves and time.monotonic() < until and not self.budget.is_over():
            self._round(able, share, 0, min(until, time.monotonic() + self._seconds(able, share)))
        self._note(hands[0].state)

    def _seconds(self, hands: list[_Hand], share: Share) -> float:
        """How long a round of these threads lasts: short where they are dealt shares of their own."""
        if len(hands) == 1 or len(days_of(self.data, share)) < 2:
            return EPOCH_SECONDS
        return max(THREAD_ROUND, ROUND_FACTOR * self.joining)

    def _round(self, hands: list[_Hand], share: Share, moves: int, until: float) -> None:
        """Have each thread improve a share of its own, and put them together in the first one's state.

        Where there are fewer shares than hands, some work on the same one, and the best of them is taken.
        """
        plan = hands[0].state
        if len(hands) == 1:
            self._work(hands[0], share, moves, until)
            return
        before, table = self.worth(plan), plan.held.copy()
        shares = deal(self.data, share, len(hands), int(plan.number[CHANGED]), self.draws)
        taken = [shares[k % len(shares)] for k in range(len(hands))]

        def work(hand: _Hand, own: Share) -> None:
            if hand is not hands[0]:
                shift(self.data, hand.state, table, self.order)
            self._work(hand, own, moves, until)

        list(self.pool.map(work, hands, taken))
        began = time.monotonic()
        improved = [
            Improved(own, self.worth(hand.state), hand.state.held)
            for hand, own in zip(hands, taken, strict=True)
        ]
        self._take(plan, *join(table, before, improved), max(improved, key=lambda each: each.worth))
        self.joining += 0.1 * (time.monotonic() - began - self.joining)

    def _take(self, plan: State, joined: Ints, worth: float, single: Improved) -> None:
        """Load a joined plan; if it is worth less than it should be, rather a single one that is better."""
        alone = single.table.copy()
        shift(self.data, plan, joined, self.order)
        found = self.worth(plan)
        if found < min(worth - 1e-6, single.worth):
            shift(self.data, plan, alone, self.order)

    def _work(self, hand: _Hand, share: Share, moves: int, until: float) -> None:
        """Anneal a hand's plan for so many moves, or, if there are none, until a time."""
        data, state, tally = hand.confined(share), hand.state, np.zeros((KINDS, 3))
        if moves:
            anneal(data, state, moves, self._temperature(), self.odds, tally)
        while not moves and time.monotonic() < until and not self.budget.is_over():
            anneal(data, state, BATCH, self._temperature(), self.odds, tally)
        self.tally += tally

    def _cool(self, hand: _Hand, share: Share) -> None:
        """Make only moves that gain, for as long as a stop leaves."""
        until, data = time.monotonic() + self.cooling, hand.confined(share)
        while time.monotonic() < until:
            anneal(data, hand.state, BATCH, self.heat.at(1.0), self.odds, self.tally)
        self._note(hand.state)

    def _note(self, plan: State) -> None:
        """Keep the plan if it is the best one yet, and report."""
        is_best = plan.score[0] > self.score + 1e-6 and self._excess(plan) == 0
        if is_best:
            self.best[:], self.score = plan.held, float(plan.score[0])
        if self.report is not None:
            self.report(plan, is_best)

    def _is_disturbed(self) -> bool:
        return self.budget.moves is None and self.is_disturbed is not None and self.is_disturbed()

    def _moves(self) -> int:
        return 0 if self.budget.moves is None else max(1, self.budget.moves // EPOCHS)

    def _temperature(self) -> float:
        begin, end = self.span
        return self.heat.at(begin + (end - begin) * self.budget.share())

    # Parts that others take

    def _members(self) -> int:
        """How many others can take parts now."""
        if self.crew is None or self.budget.moves is not None or self._crew_seconds() < SHORTEST_CREW_ROUND:
            return 0
        return self.crew.size()

    def _crew_seconds(self) -> float:
        """How long the next parts may take; their answers must come before the budget is used up."""
        wanted = max(3 * self.between, self.budget.seconds / CREW_ROUNDS, SHORTEST_CREW_ROUND)
        return min(wanted, self.budget.seconds * (1 - self.budget.share()) - 2 * self.between)

    def _round_with(self, crew: Crew, members: int, hands: list[_Hand], share: Share) -> None:
        """Have others improve the plan as well, until they have answered or are late; the best goes on."""
        plan = hands[0].state
        before, seconds = self.worth(plan), self._crew_seconds()
        taken = [share] * members
        began = time.monotonic()
        crew.offer([self._part(plan, each, seconds).to_bytes() for each in taken])
        until = time.monotonic() + seconds
        answers: Mapping[int, bytes] = {}
        while (
            not self.budget.is_over() and len(answers) < members and time.monotonic() < until + LATE_SECONDS
        ):
            now = time.monotonic()
            self._epoch(hands, share, min(now + EPOCH_SECONDS, until) if now < until else now + THREAD_ROUND)
            if time.monotonic() >= until:
                answers = crew.answers()
        crew.withdraw()
        ours = Improved(share, self.worth(plan), plan.held.copy())
        improved = [ours, *answers_to(self.data, taken, answers)]
        self._take(plan, *join(ours.table, before, improved), ours)
        self._note(plan)
        if len(answers) == members:
            self.between = time.monotonic() - began - seconds

    def _part(self, plan: State, share: Share, seconds: float) -> Part:
        begin = self.budget.share()
        end = min(1.0, begin + seconds / self.budget.seconds)
        seed = int(self.draws.integers(2**31))
        return Part(plan.held, share, self.heat, begin, end, seconds, seed)


class _Hand:
    """A thread's own state, and the problem as it sees it while it may change a share only."""

    def __init__(self, data: Data, state: State) -> None:
        self.data, self.state = data, state
        self.confines: Confines | None = None

    def confined(self, share: Share) -> Data:
        """The problem for its plan as it is now."""
        if share.of == 1:
            return self.data
        if self.confines is None:
            self.confines = Confines(self.data)
        return self.confines.set(share, self.state.held)
