"""The budget of a search, in seconds or in moves, and its temperatures."""

from __future__ import annotations

import math
import statistics
from dataclasses import dataclass

from scheduler.domain.problem import Problem
from scheduler.solver.clock import SolveClock

FIRST_STEP = 2.0  # times the largest step: measured, 3 is worse the shorter the search, 1.2 as well
MEETING_STEP = 0.4  # times the gain of a usual meeting: what a search trades where meetings lack much
UNKNOWN_SHARE = 0.5  # of that, while nobody knows what they lack: a loose event is heated in vain
LACK_STEPS = 9.5  # times what the meetings of a start plan lack to the LP, a request, beyond `LOOSE_LACK`
LOOSE_LACK = 2.0  # points: that much a first plan lacks on a loose event, too
LAST_STEP = 0.1  # of the smallest step: measured, 0.2 is worse on loose events and on tight ones
STEPS_OF_PRICE = 7.5  # price of a change / highest temperature, where changes are limited
MIN_PRICE = 0.1
COLD_SHARE = 0.019  # of the time, at its end, for each e-fold of the cooling: moves there only gain
MIN_COLD_SHARE = 0.04
NO_LIMIT = -1  # where there is no `max_idle_spread`
LOOSE_SHARE = 0.4  # of the time in which a plan may exceed it


@dataclass(frozen=True, slots=True)
class Temperatures:
    """Temperatures in points of score: geometric from `first` to `last`, as in simulated annealing by
    Kirkpatrick, Gelatt and Vecchi 1983, doi:10.1126/science.220.4598.671.

    `trades_meetings` says that the first one is as high as it is to trade meetings for one another.
    """

    first: float
    last: float
    trades_meetings: bool = False

    def at(self, share: float, limit: int = NO_LIMIT) -> float:
        """The temperature after this share of the time. With a `max_idle_spread` there are two coolings."""
        share = cooling_progress(share, limit)
        cold = max(MIN_COLD_SHARE, COLD_SHARE * math.log(self.first / self.last))
        if share >= 1 - cold:
            return self.last * 0.05
        ratio: float = (self.last / self.first) ** (share / (1 - cold))
        return self.first * ratio


def is_spread_enforced(share: float, limit: int) -> bool:
    """Whether a `max_idle_spread` is to be kept by now.

    Measured: plans are better if the search first ignores the limit, and then repairs the spread again and
    again. They are worse if the limit is kept from the beginning, or if its price grows.
    """
    return limit >= 0 and share >= LOOSE_SHARE


def cooling_progress(share: float, limit: int) -> float:
    """The share of the cooling that is over. With a `max_idle_spread` there are two coolings."""
    if limit < 0:
        return share
    return (
        (share - LOOSE_SHARE) / (1 - LOOSE_SHARE) if is_spread_enforced(share, limit) else share / LOOSE_SHARE
    )


def fit_temperatures(problem: Problem, *, cold: bool, lack: float | None = None) -> Temperatures:
    """Temperatures in the size of the problem's own steps: an idle slot, a hall change, a meeting.

    On a loose event small steps decide, and the first temperature is twice the largest of them. Where the
    meetings of the start plan lack much to the bound, it is higher, up to two fifths of what the median
    request is worth: then the search has to trade meetings for one another.

    Parameters
    ----------
    problem
        The problem, read and checked before.
    cold
        Whether the search begins at a plan that is to be kept mostly as it is.
    lack
        What the meetings of the start plan lack to the bound of the LP, in points a request, without idle
        slots and hall changes. None while it is not known: then half of the highest temperature is the first.

    Returns
    -------
    Temperatures
        The first and the last one, in points of score.
    """
    factors = {term: float(value) for term, value in problem.policy.factors.items()}
    small = [factors[term] for term in ("idle", "hall_change") if factors[term] > 0]
    lightest = min((request.weight for request in problem.requests), default=1)
    steps = small or [0.5 * (factors["served"] * lightest or factors["shortfall"] or 1.0)]
    if cold:
        most = _budgeted(problem)
        return Temperatures(min(0.8 * max(steps), most), min(0.25 * min(steps), most))
    usual = statistics.median([request.weight for request in problem.requests] or [1])
    highest = MEETING_STEP * factors["served"] * usual
    wanted = UNKNOWN_SHARE * highest
    if lack is not None:
        wanted = min(highest, LACK_STEPS * (lack - LOOSE_LACK))
    lowest = FIRST_STEP * max(steps)
    return Temperatures(max(lowest, wanted), LAST_STEP * min(steps), trades_meetings=wanted > lowest)


def _budgeted(problem: Problem) -> float:
    """The highest temperature for a budget of changes, by the price of a change.

    Each meeting has many places that are hardly worse. At a higher temperature the search spends the budget
    on those. Measured at 620 firms, a budget of 500 and a price of 1: 954 points at 0.1, 854 at 0.2, nothing
    from 1 to 0.3.
    """
    price = float(problem.policy.factors["moved"])
    return math.inf if problem.policy.max_moved is None else max(price, MIN_PRICE) / STEPS_OF_PRICE


@dataclass(slots=True)
class Budget:
    """The time of a search, or its moves where those are counted. A stop of the clock ends it early.

    Attributes
    ----------
    clock
        The search's own. Its seconds begin with the search.
    moves, made
        For each thread: all of them, and those that were made. None where the time counts.
    threads
        The most that the search has.
    """

    clock: SolveClock
    moves: int | None = None
    made: int = 0
    threads: int = 1
    _working: int | None = None
    _since: float = 0.0
    _worked: float = 0.0

    @property
    def seconds(self) -> float:
        return self.clock.seconds

    def share(self) -> float:
        """The share of the budget that is used up."""
        if self.moves is not None:
            return min(1.0, self.made / self.moves) if self.moves > 0 else 1.0
        if self.seconds <= 0:
            return 1.0
        return min(1.0, self.clock.spent / self.seconds)

    def set_working(self, threads: int) -> None:
        """Note that from now on so many threads work."""
        spent = self.clock.spent
        self._worked, self._since, self._working = self._work(spent), spent, threads

    def progress(self) -> float:
        """The share of the search's work that is done, if all threads work for the rest of the time.

        In seconds of a thread. While a proof takes a core, there are fewer moves a second.
        """
        if self.moves is not None or (share := self.share()) >= 1.0:
            return self.share()
        spent = share * self.seconds
        worked = self._work(spent)
        return worked / (worked + self.threads * (self.seconds - spent))

    def _work(self, spent: float) -> float:
        working = self.threads if self._working is None else self._working
        return self._worked + working * (spent - self._since)

    def is_over(self) -> bool:
        return self.share() >= 1.0 or self.is_stopped()

    def is_stopped(self) -> bool:
        return self.clock.is_stopped()
