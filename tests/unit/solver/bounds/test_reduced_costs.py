"""Reduced costs: no plan with a request is better than the bound less what that request lacks."""

from __future__ import annotations

from contextlib import closing
from datetime import date

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from scheduler.domain.problem import Problem
from scheduler.files.problem_file import write_problem
from scheduler.samples.expo import make_expo
from scheduler.samples.problem import to_problem
from scheduler.solver.bounds import lp, prove
from scheduler.solver.bounds.day_model import build_day_model
from scheduler.solver.bounds.dtypes import Floats
from scheduler.solver.bounds.merging import merge_days_and_people
from scheduler.solver.bounds.prove import iter_upper_bounds, upper_bounds
from scheduler.solver.clock import SolveClock
from tests.support import reference_rules
from tests.support.brute_force import plans
from tests.support.builders import ask, booth, make_problem, problems


def reduced_costs_of(problem: Problem) -> Floats:
    noted: list[Floats] = []
    for _ in iter_upper_bounds(problem, 60.0, None, ("score",), noted.append):
        pass
    return noted[0] if noted else np.zeros(len(problem.requests))


@given(problems(max_requests=3))
@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
def test_no_plan_with_a_request_is_better_than_the_bound_less_what_it_lacks(problem: Problem) -> None:
    costs, bound = reduced_costs_of(problem), upper_bounds(problem, 60.0).score
    document = write_problem(problem)
    for meetings in plans(document):
        if reference_rules.broken_rules(document, meetings):
            continue
        lacking = min((costs[problem.index.requests[m["request"]]] for m in meetings), default=0.0)
        assert (
            reference_rules.total(document, reference_rules.terms(document, meetings))
            <= bound + min(0.0, lacking) + 1e-3
        )


def test_what_takes_the_time_of_heavier_ones_lacks_the_difference() -> None:
    """Two are alike, so that the price of the slot is what they are worth, and no less proves the bound."""
    problem = make_problem(
        slots="1",
        places=[booth("b", "x"), booth("c", "y"), booth("d", "z")],
        requests=[
            ask("light", "a", "x", place="booth", weight=1),
            ask("heavy", "a", "y", place="booth", weight=5),
            ask("alike", "a", "z", place="booth", weight=5),
        ],
    )
    light, heavy, alike = reduced_costs_of(problem)
    assert light <= -400 + 1e-6
    assert min(heavy, alike) >= -1e-6


def test_each_bound_is_told_before_the_next_lp_is_solved() -> None:
    """The first one decides what an unchanged plan shows, and what the search looks at."""
    problem = to_problem(make_expo(firms=120, requests=1700, seed=1, start=date(2026, 11, 24)))
    model = build_day_model(problem)
    assert model is not None
    small = merge_days_and_people(model).model
    assert small.columns > lp.SMALL_COLUMNS
    cost = np.array([prove._cost(problem, small, "score"), prove._cost(problem, small, "served")])
    arrays = prove._arrays(small, cost)
    solver = lp.LpSolver()
    solver.begin()
    (alone,) = solver.iter_duals({**arrays, "cost": cost[:1]}, ["simplex"], 60.0)
    begun = lp._LpProcess()
    begun.send({**arrays, "seconds": np.array(60.0), "ways": np.array(["simplex", "simplex"])})
    first = begun.receive(len(arrays["rhs"]), SolveClock(60.0))
    second = begun.receive(len(arrays["rhs"]), SolveClock(60.0))
    begun.end()
    solver.close()
    assert alone is not None
    assert first is not None
    assert second is not None
    assert np.array_equal(alone, first)
    assert not np.array_equal(first, second)
    assert not np.isnan(second).any()


def test_one_process_solves_the_lps_of_all_models() -> None:
    columns = lp.SMALL_COLUMNS + 1
    with closing(lp.LpSolver()) as solver:
        process = solver.begin()
        for rows in (3, 2):  # smaller ones after larger ones, too
            arrays = {
                "cost": np.arange(1.0, columns + 1)[None, :],
                "upper": np.full(columns, 2.0),
                "rhs": np.full(rows, 1.0),
                "row": np.repeat(np.arange(rows), columns),
                "column": np.tile(np.arange(columns), rows),
                "value": np.ones(rows * columns, dtype=np.int64),
            }
            (duals,) = solver.iter_duals(arrays, ["simplex"], 60.0)
            assert duals is not None
            assert duals.sum() == pytest.approx(columns)
        assert solver.begin() is process


def test_a_process_that_still_solves_for_nobody_is_ended() -> None:
    with closing(lp.LpSolver()) as solver:
        process = solver.begin()
        columns = lp.SMALL_COLUMNS + 1
        arrays = {
            "cost": np.ones((1, columns)),
            "upper": np.ones(columns),
            "rhs": np.ones(1),
            "row": np.zeros(columns, dtype=np.int64),
            "column": np.arange(columns),
            "value": np.ones(columns, dtype=np.int64),
        }
        (duals,) = solver.iter_duals(arrays, ["simplex"], 60.0, should_stop=lambda: True)
        assert duals is None
        assert process.child.returncode is not None


def test_a_process_that_is_too_late_has_no_duals_and_is_ended() -> None:
    process = lp._LpProcess()  # it waits for its LPs for ever
    assert process.receive(3, SolveClock(0.0)) is None
    process.end()
    assert process.child.returncode is not None


def test_a_process_that_no_lp_needs_is_ended() -> None:
    solver = lp.LpSolver()
    solver.begin()
    process = solver._process
    solver.close()
    assert process is not None
    assert process.child.returncode is not None
