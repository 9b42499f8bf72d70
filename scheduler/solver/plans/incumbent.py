"""The incumbent: the best plan so far, checked beside the search where a check takes long.

A stop waits for nothing: steps that cannot be interrupted (arrays, a first plan, a check of a large plan,
reasons) run in a thread that is abandoned at the stop, and the answer is the last plan that was checked.
Checking beside the search costs it time, an abandoned thread uses a core until its step ends, and a better
plan that was not checked is lost. The goal is a stop within a second on the largest events. Runs of up to
3,000 firms ended 0.5 s late or less, 10,000 firms 2.4 s after their 900 s (benchmarks/results/scale.json).
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

from scheduler.domain import rules
from scheduler.domain.plan import Meeting
from scheduler.solver.clock import SolveClock, thread_seconds
from scheduler.solver.compiled.kernels import Int32s
from scheduler.solver.instance.arrays import Flat
from scheduler.solver.plans.checking import (
    Checked,
    Meetings,
    NearestPlan,
    clean_and_score,
    nearest_feasible_plan,
)

QUICK_SECONDS = 0.4
"""A check that takes no longer is made when it is needed."""
SHARE = 0.15
"""At most this share of the time goes into checks on the way."""


@dataclass
class Incumbent:
    """Checks plans, the last in `spent` seconds, of which `computed` are CPU time.

    `ready` is the best that keeps the rules, with its score. `nearest` is the best that does so but for what
    has to be held, as long as there is none.
    """

    flat: Flat
    clock: SolveClock
    ready: Checked = (None, None)
    nearest: NearestPlan | None = None
    spent: float = 0.0
    computed: float = 0.0
    ended: float = 0.0
    thread: threading.Thread | None = None
    keeping: threading.Lock = field(default_factory=threading.Lock)

    @property
    def is_quick(self) -> bool:
        return self.spent <= QUICK_SECONDS

    def check(self, table: Int32s) -> Meetings:
        """The meetings of a search's table that keep the rules, or None."""
        began, computed = self.clock.spent, thread_seconds()
        meetings, score = clean_and_score(self.flat, table)
        if meetings is not None and score is not None:
            self._update_incumbent(meetings, score)
        elif self.ready[0] is None:
            self._update_nearest(nearest_feasible_plan(self.flat, table))
        self.ended = self.clock.spent
        # The first check shares the interpreter with the model of the proof, the last one with nothing.
        self.computed = thread_seconds() - computed
        self.spent = self.computed if self.computed <= QUICK_SECONDS else self.ended - began
        return meetings

    def _update_incumbent(self, meetings: tuple[Meeting, ...], score: rules.Score) -> None:
        with self.keeping:
            known = self.ready[1]
            if known is None or score.total > known.total:
                self.ready = meetings, score

    def _update_nearest(self, found: NearestPlan | None) -> None:
        with self.keeping:
            if found is not None and (self.nearest is None or found.rank > self.nearest.rank):
                self.nearest = found

    def check_beside(self, table: Int32s) -> None:
        """Check a better plan in a thread, if that is due."""
        is_busy = self.thread is not None and self.thread.is_alive()
        if self.is_quick or is_busy or self.clock.spent < self.ended + self.spent / SHARE:
            return
        self.thread = threading.Thread(target=self.check, args=(table.copy(),), name="check", daemon=True)
        self.thread.start()
