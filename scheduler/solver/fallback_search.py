"""A search and a proof by LP beside the exact model. They begin if that takes long.

The exact model begins at once; a search and a proof by LP beside it take its cores, so they begin only where
it takes longer than a second, or sooner where the time is short. Building the model is stopped like the rest.
A small problem whose model takes long gets its first plan up to a second later. Of 120 small compulsory
cases, 93 are settled in less than a second; the slowest takes 13.4 s (benchmarks/results/b2bsp.json).
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

from scheduler.solver.annealing.search import Search
from scheduler.solver.annealing.temperature import Budget, fit_temperatures
from scheduler.solver.clock import SolveClock
from scheduler.solver.compiled.kernels import Int32s
from scheduler.solver.instance.arrays import Flat
from scheduler.solver.plans.checking import Meetings, clean_meetings
from scheduler.solver.plans.start import build_start_state, has_start_plan
from scheduler.solver.proof import Proof

HEAD_START_SECONDS = 1.0
"""Most small problems are proved by then: what runs beside their model only takes its cores."""
SHARE = 0.2
MAX_SECONDS = 3.0
"""A search takes at most that share of the time, and so many seconds: small problems need no more."""


@dataclass
class FallbackSearch:
    """The search and the proof, in a thread. `found` is the plan of the search, once there is one.

    `table` is the same before it was checked.
    """

    flat: Flat
    start: Meetings
    seed: int
    proof: Proof
    clock: SolveClock
    found: Meetings = None
    table: Int32s | None = None
    ended: threading.Event = field(default_factory=threading.Event)

    def begin(self) -> None:
        self.thread = threading.Thread(target=self._run, name="standby", daemon=True)
        self.thread.start()

    def end(self) -> None:
        """End the search, with the plan that it has by now."""
        self.ended.set()
        self.thread.join(MAX_SECONDS)

    def _is_over(self) -> bool:
        return self.ended.is_set() or self.clock.is_over()

    def _run(self) -> None:
        seconds = min(SHARE * self.clock.left(), MAX_SECONDS)
        if self.ended.wait(min(HEAD_START_SECONDS, 0.5 * seconds)) or self._is_over():
            return
        if not self.flat.problem.policy.require_all:  # else all is served, and an LP proves little more
            self.proof.begin(self.clock.part(self.clock.left()))
        state = build_start_state(self.flat, self.start, self.seed)
        temperatures = fit_temperatures(self.flat.problem, cold=has_start_plan(self.flat.problem, self.start))
        budget = Budget(SolveClock(seconds, self._is_over))
        search = Search(self.flat, temperatures, budget, 1, self.seed)
        search.run(state)
        self.table = search.best
        self.found = clean_meetings(self.flat, search.best)
