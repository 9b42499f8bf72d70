"""The local search: annealing on the threads of this process, and by helpers, which are other workers."""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field

from scheduler.domain.solving import Helpers
from scheduler.solver.annealing.candidates import FILTER_SHARE, LpGuide, choose_candidates
from scheduler.solver.annealing.day_shares import (
    Flags,
    Improved,
    Share,
    full_share,
    merge_shares,
    separable_days,
)
from scheduler.solver.annealing.subproblem import Subproblem, decode_answers
from scheduler.solver.annealing.temperature import (
    Budget,
    Temperatures,
    cooling_progress,
    is_spread_enforced,
)
from scheduler.solver.annealing.threads import ROUND_FACTOR, Annealing, SearchThreads, quick_switches
from scheduler.solver.clock import now
from scheduler.solver.compiled.kernels import Floats, Int32s
from scheduler.solver.instance.arrays import Flat, with_own_gain
from scheduler.solver.instance.columns import rules
from scheduler.solver.operators.construct import construct
from scheduler.solver.operators.spread_repair import repair_spread
from scheduler.solver.state.columns import held
from scheduler.solver.state.state import State

REPORT_SECONDS = 0.25
REPORTS = 200  # when moves are counted
SHORTEST_HELPED_ROUND = 0.2
LONG_HELPED_ROUNDS = 20  # where the plan is not split: all improve the whole of it, and the best goes on
LATE_SECONDS = 1.0  # after which an unanswered subproblem is lost. The threads here anneal meanwhile.
POLL_SECONDS = 0.005

Report = Callable[[State, float, bool], None]
"""Gets a plan, its score, and whether it is the best one yet."""


@dataclass
class Search:
    """One annealing run from a start plan.

    A plan that exceeds `max_idle_spread` is never the best plan, not even the start plan. `score` is minus
    infinity until a plan keeps that limit.

    Parameters
    ----------
    flat
        The problem as arrays.
    temperatures
        First and last temperature, in points of score.
    budget
        The seconds of the search, or its moves for each thread.
    workers
        Threads, 1 or more.
    seed
        The same seed, moves and threads give the same plan, as long as there are no helpers.
    report
        Is called after each round, from the thread that runs the search.
    helpers
        Other workers that anneal shares of the plan as well, if the search is limited by time.
    spare_cores
        Gives the number of cores of this machine that the search may use at the moment, or None for all.
    cooling
        Seconds for which a stopped search goes on at the lowest temperature. So it wins back what a high
        temperature costs.
    guide
        Gives what the LPs of the score say by now, or None while none is solved. Is asked before each round,
        and gives the same object until another one is solved.

    Attributes
    ----------
    best
        The best plan met: int32, requests x 4 (slot, group, option, interpreter; slot -1 if not held).
    score
        Its worth in points, with the extra gain of compulsory requests.
    """

    flat: Flat
    temperatures: Temperatures
    budget: Budget
    workers: int
    seed: int
    report: Report | None = None
    helpers: Helpers | None = None
    spare_cores: Callable[[], int | None] = lambda: None
    cooling: float = 0.0
    guide: Callable[[], LpGuide | None] = lambda: None
    best: Int32s = field(init=False)
    score: float = field(init=False)

    def __post_init__(self) -> None:
        self.gain: Floats = self.flat.data.gain
        self.data = with_own_gain(self.flat.data)
        self.prices: Floats | None = None
        self.budget.threads = self.workers
        self.schedule = Annealing(self.temperatures, self.budget, candidates=self._candidates)
        self.taken: LpGuide | None = None
        self.everything = full_share(self.data)
        self.between = (
            SHORTEST_HELPED_ROUND / ROUND_FACTOR
        )  # seconds that helpers wait for their next subproblem

    @property
    def tally(self) -> Floats:
        """Moves by kind: tried, kept, and the score won."""
        return self.schedule.tally

    def run(self, plan: State) -> None:
        """Improve the plan until the budget is used up. Leaves the best plan in `best` and in the state."""
        self.best, self.score = plan.held.copy(), -math.inf
        if not len(self.data.requests) or not len(self.data.slots):
            return
        self.threads = SearchThreads(self.data, plan, self.workers, self.seed)
        self._update_incumbent(self._score())
        with closing(self.threads), quick_switches():
            while not self.budget.is_over():
                self._take_guide()
                guide = self._guide_now()
                self._set_prices(None if guide is None else guide.prices)
                if is_spread_enforced(self.schedule.share, int(self.data.rules[rules.SPREAD])):
                    self._repair_spread()
                count = self._free_helpers() if self.prices is None else 0  # helpers know no prices
                if self.helpers is not None and count:
                    self._helped_round(self.helpers, count)
                else:
                    self._round()
        self._set_prices(None)
        if self.budget.is_stopped():
            self.schedule.cool(now() + self.cooling, self.data, plan)
            self._note()
        self._repair_spread()
        self.threads.load(self.best)

    def _guide_now(self) -> LpGuide | None:
        """What the LPs say, but at the end of a cooling: they know neither the slots nor all of the score."""
        share, limit = self.schedule.share, int(self.data.rules[rules.SPREAD])
        return self.taken if cooling_progress(share, limit) < FILTER_SHARE else None

    def _candidates(self) -> Flags | None:
        """The requests that may be inserted at the moment, or None for all."""
        guide = self._guide_now()
        if guide is None:
            return None
        temperature = self.schedule.temperatures.at(self.schedule.share, int(self.data.rules[rules.SPREAD]))
        return choose_candidates(self.data, guide.reduced_costs, temperature)

    def _take_guide(self) -> None:
        """Take up what the LPs say that are solved by now."""
        guide = self.guide()
        if guide is not None and guide is not self.taken:
            self.taken = guide
            self.temperatures = self.schedule.temperatures = guide.temperatures

    def _set_prices(self, prices: Floats | None) -> None:
        """Reduce the gains of the threads by these prices, and count the worth of their plans anew."""
        if prices is not self.prices:
            self.prices = prices
            self.data.gain[:] = self.gain if prices is None else self.gain - prices
            self.threads.recount()

    def _repair_spread(self) -> None:
        """Spread repair: drop meetings until the plan keeps `max_idle_spread`, then insert others."""
        if self.threads.excess():
            repair_spread(self.data, self.threads.plan)
            construct(self.data, self.threads.plan)
            self._note()

    # Rounds of the threads here

    def _round(self) -> None:
        """Improve the plan until the next report."""
        if self.budget.moves is None:
            self._improve(self.everything, now() + REPORT_SECONDS)
        else:
            moves = max(1, self.budget.moves // REPORTS)
            self.threads.improve_by(self.schedule, self.everything, moves)
            self.budget.made += moves
        self._note()

    def _improve(self, share: Share, until: float) -> None:
        spare = self.spare_cores()
        threads = self.workers if spare is None else max(1, min(self.workers, spare))
        self.budget.set_working(threads)
        self.threads.improve(self.schedule, share, until, threads)

    def _note(self) -> None:
        """Keep the plan if it is the best one yet, and report."""
        score = self._score()
        is_best = self._update_incumbent(score)
        if self.report is not None:
            self.report(self.threads.plan, score, is_best)

    def _score(self) -> float:
        """The score of the plan, whatever the prices are."""
        plan = self.threads.plan
        if self.prices is None:
            return plan.score
        return plan.score + float(self.prices[plan.held[:, held.SLOT] >= 0].sum())

    def _update_incumbent(self, score: float) -> bool:
        """Keep the plan if it is the best one yet that keeps `max_idle_spread`."""
        is_best = score > self.score + 1e-6 and self.threads.excess() == 0
        if is_best:
            self.best[:], self.score = self.threads.plan.held, score
        return is_best

    # Subproblems for helpers

    def _free_helpers(self) -> int:
        """The number of helpers that can take a subproblem now."""
        if (
            self.helpers is None
            or self.budget.moves is not None
            or self._helped_seconds() < SHORTEST_HELPED_ROUND
        ):
            return 0
        spare = self.spare_cores()
        return self.helpers.size(nearby=spare is None or spare > self.workers)

    def _helped_seconds(self) -> float:
        """The seconds of the next round with helpers. Answers must come before the budget is used up."""
        wanted = max(ROUND_FACTOR * self.between, SHORTEST_HELPED_ROUND)
        if len(separable_days(self.data, self.everything)) < 2:
            wanted = max(wanted, self.budget.seconds / LONG_HELPED_ROUNDS)
        return min(wanted, self.budget.seconds * (1 - self.budget.share()) - self.between)

    def _helped_round(self, helpers: Helpers, count: int) -> None:
        """Send shares of the plan to helpers, improve one share here, and join what came in time."""
        threads, seconds = self.threads, self._helped_seconds()
        before, table = threads.worth(self.schedule), threads.plan.held.copy()
        own, *taken = threads.split(self.everything, 1 + count)
        until = now() + seconds
        helpers.send([self._subproblem(table, share, seconds - self.between).to_bytes() for share in taken])
        self._improve(own, until)
        answers = helpers.answers()
        self.between *= 0.95  # it shrinks, unless an answer comes late (below)
        while len(answers) < count and (late := now() - until) < LATE_SECONDS:
            if self.budget.is_over():
                break
            self._improve(own, now() + POLL_SECONDS)
            answers = helpers.answers()
            if len(answers) == count:
                self.between += 0.2 * late
        helpers.withdraw()
        ours = Improved(own, threads.worth(self.schedule), threads.plan.held.copy())
        improved = [ours, *decode_answers(self.data, taken, answers)]
        threads.take(self.schedule, *merge_shares(table, before, improved), ours)
        self._note()

    def _subproblem(self, table: Int32s, share: Share, seconds: float) -> Subproblem:
        begin = self.schedule.share
        left = self.budget.seconds * (1 - self.budget.share())
        end = min(1.0, begin + (1 - begin) * seconds / left) if left > 0 else 1.0
        return Subproblem(table, share, self.temperatures, begin, end, seconds)
