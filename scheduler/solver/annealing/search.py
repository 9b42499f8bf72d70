"""The local search: annealing by a team of threads, and by the other workers that help."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field

from scheduler.domain.solving import Crew
from scheduler.solver.annealing.day_shares import Improved, Share, days_of, join, whole
from scheduler.solver.annealing.subproblem import Subproblem, answers_to
from scheduler.solver.annealing.temperature import Budget, Temperatures, is_kept
from scheduler.solver.annealing.threads import ROUND_FACTOR, Annealing, Team
from scheduler.solver.compiled.kernels import Floats, Int32s
from scheduler.solver.instance.arrays import Data, Flat
from scheduler.solver.instance.columns import rules
from scheduler.solver.operators.construct import construct
from scheduler.solver.operators.spread_repair import narrow
from scheduler.solver.state.state import State

REPORT_SECONDS = 0.25
REPORTS = 200  # when moves are counted
SHORTEST_CREW_ROUND = 0.2
LONG_CREW_ROUNDS = 20  # where all improve the whole plan, and the best goes on
LATE_SECONDS = 1.0  # after which a part that is not answered is lost; nobody here waits for it idly
POLL_SECONDS = 0.005

Report = Callable[[State, bool], None]
"""Gets a plan, and whether it is the best one yet."""


@dataclass
class Search:
    """One annealing run from a start plan.

    A plan that exceeds `max_idle_spread` is none to keep, not even the start: `score` is minus infinity until
    there is one that does not.

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
        The same seed, moves and threads give the same plan, as long as there is no crew.
    report
        Is called after each round, from the thread that runs the search.
    crew
        Others who anneal shares of the plan as well, if the search is limited by time.
    spare_cores
        Tells how many cores of this machine are there for the search at the moment; None for all.
    cooling
        Seconds for which a stopped search goes on, cold: a hot plan is worth less than it could be.

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
    crew: Crew | None = None
    spare_cores: Callable[[], int | None] = lambda: None
    cooling: float = 0.0
    best: Int32s = field(init=False)
    score: float = field(init=False)

    def __post_init__(self) -> None:
        self.data: Data = self.flat.data
        self.way = Annealing(self.temperatures, self.budget)
        self.everything = whole(self.data)
        self.between = SHORTEST_CREW_ROUND / ROUND_FACTOR  # seconds that others wait for their next part

    @property
    def tally(self) -> Floats:
        """Moves by kind: tried, kept, and the score won."""
        return self.way.tally

    def run(self, plan: State) -> None:
        """Improve the plan until the budget is used up; leaves the best plan in `best` and in the state."""
        self.best, self.score = plan.held.copy(), -math.inf
        if not len(self.data.requests) or not len(self.data.slots):
            return
        self.team = Team(self.data, plan, self.workers, self.seed)
        self._keep_if_best()
        with closing(self.team):
            while not self.budget.is_over():
                if is_kept(self.way.share, int(self.data.rules[rules.SPREAD])):
                    self._narrow()
                members = self._members()
                if self.crew is not None and members:
                    self._round_with(self.crew, members)
                else:
                    self._round()
        if self.budget.is_stopped():
            self.way.cool(time.monotonic() + self.cooling, self.data, plan)
            self._note()
        self._narrow()
        self.team.load(self.best)

    def _narrow(self) -> None:
        """Keep `max_idle_spread` by force."""
        if self.team.excess():
            narrow(self.data, self.team.plan)
            construct(self.data, self.team.plan)
            self._note()

    # Rounds of the threads here

    def _round(self) -> None:
        """Improve the plan until the next report."""
        if self.budget.moves is None:
            self._improve(self.everything, time.monotonic() + REPORT_SECONDS)
        else:
            moves = max(1, self.budget.moves // REPORTS)
            self.team.improve_by(self.way, self.everything, moves)
            self.budget.made += moves
        self._note()

    def _improve(self, share: Share, until: float) -> None:
        spare = self.spare_cores()
        threads = self.workers if spare is None else max(1, min(self.workers, spare))
        self.team.improve(self.way, share, until, threads)

    def _note(self) -> None:
        """Keep the plan if it is the best one yet, and report."""
        is_best = self._keep_if_best()
        if self.report is not None:
            self.report(self.team.plan, is_best)

    def _keep_if_best(self) -> bool:
        """Keep the plan if it is the best one yet that keeps `max_idle_spread`."""
        plan = self.team.plan
        is_best = plan.score > self.score + 1e-6 and self.team.excess() == 0
        if is_best:
            self.best[:], self.score = plan.held, plan.score
        return is_best

    # Parts that others take

    def _members(self) -> int:
        """How many others can take parts now."""
        if self.crew is None or self.budget.moves is not None or self._crew_seconds() < SHORTEST_CREW_ROUND:
            return 0
        spare = self.spare_cores()
        return self.crew.size(nearby=spare is None or spare > self.workers)

    def _crew_seconds(self) -> float:
        """How long the next round may take; answers must come before the budget is used up."""
        wanted = max(ROUND_FACTOR * self.between, SHORTEST_CREW_ROUND)
        if len(days_of(self.data, self.everything)) < 2:
            wanted = max(wanted, self.budget.seconds / LONG_CREW_ROUNDS)
        return min(wanted, self.budget.seconds * (1 - self.budget.share()) - self.between)

    def _round_with(self, crew: Crew, members: int) -> None:
        """Have others improve shares of the plan, and ours with it; put together what came in time."""
        team, seconds = self.team, self._crew_seconds()
        before, table = team.worth(self.way), team.plan.held.copy()
        own, *taken = team.deal(self.everything, 1 + members)
        until = time.monotonic() + seconds
        crew.offer([self._part(table, share, seconds - self.between).to_bytes() for share in taken])
        self._improve(own, until)
        answers = crew.answers()
        self.between *= 0.95  # as far as we see: longer only if somebody has not answered yet
        while len(answers) < members and (late := time.monotonic() - until) < LATE_SECONDS:
            if self.budget.is_over():
                break
            self._improve(own, time.monotonic() + POLL_SECONDS)
            answers = crew.answers()
            if len(answers) == members:
                self.between += 0.2 * late
        crew.withdraw()
        ours = Improved(own, team.worth(self.way), team.plan.held.copy())
        improved = [ours, *answers_to(self.data, taken, answers)]
        team.take(self.way, *join(table, before, improved), ours)
        self._note()

    def _part(self, table: Int32s, share: Share, seconds: float) -> Subproblem:
        begin = self.budget.share()
        end = min(1.0, begin + seconds / self.budget.seconds)
        return Subproblem(table, share, self.temperatures, begin, end, seconds)
