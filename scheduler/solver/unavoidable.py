"""How many published meetings have to change though each could stay alone."""

from __future__ import annotations

from dataclasses import replace

from scheduler.domain.problem import Problem
from scheduler.solver.annealing.warmup import warm_up
from scheduler.solver.instance.arrays import flatten
from scheduler.solver.plans.start import starting_state


def with_unavoidable_changes(problem: Problem) -> Problem:
    """The problem whose plans change only published meetings that have to change.

    Those that cannot stay alone change in any case (H13 does not count them). Of those that cannot stay
    beside each other, or beside what has to be held, as many may change as in the start plan of a search.

    Parameters
    ----------
    problem
        The problem, read and checked before.

    Returns
    -------
    Problem
        The same with a limit of changes, or as it is where nothing is published.
    """
    if not problem.published:
        return problem
    counting = replace(problem, policy=replace(problem.policy, max_moved=len(problem.published)))
    warm_up()
    changed = int(starting_state(flatten(counting), None, 0).changed)
    return replace(problem, policy=replace(problem.policy, max_moved=changed))
