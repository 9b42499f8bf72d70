"""The bounds, proved in a thread beside the search."""

from __future__ import annotations

import threading
from collections.abc import Callable

from scheduler.domain.problem import Problem
from scheduler.solver.bounds import Bounds, bounds_on_the_way, trivial_bounds


class Proof:
    """The proof of one solve; `found` is what is proved so far."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.found: Bounds = trivial_bounds(problem)
        self.ended = False
        self.thread: threading.Thread | None = None

    def begin(self, seconds: float, should_stop: Callable[[], bool]) -> None:
        """Start to prove; `seconds` is for all of it."""

        def is_over() -> bool:
            return self.ended or should_stop()

        def prove() -> None:
            objectives = ("score", "served")  # a bound of the shortfall adds nothing to that of the score
            for found in bounds_on_the_way(self.problem, seconds, is_over, objectives):
                self.found = found

        self.thread = threading.Thread(target=prove, name="bounds", daemon=True)
        self.thread.start()

    @property
    def is_running(self) -> bool:
        return self.thread is not None and self.thread.is_alive()

    def end(self, *, wait: bool) -> None:
        """Prove no further; waits for the whole proof if told to, else hardly."""
        if self.thread is None:
            return
        if wait:
            self.thread.join()
        self.ended = True
        self.thread.join(0.05)
