"""Which published meetings have to change though each could stay alone."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from scheduler.domain.problem import Problem
from scheduler.solver.annealing.warmup import warm_up
from scheduler.solver.instance.arrays import flatten
from scheduler.solver.instance.columns import requests
from scheduler.solver.plans.start import build_start_state
from scheduler.solver.state.loading import table_of


def find_unavoidable_changes(problem: Problem) -> frozenset[str]:
    """Published meetings that could stay alone, but not all beside each other and what has to be held.

    Parameters
    ----------
    problem
        The problem, read and checked before.

    Returns
    -------
    frozenset[str]
        The requests of those that the start plan of a search changes: without them, all others can stay.
    """
    if not problem.published:
        return frozenset()
    counting = replace(problem, policy=replace(problem.policy, max_moved=len(problem.published)))
    warm_up()
    flat = flatten(counting)
    held = build_start_state(flat, None, 0).held
    is_counted = flat.data.requests[:, requests.COUNTED] > 0
    differs = (held != table_of(flat, problem.published)).any(axis=1)
    return frozenset(problem.requests[r].id for r in np.flatnonzero(is_counted & differs))


def forbid_avoidable_changes(problem: Problem) -> Problem:
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
    return replace(problem, policy=replace(problem.policy, max_moved=len(find_unavoidable_changes(problem))))
