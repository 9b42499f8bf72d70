"""The bounds, proved in a thread beside the search.

A proof has a core of its own while it runs: with too few cores both the search and the proof become slow, for
a time that nobody can predict. Where no core is free beside the threads of the search, one thread waits, and
so do helpers on the same machine. On two cores the search has one thread less until the proof is done.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass

from scheduler.domain.plan import Number
from scheduler.domain.problem import Problem
from scheduler.domain.solving import ProvedBounds
from scheduler.solver.bounds.closed_form import Bounds, closed_bounds
from scheduler.solver.bounds.dtypes import Floats
from scheduler.solver.bounds.prove import iter_upper_bounds
from scheduler.solver.clock import SolveClock

OBJECTIVES = ("score", "served", "meetings")
"""A bound of the shortfall adds nothing to that of the score."""


@dataclass(frozen=True, slots=True)
class ScoreLp:
    """What an LP of the score says: reduced costs by request, and the bound by then, in points."""

    reduced_costs: Floats
    bound: Number


class Proof:
    """The proof of one solve. `found` is what is proved so far, here or `before`.

    `is_made` says whether there is more than what is plain. `score_lps` are those LPs of the score that are
    solved, each closer to the plans than the one before.
    """

    def __init__(self, problem: Problem, before: ProvedBounds | None = None) -> None:
        self.problem = problem
        self.found: Bounds = closed_bounds(problem)
        self.is_made = before is not None
        if before is not None:
            meetings = self.found.meetings if before.meetings is None else before.meetings
            self._note(Bounds(before.served, 0, before.score, meetings))
        self.ended = False
        self.thread: threading.Thread | None = None
        self.score_lps: tuple[ScoreLp, ...] = ()
        self._reduced_costs: Floats | None = None
        self._is_guided = threading.Event()

    def begin(self, clock: SolveClock) -> None:
        """Start the proof. `clock` is for all of it, or, where that is not limited, a size for its LPs."""

        def is_over() -> bool:
            return self.ended or clock.is_stopped()

        def prove() -> None:
            try:
                found = iter_upper_bounds(
                    self.problem,
                    clock.left(),
                    is_over,
                    OBJECTIVES,
                    self._note_reduced_costs,
                    is_limited=clock.is_limited,
                )
                for k, bounds in enumerate(found):
                    self._note(bounds)
                    self.is_made = self.is_made or k > 0
                    if self._reduced_costs is not None:
                        self.score_lps += (ScoreLp(self._reduced_costs, self.found.score),)
                        self._reduced_costs = None
                        self._is_guided.set()
            finally:
                self._is_guided.set()

        self.thread = threading.Thread(target=prove, name="bounds", daemon=True)
        self.thread.start()

    def wait_for_first_lp(self) -> None:
        """Wait until the first LP of the score is solved, or the proof has ended without."""
        if self.thread is not None:
            self._is_guided.wait()

    def _note_reduced_costs(self, found: Floats) -> None:
        self._reduced_costs = found

    def _note(self, found: Bounds) -> None:
        known = self.found
        self.found = Bounds(
            min(known.served, found.served),
            max(known.shortfall, found.shortfall),
            min(known.score, found.score),
            min(known.meetings, found.meetings),
        )

    @property
    def is_running(self) -> bool:
        return self.thread is not None and self.thread.is_alive()

    def end(self, *, wait: bool) -> None:
        """End the proof. Waits for the whole of it if told to, else hardly."""
        if self.thread is None:
            return
        if wait:
            self.thread.join()
        self.ended = True
        self.thread.join(0.05)
