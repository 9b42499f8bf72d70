"""The local search: annealing from several seeds side by side; now and then the best goes on in all."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np

from scheduler.domain.solving import Crew
from scheduler.solver.anneal import KINDS, anneal
from scheduler.solver.arrays import SPREAD, Data, Flat
from scheduler.solver.kernels import Floats, Ints
from scheduler.solver.loading import load, loading_order
from scheduler.solver.parts import Part, best_answer
from scheduler.solver.schedule import Budget, Heat
from scheduler.solver.spread import PENALTY
from scheduler.solver.state import State, new_state

ODDS = (0.5, 0.25, 0.15, 0.45, 0.08, 0.5)  # measured: what wins most score in the time near the end
STAGES = 20  # after each, the best plan goes on in all
STAGE_SECONDS = 0.5  # at least
EPOCH_SECONDS = 0.25
EPOCHS = 200  # when moves are counted
BATCH = 8000  # moves between looks at the clock: some hundredths of a second
SHORTEST_PART = 0.25  # seconds; less is not worth giving out
LATE_SECONDS = 1.0  # after which a part that is not answered is lost; nobody here waits for it idly

Report = Callable[[State, bool], None]
"""Gets a plan, and whether it is the best one yet."""


@dataclass
class Search:
    """One annealing run from a start plan; `best` is the best table of meetings met, `score` its worth.

    With a crew, others anneal the plan as well. `span` is which stretch of the heat's whole time this is,
    and `is_disturbed` tells that one of the workers' cores is taken by something else at the moment.
    A search that is stopped goes on for `cooling` seconds, cold: a hot plan is worth less than it could be.
    """

    flat: Flat
    heat: Heat
    budget: Budget
    workers: int
    seed: int
    report: Report | None = None
    crew: Crew | None = None
    span: tuple[float, float] = (0.0, 1.0)
    stages: int = STAGES
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
        self.between = SHORTEST_PART / 3  # seconds that others wait for their next part

    def run(self, plan: State) -> None:
        """Improve the plan until the budget is used up; leaves the best plan in `best` and in the state."""
        self.advance(plan)
        load(self.data, plan, self.best, self.order)

    def advance(self, plan: State) -> None:
        """The same, but leaves the plan as it is in the end, which may be hot."""
        self.best, self.score = plan.held.copy(), float(plan.score[0])
        if not len(self.data.req) or not len(self.data.slot):
            return
        others = [new_state(self.data, self.seed * 1000 + k) for k in range(1, max(1, self.workers))]
        with ThreadPoolExecutor(1 + len(others)) as pool:
            while not self.budget.is_over():
                for state in others:
                    load(self.data, state, plan.held, self.order)
                self._stage([plan, *(others[:-1] if self._is_disturbed() else others)], pool)
        if self.budget.is_stopped():
            self._cool(plan)

    def worth(self, plan: State) -> float:
        """The score, less what `max_idle_spread` takes off in the search."""
        return float(plan.score[0]) - PENALTY * self._excess(plan)

    def _excess(self, plan: State) -> int:
        """By how much the idle figures stand farther apart than `max_idle_spread`."""
        limit, figures = int(self.data.rule[SPREAD]), plan.idle_of
        return 0 if limit < 0 or not len(figures) else max(0, int(figures.max() - figures.min()) - limit)

    def _stage(self, states: list[State], pool: ThreadPoolExecutor) -> None:
        """Anneal all states for a while, and have others do so; the first state gets the best plan."""
        plan, crew = states[0], self.crew
        stages = self._stages()
        goal = (math.floor(self.budget.share() * stages + 1e-9) + 1) / stages
        members = self._offer(plan, goal)
        answers: Mapping[int, bytes] = {}
        late = math.inf
        while not self.budget.is_over() and (
            self.budget.share() < goal or (len(answers) < members and time.monotonic() < late)
        ):
            self._epoch(states, pool)
            if crew is not None and members and self.budget.share() >= goal:
                late = min(late, time.monotonic() + LATE_SECONDS)
                answers = crew.answers()
        if crew is not None and members:
            crew.withdraw()
        winner = max(states, key=self.worth)
        answer = best_answer(self.data, answers, self.worth(winner))
        table = winner.held if answer is None else answer
        if table is not plan.held:
            load(self.data, plan, table, self.order)
            self._note([plan])

    def _cool(self, plan: State) -> None:
        """Make only moves that gain, for as long as a stop leaves."""
        until = time.monotonic() + self.cooling
        while time.monotonic() < until:
            anneal(self.data, plan, BATCH // 4, self.heat.at(1.0), self.odds, self.tally)
        self._note([plan])

    def _stages(self) -> int:
        if self.budget.moves is not None:
            return self.stages
        return max(1, min(self.stages, int(self.budget.seconds / STAGE_SECONDS)))

    def _is_disturbed(self) -> bool:
        return self.budget.moves is None and self.is_disturbed is not None and self.is_disturbed()

    def _epoch(self, states: list[State], pool: ThreadPoolExecutor) -> None:
        """Anneal the states for a moment, side by side, on as many cores as there are."""
        until, moves = time.monotonic() + EPOCH_SECONDS, self._moves()
        list(pool.map(lambda state: self._work(state, moves, until), states))
        self.budget.made += moves
        self._note(states)

    def _note(self, states: list[State]) -> None:
        """Keep the best plan yet if it is among these, and report."""
        even = [state for state in states if self._excess(state) == 0]
        found = max(even, key=lambda state: float(state.score[0]), default=states[0])
        is_best = bool(even) and found.score[0] > self.score + 1e-6
        if is_best:
            self.best[:], self.score = found.held, float(found.score[0])
        if self.report is not None:
            self.report(found, is_best)

    def _work(self, state: State, moves: int, until: float) -> None:
        """Anneal one state for so many moves, or, if there are none, until a time."""
        tally = np.zeros((KINDS, 3))
        if moves:
            anneal(self.data, state, moves, self._temperature(), self.odds, tally)
        while not moves and time.monotonic() < until and not self.budget.is_over():
            anneal(self.data, state, BATCH, self._temperature(), self.odds, tally)
        self.tally += tally

    def _moves(self) -> int:
        return 0 if self.budget.moves is None else max(1, self.budget.moves // EPOCHS)

    def _temperature(self) -> float:
        begin, end = self.span
        return self.heat.at(begin + (end - begin) * self.budget.share())

    # Parts that others take

    def _offer(self, plan: State, goal: float) -> int:
        """Have others anneal the plan until the budget's share is `goal`; how many do."""
        share, budget = self.budget.share(), self.budget
        seconds = budget.seconds * (goal - share) - 2 * self.between
        if self.crew is None or budget.moves is not None or seconds < SHORTEST_PART:
            return 0
        members = self.crew.size()
        if members:
            began = time.monotonic()
            seeds = [int(seed) for seed in self.draws.integers(2**31, size=members)]
            parts = [Part(plan.held, self.heat, share, goal, seconds, seed) for seed in seeds]
            self.crew.offer([part.to_bytes() for part in parts])
            self.between = max(SHORTEST_PART / 3, time.monotonic() - began)
        return members
