"""How long a search goes on, and how hot it is: by the clock, or by a number of moves."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from scheduler.domain.problem import Problem
from scheduler.solver.spread import PENALTY

COLD_SHARE = 0.04  # the last part of the time only goes uphill


@dataclass(frozen=True, slots=True)
class Heat:
    """Temperatures in points of score: geometric from `first` to `last`."""

    first: float
    last: float

    def at(self, share: float) -> float:
        """The temperature when this share of the time is over."""
        if share >= 1 - COLD_SHARE:
            return self.last * 0.05
        ratio: float = (self.last / self.first) ** (share / (1 - COLD_SHARE))
        return self.first * ratio

    def penalty(self, share: float, limit: int) -> float:
        """The price of a step beyond `max_idle_spread`: at first a plan may exceed it as it may be idle.

        Measured: where nobody may be idle more than others, what is let in at first is not got out again.
        """
        times, until = (3, 0.7) if limit else (30, 0.3)
        return times * self.at(share) if share < until else PENALTY


def fitted_heat(problem: Problem, *, cold: bool) -> Heat:
    """Temperatures in the size of the problem's own steps: an idle slot, a hall change, a meeting."""
    factors = {term: float(value) for term, value in problem.policy.factors.items()}
    small = [factors[term] for term in ("idle", "hall_change") if factors[term] > 0]
    lightest = min((request.weight for request in problem.requests), default=1)
    steps = small or [0.5 * (factors["served"] * lightest or factors["shortfall"] or 1.0)]
    if cold:
        return Heat(0.8 * max(steps), 0.25 * min(steps))
    return Heat(3.0 * max(steps), 0.2 * min(steps))


@dataclass(slots=True)
class Budget:
    """The time or the moves of a search; `stop` ends it early."""

    seconds: float
    moves: int | None = None
    should_stop: Callable[[], bool] | None = None
    began: float = field(default_factory=time.monotonic)
    made: int = 0

    def share(self) -> float:
        """The share of the budget that is used up."""
        if self.moves is not None:
            return min(1.0, self.made / self.moves) if self.moves > 0 else 1.0
        if self.seconds <= 0:
            return 1.0
        return min(1.0, (time.monotonic() - self.began) / self.seconds)

    def is_over(self) -> bool:
        return self.share() >= 1.0 or self.is_stopped()

    def is_stopped(self) -> bool:
        return self.should_stop is not None and self.should_stop()
