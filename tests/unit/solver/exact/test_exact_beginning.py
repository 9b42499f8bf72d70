"""When the exact model starts, what runs meanwhile, and that building it can be stopped."""

from __future__ import annotations

import threading
import time
from datetime import date
from types import SimpleNamespace

import pytest

from scheduler.domain.entities import PlanStatus
from scheduler.domain.plan import Meeting
from scheduler.domain.problem import Problem
from scheduler.domain.solving import SolveParams
from scheduler.samples.expo import make_expo
from scheduler.samples.problem import to_problem
from scheduler.solver import clock, fallback_search
from scheduler.solver import solve as solve_module
from scheduler.solver.annealing.search import Search
from scheduler.solver.exact import solve as exact
from scheduler.solver.exact.solve import ExactResult, solve_exact
from scheduler.solver.solve import solve
from tests.support.builders import ask, make_problem, meet

SECONDS = 60.0


def compulsory() -> Problem:
    requests = [ask("r1", "a", "b"), ask("r2", "a", "c"), ask("r3", "b", "c", slots=["s2"])]
    return make_problem(slots="3", requests=requests, require_all=True, idle_counts="breaks")


def test_the_exact_model_begins_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    searched: list[Search] = []
    monkeypatch.setattr(Search, "run", lambda self, _plan: searched.append(self))
    monkeypatch.setattr(fallback_search, "HEAD_START_SECONDS", SECONDS)
    assert solve(compulsory(), SolveParams(seconds=3 * SECONDS)).plan.status is PlanStatus.OPTIMAL
    assert searched == []


def test_what_it_takes_to_load_kernels_and_cp_sat_is_not_counted_in_the_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Loading advances the clock by 100 seconds for each; the rest of the solve does not advance it."""
    began = time.monotonic()
    shown = SimpleNamespace(now=began, monotonic=lambda: shown.now, thread_time=time.thread_time)

    def take_long() -> None:
        shown.now += 100.0

    monkeypatch.setattr(clock, "time", shown)
    monkeypatch.setattr(solve_module, "warm_up", take_long)
    monkeypatch.setattr(solve_module, "load_cp_sat", take_long)
    plan = solve(compulsory(), SolveParams(seconds=SECONDS)).plan
    assert plan.status is PlanStatus.OPTIMAL
    assert shown.now == pytest.approx(began + 200.0)
    assert plan.seconds < 100.0


def test_a_model_that_takes_long_gets_a_search_beside_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def takes_long(*arguments: object) -> ExactResult:
        others = arguments[-1]
        assert callable(others)
        waiting = threading.Event()
        while others() is None and not waiting.wait(0.01):
            pass
        return ExactResult(PlanStatus.UNKNOWN, None, None)

    monkeypatch.setattr(fallback_search, "HEAD_START_SECONDS", 0.0)
    monkeypatch.setattr(exact, "solve_exact", takes_long)
    problem = make_problem(requests=[ask("r1", "a", "b"), ask("r2", "a", "c")])
    assert len(solve(problem, SolveParams(seconds=5.0)).plan.meetings) == 2


def test_a_plan_found_elsewhere_counts_as_the_models_own() -> None:
    problem = make_problem(requests=[ask("r1", "a", "b")])
    plan = (meet("r1", "s0", "t1", "a1 b1"),)
    found = solve_exact(problem, SECONDS, others=lambda: plan)
    assert found == ExactResult(PlanStatus.OPTIMAL, plan, 100)


class Told:
    """A stop callback that returns True at the nth call."""

    def __init__(self, nth: int) -> None:
        self.nth, self.asked = nth, 0

    def __call__(self) -> bool:
        self.asked += 1
        return self.asked >= self.nth


@pytest.fixture(scope="module")
def expo() -> Problem:
    return to_problem(make_expo(firms=12, requests=60, seed=1, start=date(2026, 11, 24)))


@pytest.mark.parametrize("share", [0.0, 0.3, 0.6, 0.95])
def test_the_building_of_a_model_can_be_stopped(
    expo: Problem, monkeypatch: pytest.MonkeyPatch, share: float
) -> None:
    class Searched(Exception):
        """Raised when the model is built and its solve starts."""

    def search(*_arguments: object, **_keys: object) -> int:
        raise Searched

    monkeypatch.setattr("scheduler.solver.exact.solve._Run.search", search)
    never = Told(10**9)
    with pytest.raises(Searched):
        solve_exact(expo, 10 * SECONDS, should_stop=never)
    assert never.asked > 100
    start: tuple[Meeting, ...] = ()
    stopped = Told(1 + int(share * never.asked))
    assert solve_exact(expo, 10 * SECONDS, start=start, should_stop=stopped).status is PlanStatus.FEASIBLE
    assert stopped.asked == stopped.nth
