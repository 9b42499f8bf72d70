"""Walks longer than a night: the search enforces them across days, as the rules do."""

from __future__ import annotations

import random

import numpy as np
import pytest

from scheduler.domain import rules
from scheduler.domain.entities import PlanStatus
from scheduler.domain.problem import Problem
from scheduler.domain.solving import SolveParams
from scheduler.solver.annealing.day_shares import full_share, separable_days
from scheduler.solver.instance.arrays import flatten
from scheduler.solver.instance.columns import rules as rule_columns
from scheduler.solver.instance.columns import slots as slot_columns
from scheduler.solver.solve import solve
from tests.support.builders import ask, interpreter, make_problem, table

DAY = 24 * 60


def random_problem(seed: int, *, firms: int, requests: int, minutes: float = 10**6) -> Problem:
    """Firms of two halls that meet at booths and tables on three days; some need an interpreter."""
    draw = random.Random(seed)
    pairs = [tuple(draw.sample(range(firms), 2)) for _ in range(requests)]
    return make_problem(
        slots="2 2 2",
        requests=[
            ask(f"r{at}", f"f{a}", f"g{b}", weight=draw.randint(1, 5)) for at, (a, b) in enumerate(pairs)
        ],
        places=[table("t1", capacity=1 + firms // 3), table("t2", "h2", capacity=1 + firms // 3)],
        interpreters=[interpreter("i1")],
        walking={("h1", "h2"): minutes},
    )


@pytest.mark.parametrize("seed", range(12))
def test_the_search_finds_the_best_plan_of_small_problems(seed: int) -> None:
    problem = random_problem(seed, firms=3, requests=7)
    best = solve(problem, SolveParams(3600.0, workers=1, method="exact")).plan
    assert best.status is PlanStatus.OPTIMAL
    found = solve(problem, SolveParams(workers=1, method="search", iterations=20_000)).plan
    assert rules.violations(problem, found.meetings) == []
    assert found.score == best.score


@pytest.mark.parametrize("workers", [1, 2])
def test_nothing_of_a_plan_is_dropped_for_a_walk_over_night(workers: int) -> None:
    """The search's plan violates no rule, so that nothing is dropped afterwards."""
    problem = random_problem(3, firms=12, requests=40)
    found = solve(problem, SolveParams(workers=workers, method="search", iterations=30_000)).plan
    assert rules.violations(problem, found.meetings) == []
    assert found.score == 10_300, "as much as the best plan by the exact model; 32 or 33 meetings have it"


@pytest.mark.parametrize(("minutes", "is_long"), [(22 * 60.0, False), (DAY, True), (10**6, True)])
def test_days_are_apart_unless_a_walk_is_longer_than_a_night(minutes: float, is_long: bool) -> None:
    data = flatten(random_problem(0, firms=3, requests=3, minutes=minutes)).data
    assert bool(data.rules[rule_columns.LONG_WALKS]) is is_long
    assert len(separable_days(data, full_share(data))) == (1 if is_long else 3)
    reach = data.slots[:, [slot_columns.WALK_FIRST, slot_columns.WALK_LAST]]
    of_day = data.slots[:, [slot_columns.FIRST, slot_columns.LAST]]
    assert np.array_equal(reach, np.tile([0, 5], (6, 1)) if is_long else of_day)
