"""Prices of the LP: where it knows the whole score, a search pays for what its meetings take up."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any, cast

import numpy as np
import pytest

from scheduler.domain.problem import Problem
from scheduler.domain.rules.score import weighted_total
from scheduler.domain.solving import Helpers, SolveParams
from scheduler.solver.annealing.candidates import PRICE_SHARE, LpGuide, read_guide
from scheduler.solver.annealing.search import Search
from scheduler.solver.annealing.temperature import Budget, fit_temperatures
from scheduler.solver.clock import SolveClock
from scheduler.solver.compiled.kernels import Floats
from scheduler.solver.instance.arrays import flatten
from scheduler.solver.plans.start import build_start_state
from scheduler.solver.solve import solve
from scheduler.solver.state.columns import held
from scheduler.solver.state.state import State
from scheduler.solver.state.terms import count_terms
from tests.support.builders import ask, make_problem, meet, table

WEIGHT_ONLY = {"served": 1, "idle": 0, "hall_change": 0}
MOVES = 300_000


def matching(firms: int = 60, slots: str = "8", wishes: int = 16, **policy: Any) -> Problem:
    """Two sides that wish for twice as many meetings as they have slots, each of a weight of its own."""
    draws = random.Random(1)
    requests = [
        ask(f"{buyer} {seller}", f"a{buyer}", f"b{seller}", weight=draws.randint(1, 100))
        for buyer in range(firms)
        for seller in draws.sample(range(firms), wishes)
    ]
    places = [table("t", capacity=firms)]
    return make_problem(slots=slots, requests=requests, places=places, factors=WEIGHT_ONLY, **policy)


def gap(problem: Problem) -> float:
    plan = solve(problem, SolveParams(workers=1, seed=1, method="search", iterations=MOVES)).plan
    assert plan.bound is not None
    return float(plan.bound - plan.score) / float(plan.bound)


def test_with_prices_a_search_of_the_heaviest_meetings_ends_within_a_thousandth_or_two_of_its_bound(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    problem = matching()
    priced = gap(problem)
    monkeypatch.setattr("scheduler.solver.annealing.candidates._prices", lambda *_: None)
    assert priced < 0.002 < 0.004 < gap(problem)


def test_prices_are_what_the_lp_takes_for_all_but_what_has_to_be_held() -> None:
    problem = make_problem(
        slots="3",
        requests=[ask("r0", "a", "b", weight=10), ask("must", "a", "c", fixed={"slot": "s2", "must": True})],
        factors=WEIGHT_ONLY,
    )
    guide = read_guide(problem, np.array([4.0, -5.0]), fit_temperatures(problem, cold=False))
    assert guide.prices is not None
    assert guide.prices.tolist() == [pytest.approx(PRICE_SHARE * 6.0), 0.0]


@pytest.mark.parametrize("cause", ["idle", "hall_change", "published"])
def test_no_prices_count_where_the_lp_lacks_a_part_of_the_score(cause: str) -> None:
    requests = [ask("r0", "a", "b")]
    if cause == "published":
        published = [meet("r0", "s0", "t1", "a1 b1")]
        problem = make_problem(requests=requests, published=published, factors=WEIGHT_ONLY)
    else:
        problem = make_problem(requests=requests, factors={**WEIGHT_ONLY, cause: 1})
    assert read_guide(problem, np.zeros(1), fit_temperatures(problem, cold=False)).prices is None


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("policy", [{}, {"max_idle_spread": 2}])
def test_the_score_of_a_plan_is_that_of_the_rules_while_prices_count(
    workers: int, policy: dict[str, Any]
) -> None:
    problem = matching(20, **policy)
    flat = flatten(problem)
    known = read_guide(problem, random_costs(problem), fit_temperatures(problem, cold=False))
    prices = known.prices
    assert prices is not None
    others = replace(known, prices=prices / 2)
    shares: list[float] = []
    worst: list[float] = []

    def report(state: State, score: float, is_best: bool) -> None:
        shares.append(search.schedule.share)
        worst.append(abs(score - weighted_total(problem, count_terms(problem, flat.data, state))))
        assert not is_best or search.score == score

    def guide() -> LpGuide:
        return known if search.schedule.share < 0.3 else others

    budget = Budget(SolveClock(60.0), 20_000)
    search = Search(flat, known.temperatures, budget, workers, 1, report, guide=guide)
    state = build_start_state(flat, None, 1)
    gains = flat.data.gain.copy()
    search.run(state)
    assert max(worst) < 1e-6
    assert shares[0] < 0.1 and shares[-1] == 1.0
    assert (flat.data.gain == gains).all(), "the arrays of the problem are not changed"
    assert state.score == pytest.approx(search.score)
    assert (state.held[:, held.SLOT] >= 0).tolist() == (search.best[:, held.SLOT] >= 0).tolist()


def test_a_search_that_is_stopped_while_prices_count_ends_with_its_best_plan() -> None:
    problem = matching(20)
    flat = flatten(problem)
    guide = read_guide(problem, random_costs(problem), fit_temperatures(problem, cold=False))
    clock = SolveClock(60.0, lambda: search.schedule.share > 0.3)
    search = Search(flat, guide.temperatures, Budget(clock, 20_000), 1, 1, guide=lambda: guide, cooling=0.1)
    state = build_start_state(flat, None, 1)
    search.run(state)
    assert search.schedule.share < 0.5
    assert state.score == weighted_total(problem, count_terms(problem, flat.data, state))
    assert state.score == pytest.approx(search.score)


def test_helpers_get_no_work_while_prices_count() -> None:
    """Their answers are worth what they are without prices."""
    asked: list[bool] = []

    class Absent:
        def size(self, *, nearby: bool) -> int:
            asked.append(search.prices is None)
            return 0

    problem = matching(20, slots="4 4")
    flat = flatten(problem)
    guide = read_guide(problem, random_costs(problem), fit_temperatures(problem, cold=False))
    budget = Budget(SolveClock(60.0, lambda: search.schedule.share > 0.05))
    search = Search(flat, guide.temperatures, budget, 1, 1, helpers=cast(Helpers, Absent()))
    search.guide = lambda: guide if asked else None
    search.run(build_start_state(flat, None, 1))
    assert asked == [True], "before the LP was solved"


def random_costs(problem: Problem) -> Floats:
    return np.random.default_rng(1).uniform(-50.0, 50.0, len(problem.requests))
