"""A helper: improves subproblems of another worker's search."""

from __future__ import annotations

from collections.abc import Callable

from scheduler.domain.problem import Problem
from scheduler.solver.annealing.day_shares import restrict_table
from scheduler.solver.annealing.subproblem import Subproblem, SubproblemAnswer
from scheduler.solver.annealing.temperature import Budget
from scheduler.solver.annealing.threads import Annealing, SearchThreads
from scheduler.solver.annealing.warmup import warm_up
from scheduler.solver.clock import SolveClock, now
from scheduler.solver.instance.arrays import flatten
from scheduler.solver.state.state import new_state


class Helper:
    """A problem in memory, and threads that improve subproblems of its search one after the other.

    Compiles the kernels if they are not compiled. Each helper needs a `seed` of its own.
    """

    def __init__(self, problem: Problem, threads: int, seed: int) -> None:
        warm_up()
        self.data = flatten(problem).data
        self.threads = SearchThreads(self.data, new_state(self.data, seed), threads, seed)

    def improve(self, content: bytes, should_stop: Callable[[], bool]) -> bytes:
        """The answer to a subproblem. If `should_stop` says so, it is the plan reached so far.

        Raises SubproblemRefused if the bytes are no subproblem of this problem.
        """
        subproblem = Subproblem.from_bytes(self.data, content)
        schedule = Annealing(
            subproblem.temperatures,
            Budget(SolveClock(subproblem.seconds, should_stop)),
            (subproblem.begin, subproblem.end),
        )
        self.threads.shift(subproblem.table)
        self.threads.improve(schedule, subproblem.share, now() + subproblem.seconds)
        return SubproblemAnswer(
            self.threads.worth(schedule), restrict_table(subproblem.share.words, self.threads.plan.held)
        ).to_bytes()
