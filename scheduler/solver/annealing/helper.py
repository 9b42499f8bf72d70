"""Improve parts of another's search."""

from __future__ import annotations

import time
from collections.abc import Callable

from scheduler.domain.problem import Problem
from scheduler.solver.annealing.day_shares import only_in
from scheduler.solver.annealing.subproblem import Subproblem, SubproblemAnswer
from scheduler.solver.annealing.temperature import Budget
from scheduler.solver.annealing.threads import Annealing, Team
from scheduler.solver.annealing.warmup import warm_up
from scheduler.solver.instance.arrays import flatten
from scheduler.solver.state.state import new_state


class Helper:
    """A problem in memory, and a team of threads that improves parts of its search one after the other.

    Compiles the kernels if they are not. `seed` is to be another one for each helper.
    """

    def __init__(self, problem: Problem, threads: int, seed: int) -> None:
        warm_up()
        self.data = flatten(problem).data
        self.team = Team(self.data, new_state(self.data, seed), threads, seed)

    def improve(self, content: bytes, should_stop: Callable[[], bool]) -> bytes:
        """The answer to a part; when it is told to stop, at once, as far as it came.

        Raises PartRefused if the octets are no part of this problem.
        """
        part = Subproblem.from_bytes(self.data, content)
        way = Annealing(part.temperatures, Budget(part.seconds, None, should_stop), (part.begin, part.end))
        self.team.shift(part.table)
        self.team.improve(way, part.share, time.monotonic() + part.seconds)
        return SubproblemAnswer(
            self.team.worth(way), only_in(part.share.words, self.team.plan.held)
        ).to_bytes()
