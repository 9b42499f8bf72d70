"""Reduced costs: no plan with a request is better than the bound less what that request lacks."""

from __future__ import annotations

from datetime import date

import numpy as np
from hypothesis import HealthCheck, given, settings

from scheduler.domain.problem import Problem
from scheduler.files.problem_file import write_problem
from scheduler.samples.expo import make_expo
from scheduler.samples.problem import to_problem
from scheduler.solver.bounds import lp, prove
from scheduler.solver.bounds.day_model import build_day_model
from scheduler.solver.bounds.dtypes import Floats
from scheduler.solver.bounds.merging import merge_rows
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


def test_what_takes_the_time_of_a_heavier_one_lacks_the_difference() -> None:
    problem = make_problem(
        slots="1",
        places=[booth("b", "x"), booth("c", "y")],
        requests=[
            ask("light", "a", "x", place="booth", weight=1),
            ask("heavy", "a", "y", place="booth", weight=5),
        ],
    )
    light, heavy = reduced_costs_of(problem)
    assert light <= -400 + 1e-6
    assert heavy >= -1e-6


def test_each_bound_is_told_before_the_next_lp_is_solved() -> None:
    """The first one decides what an unchanged plan shows, and what the search looks at."""
    problem = to_problem(make_expo(firms=120, requests=1700, seed=1, start=date(2026, 11, 24)))
    model = build_day_model(problem)
    assert model is not None
    small = merge_rows(model)
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
    assert alone is not None
    assert np.array_equal(alone, first)
    assert not np.array_equal(first, second)
    assert not np.isnan(second).any()


def test_a_process_that_is_too_late_has_no_duals_and_is_ended() -> None:
    process = lp._LpProcess()  # it waits for its LPs for ever
    assert np.isnan(process.receive(3, SolveClock(0.0))).all()
    process.end()
    assert process.child.returncode is not None


def test_a_process_that_no_lp_needs_is_ended() -> None:
    solver = lp.LpSolver()
    solver.begin()
    process = solver._waiting
    solver.close()
    assert process is not None
    assert process.child.returncode is not None
