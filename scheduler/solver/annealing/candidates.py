"""What the LP of the score tells a search: the requests worth inserting, and the first temperature."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from scheduler.domain.problem import Problem
from scheduler.solver.annealing.day_shares import Flags
from scheduler.solver.annealing.temperature import Temperatures
from scheduler.solver.compiled.kernels import Floats
from scheduler.solver.instance.arrays import Data
from scheduler.solver.instance.columns import factors

FILTER_SHARE = 0.8  # of the cooling: after it every request may be inserted
SMALL_STEPS = 5.0


@dataclass(frozen=True, slots=True)
class LpGuide:
    """What the LP says.

    `reduced_costs` are by request, in points, and infinite of what is always worth inserting.
    """

    reduced_costs: Floats
    temperatures: Temperatures


def read_guide(problem: Problem, reduced_costs: Floats, temperatures: Temperatures) -> LpGuide:
    """The guide of a search.

    What is compulsory or published is always worth inserting: the LP does not know that it has to be held.

    Parameters
    ----------
    problem
        The problem, read and checked before.
    reduced_costs
        By request, in points: see `bounds/prove`.
    temperatures
        Of the search.

    Returns
    -------
    LpGuide
        The temperatures, and the reduced costs with those of what has to be held, or is published, raised.
    """
    costs = reduced_costs.copy()
    costs[sorted(problem.compulsory)] = np.inf
    at = problem.index.requests
    costs[[at[meeting.request] for meeting in problem.published if meeting.request in at]] = np.inf
    return LpGuide(costs, temperatures)


def choose_candidates(data: Data, reduced_costs: Floats, temperature: float) -> Flags:
    """The requests whose place in a plan is worth what it takes up, but for what heat may lose.

    A search at a temperature loses about so much with each of its meetings. So it can use what lacks that
    to its price, and the small steps that the LP does not know: idle slots and hall changes. This is
    reduced-cost fixing by heuristic means: rigorous is only the gap between bound and plan.

    Parameters
    ----------
    data
        The problem.
    reduced_costs
        By request, in points: what it is worth above the prices of what it takes up.
    temperature
        In points of score.

    Returns
    -------
    Flags
        By request.
    """
    small = SMALL_STEPS * max(data.factors[factors.IDLE], data.factors[factors.HALL_CHANGE])
    chosen: Flags = reduced_costs >= -max(temperature, small)
    return chosen
