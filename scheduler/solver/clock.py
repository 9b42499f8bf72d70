"""The time of a solve: what is left of it, what is kept back, and whether it is over or was stopped.

No other module of the solver reads a clock. The linear solver is a process of its own, with its own deadline.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import wait
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeVar

from scheduler.threads import run_with_monitor

PATIENCE_SECONDS = 0.2
"""For what is at work when a stop comes."""
POLL_SECONDS = 0.02

T = TypeVar("T")


def now() -> float:
    """Seconds of a clock that never goes back, for times until which something is done."""
    return time.monotonic()


def thread_seconds() -> float:
    """Seconds that this thread has computed: without those in which another one had the interpreter."""
    return time.thread_time()


@dataclass(slots=True)
class SolveClock:
    """Seconds of wall time from now on, and a stop that may come sooner.

    Parameters
    ----------
    seconds
        For all of the work.
    should_stop
        Is asked often, and ends the work when it says so.
    is_limited
        Whether the time ends the work. Where moves are counted instead, it does not.
    """

    seconds: float
    should_stop: Callable[[], bool] | None = None
    is_limited: bool = True
    began: float = field(init=False)
    reserved: float = field(default=0.0, init=False)
    patience_ends: float = field(default=0.0, init=False)

    def __post_init__(self) -> None:
        self.began = now()

    @property
    def spent(self) -> float:
        """Seconds since the beginning."""
        return now() - self.began

    def left(self) -> float:
        """Seconds until the reserve begins. Less than 0 after that."""
        return self.seconds - self.reserved - self.spent

    def reserve(self, seconds: float) -> None:
        """Keep so many of the last seconds back, for what follows the work."""
        self.reserved = seconds

    def is_stopped(self) -> bool:
        return self.should_stop is not None and self.should_stop()

    def is_over(self) -> bool:
        """Whether the work was stopped, or its time is over."""
        return self.is_stopped() or (self.is_limited and self.left() <= 0)

    def part(self, seconds: float) -> SolveClock:
        """A clock of so many seconds from now on, for a part of the work: it is over with the whole, too."""
        return SolveClock(seconds, self.is_over, self.is_limited)

    @contextmanager
    def paused(self) -> Iterator[None]:
        """What is done meanwhile takes none of the time."""
        paused = now()
        yield
        self.began += now() - paused

    def run_interruptibly(self, work: Callable[[], T]) -> T | None:
        """The result of work that cannot be stopped. None if the solve is, and the work is not done soon.

        All such work together is waited for `PATIENCE_SECONDS` after the stop.
        """
        if self.should_stop is None:
            return work()
        outcome = run_with_monitor(work, lambda: not self.is_stopped(), every=POLL_SECONDS)
        if not outcome.done() or self.is_stopped():
            self.patience_ends = self.patience_ends or now() + PATIENCE_SECONDS
            wait([outcome], max(0.0, self.patience_ends - now()))
        return outcome.result() if outcome.done() else None
