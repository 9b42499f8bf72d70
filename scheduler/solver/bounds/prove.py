"""Upper bounds that hold for every plan of a problem, from the duals of the day-level relaxation.

The LP solver is not trusted: from its row duals, rounded to multiples of a power of two, the bound is
computed again in integers (weak duality holds for any duals that are not negative).

A bound is proved up to three times. The first LP has one row for all days of an owner and all people of a
firm: a second at 620 firms, half a minute at 10,000. The second one (`merging`) tells short days from long
ones and, where there is time, the people of a firm from each other: three times as long. Where time is long,
the whole day-level LP follows: ten times as long again, for little more. LP solvers work with floats, so the
duals are rounded and the bound is computed again from them on the whole model, in integers. Hall changes that
no plan avoids are part of the bound; idle time is not, which makes it weaker. Scores were 99.80 % of the
bound at 620 firms in 60 s (benchmarks/results/expo.json) and 99.3 % at 10,000 firms in 900 s
(benchmarks/results/scale.json).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from fractions import Fraction

import numpy as np

from scheduler.domain import rules
from scheduler.domain.problem import Problem
from scheduler.solver.bounds import lp
from scheduler.solver.bounds.closed_form import Bounds, closed_bounds, min_change_cost, simple_score_bound
from scheduler.solver.bounds.day_model import DayModel, build_day_model
from scheduler.solver.bounds.day_rows import SOFT_TERMS
from scheduler.solver.bounds.dtypes import Floats, Int64s, to_int32s
from scheduler.solver.bounds.merging import (
    MergedModel,
    day_classes,
    merge_days_and_people,
    merge_days_and_people_by_class,
    merge_days_by_class,
    whole_model,
)
from scheduler.solver.clock import SolveClock

Number = int | float

MAX_BITS = 60
MIN_SECONDS = 0.5
BEGIN_REQUESTS = 1000  # from here on there are enough columns for a process, mostly: it starts at once
CLASS_COLUMNS = 15_000  # in one second, and so on: an LP by classes of days then takes less than a quarter
PEOPLE_COLUMNS = 22_000  # in one second, and twice as many in four, of one by classes of days and people
WHOLE_COLUMNS = 2800  # in one second, and 4.6 times as many in ten: the whole LP then takes less than a tenth
SIMPLEX_COLUMNS = 4000
ROUGH_COLUMNS = 20_000
OBJECTIVES = ("served", "score", "shortfall", "meetings")


def upper_bounds(
    problem: Problem,
    seconds: float,
    should_stop: Callable[[], bool] | None = None,
    objectives: Sequence[str] = OBJECTIVES,
) -> Bounds:
    """The LP bounds that are proved in a time, at worst the closed ones.

    Parameters
    ----------
    problem
        The problem, read and checked before.
    seconds
        Wall time. The answer is late by a second at most.
    should_stop
        Is asked often, and ends the proof with the bounds that there are.
    objectives
        Of `OBJECTIVES`. Each is an LP of its own, solved in their order.

    Returns
    -------
    Bounds
        Of every plan: the most weight served, the least meetings below the floors, the highest score.
    """
    *_, best = iter_upper_bounds(problem, seconds, should_stop, objectives)
    return best


def iter_upper_bounds(
    problem: Problem,
    seconds: float,
    should_stop: Callable[[], bool] | None = None,
    objectives: Sequence[str] = OBJECTIVES,
    note_reduced_costs: Callable[[Floats], None] | None = None,
    *,
    is_limited: bool = True,
) -> Iterator[Bounds]:
    """The closed bounds, then the tighter ones after each LP: the merged ones, then the whole ones.

    Parameters
    ----------
    problem
        The problem, read and checked before.
    seconds
        Wall time.
    should_stop
        Is asked often, and ends the proof.
    objectives
        Of `OBJECTIVES`. Each is an LP of its own, solved in their order.
    note_reduced_costs
        Gets the reduced costs of the score's LP, before its bound is told: see `reduced_costs`.
    is_limited
        Whether the time ends the proof. Else it only says which LPs are worth solving, so that the same ones
        are solved on any machine.

    Returns
    -------
    Iterator[Bounds]
        Each holds of every plan, and is at least as tight as the one before it.
    """
    clock = SolveClock(seconds, should_stop, is_limited)
    clock.reserve(MIN_SECONDS)
    if not problem.slots:  # then the empty plan is the only one
        yield Bounds(0, sum(problem.floors), rules.score(problem, ()).total, 0)
        return
    best = closed_bounds(problem)
    yield best
    if not problem.requests or seconds < MIN_SECONDS:
        return

    with closing(lp.LpSolver()) as solver:
        if len(problem.requests) >= BEGIN_REQUESTS:
            solver.begin()
        model = build_day_model(problem, clock.is_over)
        if model is None:
            return
        for merged, ways in _steps(model, objectives, seconds):
            if clock.is_over():
                return
            for objective, duals in _iter_duals(problem, merged.model, ways, clock, solver):
                if objective == "score" and duals is not None and note_reduced_costs is not None:
                    note_reduced_costs(reduced_costs(problem, merged.model, duals))
                bound = _proved(problem, model, merged.row_of, objective, duals)
                if bound is not None:
                    best = _tightened(problem, best, objective, bound)
                    yield best


def _steps(
    model: DayModel, objectives: Sequence[str], seconds: float
) -> Iterator[tuple[MergedModel, Mapping[str, str]]]:
    """The models whose LPs give duals, and the way to solve the LP of each objective.

    Of a large model they are the merged one, one by classes of days for the score alone, and the whole, as
    far as `seconds` suffice. The choice depends on the time that was given, not on what is left, so that it
    is reproducible. Measured: the simplex is the fastest on merged LPs, and far the slowest on large whole
    ones. Without presolve it takes two thirds of the time by classes of days, and up to five times that of
    the number of meetings.
    """
    if model.columns <= lp.SMALL_COLUMNS:
        if _suffices(seconds, model.columns, WHOLE_COLUMNS):
            yield whole_model(model), dict.fromkeys(objectives, "simplex")
        return
    coarse = merge_days_and_people(model)
    yield coarse, dict.fromkeys(objectives, "simplex")
    if "score" in objectives and (finer := _merged_by_class(model, coarse.model, seconds)) is not None:
        yield finer, {"score": "unpresolved"}
    if _suffices(seconds, model.columns, WHOLE_COLUMNS):
        # Measured at 620 firms: of the number of meetings, the merged LP proves the same as the whole one.
        way = "simplex" if model.columns <= SIMPLEX_COLUMNS else "interior"
        ways = {objective: way for objective in objectives if objective != "meetings"}
        if "served" in ways and model.columns >= ROUGH_COLUMNS:
            ways["served"] = "rough"
        yield whole_model(model), ways


def _merged_by_class(model: DayModel, coarse: DayModel, seconds: float) -> MergedModel | None:
    """The finest of the models by classes of days whose LP there is time for, by about their columns."""
    classes = 1 + int(day_classes(model.slots).max())
    if seconds >= (model.columns * classes / len(model.slots) / PEOPLE_COLUMNS) ** 2:
        return merge_days_by_class(model)
    if classes > 1 and _suffices(seconds, coarse.columns * classes, CLASS_COLUMNS):
        return merge_days_and_people_by_class(model)
    return None


def _suffices(seconds: float, columns: float, in_a_second: int) -> bool:
    """Whether there is time for an LP, if there is for one of so many columns in one second."""
    return seconds >= (columns / in_a_second) ** 1.5


def _tightened(problem: Problem, best: Bounds, objective: str, bound: Fraction) -> Bounds:
    served, shortfall, score, meetings = best.served, best.shortfall, best.score, best.meetings
    if objective == "meetings":
        return replace(best, meetings=min(meetings, math.floor(bound)))
    if objective == "score":
        score = min(score, _round_score(problem, bound))
    elif objective == "served":
        served = min(served, math.floor(bound))
    else:
        shortfall = max(shortfall, math.ceil(-bound))
    return Bounds(served, shortfall, min(score, simple_score_bound(problem, served, shortfall)), meetings)


def _round_score(problem: Problem, bound: Fraction) -> Number:
    """Down to what whole counts can reach: a multiple of the factors' common divisor, if they are whole."""
    factors = problem.policy.factors
    terms = ["served", *SOFT_TERMS]
    if problem.published:
        terms += ["moved", "relocated", "reassigned", "dropped", "repeated"]
    values = [factors.get(term, 0) for term in terms]
    if not all(float(value).is_integer() for value in values):
        return math.nextafter(float(bound), math.inf)
    divisor = math.gcd(*(int(value) for value in values))
    return 0 if divisor == 0 else math.floor(bound / divisor) * divisor


def _iter_duals(
    problem: Problem, small: DayModel, ways: Mapping[str, str], clock: SolveClock, solver: lp.LpSolver
) -> Iterator[tuple[str, Floats | None]]:
    """Each objective with the row duals of its LP, or None, as it is solved."""
    if not small.columns:
        yield from ((objective, None) for objective in ways)
        return
    seconds = clock.left() + MIN_SECONDS if clock.is_limited else math.inf
    costs = np.array([_cost(problem, small, objective) for objective in ways])
    found = solver.iter_duals(_arrays(small, costs), list(ways.values()), seconds, clock.should_stop)
    with closing(found):
        yield from zip(ways, found, strict=True)


def reduced_costs(problem: Problem, small: DayModel, duals: Floats) -> Floats:
    """What each request is worth above the prices of what it takes up, by the duals of the score's LP.

    An LP holds the requests above 0 as a whole, those below 0 not at all, and some of those at 0.

    Parameters
    ----------
    problem
        The problem, read and checked before.
    small
        The model whose LP was solved.
    duals
        By row of that LP.

    Returns
    -------
    Floats
        By request, in points: the most over its columns of `gain - y A`. Minus infinity without columns.
    """
    prices = np.maximum(duals[: len(small.rhs)], 0.0)
    worth = small.gain.copy()
    for part in small.entry_parts():
        np.subtract.at(worth, small.column[part], prices[small.row[part]] * small.value[part])
    best: Floats = np.full(len(problem.requests), -np.inf)
    np.maximum.at(best, small.request, worth)
    return best


def _proved(
    problem: Problem, model: DayModel, row_of: Int64s, objective: str, found: Floats | None
) -> Fraction | None:
    """A proved upper bound of an objective (`shortfall` counts as negative), or None.

    The duals are of an LP in which the row `row_of` stands for each row of the model.
    """
    prices = _prices(problem, model, objective)
    candidates = _plain_duals(model, prices)
    if found is not None:
        candidates.append(np.maximum(found[row_of], 0.0))
    proved: list[Fraction] = []
    for duals in candidates:
        bound = proved_bound(model, _gain(model, objective), duals, prices)
        proved += [] if bound is None else [bound]
    constant = Fraction(0)
    if objective == "score":
        constant = Fraction(model.constant) - Fraction(str(min_change_cost(problem)))
    return min(proved) + constant if proved else None


def _gain(model: DayModel, objective: str) -> Floats:
    if objective == "score":
        return model.gain
    if objective == "meetings":
        return np.ones(model.columns)
    return model.weight.astype(float) if objective == "served" else np.zeros(model.columns)


def _prices(problem: Problem, model: DayModel, objective: str) -> Floats:
    """By piece of the soft rows: what a unit of it costs. They are the same of a model and its merged one."""
    factors = problem.policy.factors
    of_term = {
        "score": [float(factors.get(term, 0)) for term in SOFT_TERMS],
        "shortfall": [1.0, 0.0, 0.0, 0.0],
    }
    prices: Floats = model.soft_counts @ np.array(of_term.get(objective, [0.0] * len(SOFT_TERMS)))
    return prices


def _plain_duals(model: DayModel, prices: Floats) -> list[Floats]:
    """Duals that need no LP: no row has a price, or only the soft ones have theirs."""
    nothing = np.zeros(len(model.rhs))
    priced = nothing.copy()
    np.maximum.at(priced, model.soft_row, prices)
    return [nothing, priced]


def _cost(problem: Problem, model: DayModel, objective: str) -> Floats:
    """By column of the LP."""
    return np.concatenate([_gain(model, objective), -_prices(problem, model, objective)])


def _arrays(model: DayModel, cost: Floats) -> lp.Arrays:
    """The LPs: the columns, then one `over` per piece. Rows: the resource rows, then one per request."""
    columns, rows, pieces = model.columns, len(model.rhs), len(model.soft_row)
    requests, request_row = np.unique(model.request, return_inverse=True)
    return {
        "cost": cost,
        "upper": np.concatenate([np.ones(columns), model.soft_most.astype(float)]),
        "rhs": np.concatenate([model.rhs.astype(float), np.ones(len(requests))]),
        "row": to_int32s(np.concatenate([model.row, model.soft_row, rows + request_row])),
        "column": to_int32s(np.concatenate([model.column, columns + np.arange(pieces), np.arange(columns)])),
        "value": to_int32s(
            np.concatenate([model.value, np.full(pieces, -1), np.ones(columns, dtype=np.int64)])
        ),
    }


def proved_bound(model: DayModel, gain: Floats, duals: Floats, prices: Floats) -> Fraction | None:
    """Weak duality in integers: `y rhs + sum over requests of max(0, max over its columns of gain - y A)`.

    To that comes, of each piece of a soft row, `most * max(0, y - price)`.

    Parameters
    ----------
    model
        The whole day-level model.
    gain
        By column: what the objective gains, in points or in weight.
    duals
        By row, 0 or more. Any such duals give a bound, and those of the LP the best one.
    prices
        By piece of the soft rows: what a unit costs.

    Returns
    -------
    Fraction | None
        An upper bound of the objective, without the model's `constant`. None if the numbers are too large to
        be summed safely.
    """
    duals = _clipped(model, duals, prices)
    most = float(np.abs(gain).sum() + (duals * (np.abs(model.rhs) + 1)).sum())
    most += float((duals[model.soft_row] * model.soft_most).sum())
    most += sum(
        float((duals[model.row[part]] * np.abs(model.value[part])).sum()) for part in model.entry_parts()
    )
    most += model.columns + len(duals)
    shift = min(20, MAX_BITS - math.ceil(math.log2(most + 1)))
    if not math.isfinite(most) or shift < 0:
        return None
    scale = float(1 << shift)
    y = np.floor(duals * scale).astype(np.int64)
    worth = np.ceil(gain * scale).astype(np.int64)
    for part in model.entry_parts():
        np.subtract.at(worth, model.column[part], y[model.row[part]] * model.value[part])
    best = np.zeros(int(model.request.max(initial=-1)) + 1, dtype=np.int64)
    np.maximum.at(best, model.request, worth)
    over = np.maximum(y[model.soft_row] - np.floor(prices * scale).astype(np.int64), 0) * model.soft_most
    total = int((y * model.rhs).sum()) + int(best.sum()) + int(over.sum())
    return Fraction(total, 1 << shift)


def _clipped(model: DayModel, duals: Floats, prices: Floats) -> Floats:
    """A plan may always exceed a soft row for its highest price: a dual above that proves nothing."""
    highest = np.full(len(duals), np.inf)
    highest[model.soft_row] = 0.0
    np.maximum.at(highest, model.soft_row, prices)
    clipped: Floats = np.minimum(duals, highest)
    return clipped
