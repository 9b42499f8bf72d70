"""Three successive nights: each is published, unaffected people stay, and organisers' actions persist."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from benchmarks.overnight import BUDGET, Churn, Desk, run_nights
from scheduler.domain.problem import Problem
from scheduler.domain.solving import Result, SolveParams
from scheduler.solver.solve import solve
from scheduler.storage.database import Database

pytestmark = pytest.mark.usefixtures("clock")

CHURN = Churn(accepted=10, withdrawn=5, absent=3, pressed=40)


def counted(problem: Problem, params: SolveParams, **options: Any) -> Result:
    """Solve with a fixed number of moves, so that every machine finds the same plan."""
    return solve(problem, replace(params, iterations=15_000, workers=1), **options)


def test_each_of_three_nights_is_published_within_its_limits(database: Database) -> None:
    """SQLite has the first night only: what the later ones read and write is the same."""
    desk = Desk(database, firms=50, requests=1_200, seed=1, solve=counted)
    found = run_nights(desk, CHURN, 1 if database.is_sqlite else 3)
    assert sum(night.pressed for night in found) > 0
    for night in found:
        assert night.state == "published", night
        assert bool(night.error) == bool(night.not_kept), "only what somebody absent was locked to"
        assert night.most_of_one <= BUDGET.a_person, night
        assert night.lost == [], night
        assert all(why.startswith("FixNotApplied: ") for why in night.refused), night.refused
