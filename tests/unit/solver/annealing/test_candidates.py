"""Which requests a search may insert: by reduced costs for most of the time, all of them at the end."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from scheduler.domain.problem import Problem
from scheduler.domain.solving import SolveParams
from scheduler.files.plan_file import write_plan
from scheduler.samples.expo import make_expo
from scheduler.samples.problem import to_problem
from scheduler.solver.annealing.candidates import LpGuide, choose_candidates, read_guide
from scheduler.solver.annealing.day_shares import Flags
from scheduler.solver.annealing.search import REPORTS, Search
from scheduler.solver.annealing.temperature import Budget, Temperatures, fit_temperatures
from scheduler.solver.clock import SolveClock
from scheduler.solver.compiled.kernels import Floats
from scheduler.solver.instance.arrays import Data, flatten
from scheduler.solver.solve import solve
from scheduler.solver.state.state import new_state
from tests.support.builders import ask, make_problem, meet

HOPELESS = -1e9


def test_what_lacks_little_is_a_candidate_and_more_so_at_a_higher_temperature() -> None:
    data = flatten(
        make_problem(requests=[ask("r0", "a", "b"), ask("r1", "a", "c"), ask("r2", "b", "c")])
    ).data
    costs = np.array([1.0, -90.0, -np.inf])
    assert choose_candidates(data, costs, 1.0).tolist() == [True, False, False]
    assert choose_candidates(data, costs, 100.0).tolist() == [True, True, False]


def test_what_is_compulsory_or_published_is_a_candidate_whatever_it_costs() -> None:
    problem = make_problem(
        slots="3",
        requests=[
            ask("published", "a", "b"),
            ask("must", "a", "c", fixed={"slot": "s2", "must": True}),
            ask("other", "b", "c"),
        ],
        published=[meet("published", "s1", "t1", "a1 b1")],
    )
    for asked, found in ((problem, [True, True, False]), (every_one_compulsory(problem), [True] * 3)):
        guide = read_guide(asked, np.full(3, HOPELESS), fit_temperatures(asked, cold=False))
        assert choose_candidates(flatten(asked).data, guide.reduced_costs, 0.0).tolist() == found


def every_one_compulsory(problem: Problem) -> Problem:
    return replace(problem, policy=replace(problem.policy, require_all=True))


def test_a_request_without_hope_is_tried_all_the_same_before_the_end() -> None:
    """Whatever the LP says, no request is shut out for good."""
    flat = flatten(make_problem(slots="2", requests=[ask("r0", "a", "b"), ask("r1", "a", "b")]))
    state = new_state(flat.data, 1)
    held: list[tuple[float, int]] = []
    search = Search(
        flat,
        fit_temperatures(flat.problem, cold=False),
        Budget(SolveClock(60.0), 4000),
        1,
        1,
        lambda state, *_: held.append((search.schedule.share, int((state.held[:, 0] >= 0).sum()))),
        guide=lambda: LpGuide(np.full(2, HOPELESS), fit_temperatures(flat.problem, cold=False)),
    )
    search.run(state)
    assert {count for share, count in held if share < 0.79} == {0}
    assert int((search.best[:, 0] >= 0).sum()) == 2


def test_a_search_takes_up_what_a_later_lp_says() -> None:
    flat = flatten(make_problem(slots="2", requests=[ask("r0", "a", "b"), ask("r1", "a", "b")]))
    temperatures = fit_temperatures(flat.problem, cold=False)
    coarse, fine = (LpGuide(np.array(costs), temperatures) for costs in ([HOPELESS, 1.0], [1.0, 1.0]))
    held: list[tuple[float, list[bool]]] = []
    search = Search(
        flat,
        temperatures,
        Budget(SolveClock(60.0), 4000),
        1,
        1,
        lambda state, *_: held.append((search.schedule.share, (state.held[:, 0] >= 0).tolist())),
        guide=lambda: coarse if search.schedule.share < 0.4 else fine,
    )
    search.run(new_state(flat.data, 1))
    assert not any(is_held for share, (is_held, _) in held if share < 0.4)
    assert any(is_held for share, (is_held, _) in held if share < 0.79)


@pytest.mark.parametrize(
    ("params", "led_by"),
    [(SolveParams(iterations=2000, method="search"), 1), (SolveParams(60.0, method="search"), 2)],
)
def test_a_search_by_time_is_led_by_later_lps_too_and_one_by_moves_by_the_first(
    params: SolveParams, led_by: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Which LPs are solved by a certain move depends on the machine. Here all are by the second round."""
    problem = to_problem(make_expo(firms=60, requests=900, seed=1, start=date(2026, 11, 24)))
    costs: list[Floats] = []
    coolings: set[Temperatures] = set()

    def read(problem: Problem, reduced_costs: Floats, temperatures: Temperatures) -> LpGuide:
        costs.append(reduced_costs)
        coolings.add(temperatures)
        for thread in threading.enumerate():
            if thread.name == "bounds":
                thread.join()
        return read_guide(problem, reduced_costs, temperatures)

    monkeypatch.setattr("scheduler.solver.search_strategy.read_guide", read)
    solve(problem, params, should_stop=lambda: len(costs) == 2)
    assert len({each.tobytes() for each in costs}) == len(costs) == led_by
    assert len(coolings) == 1, "each cooling has one beginning"


def test_a_search_by_moves_waits_for_the_reduced_costs_so_that_its_plan_is_the_same_each_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    problem = to_problem(make_expo(firms=60, requests=1500, seed=1, start=date(2026, 11, 24)))
    asked: list[float] = []

    def choose(data: Data, costs: Floats, temperature: float) -> Flags:
        asked.append(temperature)
        return choose_candidates(data, costs, temperature)

    monkeypatch.setattr("scheduler.solver.annealing.search.choose_candidates", choose)
    params = SolveParams(workers=2, method="search", iterations=2000)
    first = write_plan(solve(problem, params).plan)
    rounds = len(asked)
    assert rounds >= 0.7 * REPORTS
    assert write_plan(solve(problem, params).plan) == first
    assert asked[rounds:] == asked[:rounds]


def test_the_first_temperature_follows_what_the_meetings_lack_to_the_bound() -> None:
    """On a loose event small steps decide, else which meetings are traded for which others."""
    problem = make_problem(requests=[ask("r0", "a", "b", weight=3)])
    found = [fit_temperatures(problem, cold=False, lack=lack) for lack in (0.0, 4.0, 5.0, 50.0, None)]
    assert [each.first for each in found] == [20.0, 20.0, 28.5, 120.0, 60.0]
    assert [each.trades_meetings for each in found] == [False, False, True, True, True]
    assert len({fit_temperatures(problem, cold=True, lack=lack) for lack in (0.0, 50.0)}) == 1
