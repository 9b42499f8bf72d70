"""What the LP of the score tells a search: requests worth inserting, prices, and the first temperature."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from scheduler.domain.problem import Problem
from scheduler.solver.annealing.day_shares import Flags
from scheduler.solver.annealing.temperature import Temperatures
from scheduler.solver.compiled.kernels import Floats
from scheduler.solver.instance.arrays import Data, request_gains
from scheduler.solver.instance.columns import factors

FILTER_SHARE = 0.8  # of the cooling: after it every request may be inserted
SMALL_STEPS = 5.0
PRICE_SHARE = 0.8  # of the prices of the LP: measured, 1 leaves requests out that the LP is indifferent to


@dataclass(frozen=True, slots=True)
class LpGuide:
    """What the LP says.

    `reduced_costs` are by request, in points, and infinite of what is always worth inserting. `prices` are by
    request, in points: what the search takes off its gain for what it uses. None where the LP lacks a part of
    the score.
    """

    reduced_costs: Floats
    temperatures: Temperatures
    prices: Floats | None = None


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
        The temperatures, the prices, and the reduced costs with those of what has to be held, or is
        published, raised.
    """
    costs = reduced_costs.copy()
    costs[sorted(problem.compulsory)] = np.inf
    at = problem.index.requests
    costs[[at[meeting.request] for meeting in problem.published if meeting.request in at]] = np.inf
    return LpGuide(costs, temperatures, _prices(problem, costs))


def _prices(problem: Problem, reduced_costs: Floats) -> Floats | None:
    """What the requests take up, by the prices of the LP, where idle slots and hall changes cost nothing.

    With these prices a step of an exchange is worth about what the whole exchange is (Lagrangian relaxation:
    Fisher 1981, doi:10.1287/mnsc.27.1.1). Where idle slots or hall changes cost something, plans were worse
    with prices on tight events and on those with mixed lengths, and no better on others.
    """
    factors = problem.policy.factors
    if factors["idle"] or factors["hall_change"] or problem.published:
        return None
    gains, is_priced = request_gains(problem), np.isfinite(reduced_costs)
    return PRICE_SHARE * np.maximum(0.0, gains - np.where(is_priced, reduced_costs, gains))


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
