"""A stop finds a checked plan ready, even if checks take long."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from threading import Event
from time import sleep
from types import ModuleType
from typing import Any

import pytest

from scheduler.domain import rules
from scheduler.domain.entities import PlanStatus
from scheduler.domain.problem import Problem
from scheduler.domain.solving import SolveParams
from scheduler.solver import result, search_strategy
from scheduler.solver import solve as solve_module
from scheduler.solver.annealing.search import Search
from scheduler.solver.annealing.temperature import Budget, Temperatures
from scheduler.solver.clock import SolveClock
from scheduler.solver.compiled.kernels import Int32s
from scheduler.solver.explain import reasons
from scheduler.solver.instance.arrays import Flat, flatten
from scheduler.solver.plans import incumbent
from scheduler.solver.plans.checking import Checked, clean_and_score
from scheduler.solver.plans.incumbent import Incumbent
from scheduler.solver.plans.start import build_start_state
from scheduler.solver.solve import solve
from scheduler.solver.state.columns import held
from scheduler.solver.state.state import new_state
from tests.support.builders import ask, make_problem

WAIT = 0.5  # seconds


def a_problem(slots: str = "4 4") -> Problem:
    firms = "abcdefgh"
    return make_problem(slots=slots, requests=[ask(a + b, a, b) for a in firms for b in firms if a < b])


@pytest.fixture
def slow_checks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Treat every check as slow."""
    monkeypatch.setattr(incumbent, "QUICK_SECONDS", -1.0)
    monkeypatch.setattr(incumbent, "SHARE", 1e9)


def test_a_plan_is_checked_beside_the_search_once_a_check_takes_long(slow_checks: None) -> None:
    flat = flatten(a_problem())
    keeper = Incumbent(flat, SolveClock(60.0))
    state = build_start_state(flat, None, 1)
    keeper.check_beside(state.held)
    assert keeper.thread is not None
    keeper.thread.join()
    meetings, score = keeper.ready
    assert meetings
    assert rules.violations(flat.problem, meetings) == []
    assert score == rules.score(flat.problem, meetings)


def test_a_plan_that_is_checked_quickly_waits_for_the_end() -> None:
    flat = flatten(a_problem())
    keeper = Incumbent(flat, SolveClock(60.0))
    keeper.check_beside(build_start_state(flat, None, 1).held)
    assert keeper.thread is None


def test_a_stopped_solve_takes_the_plan_that_is_ready(slow_checks: None) -> None:
    problem, phases = a_problem(), set[str]()
    plan = solve(
        problem,
        SolveParams(60.0, workers=1, method="search"),
        on_progress=lambda progress: phases.add(progress.phase),
        should_stop=lambda: "searching" in phases,
    ).plan
    assert plan.meetings
    assert plan.score == rules.score(problem, plan.meetings).total


@pytest.fixture
def endless(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[ModuleType, str], Event]]:
    """Yield a function that blocks a part of a solve until the test ends; its event is set at the start."""
    ended = Event()

    def make(module: ModuleType, piece: str) -> Event:
        begun, work = Event(), getattr(module, piece)

        def slow(*args: Any) -> Any:
            if not begun.is_set():
                begun.set()
                ended.wait()
            return work(*args)

        monkeypatch.setattr(module, piece, slow)
        return begun

    yield make
    ended.set()


@pytest.mark.parametrize(
    ("module", "piece"), [(solve_module, "flatten"), (search_strategy, "build_start_state")]
)
def test_a_stop_does_not_wait_for_a_first_plan(
    module: ModuleType, piece: str, endless: Callable[[ModuleType, str], Event]
) -> None:
    problem, begun = a_problem(), endless(module, piece)
    plan = solve(problem, SolveParams(60.0, method="search"), should_stop=begun.is_set).plan
    assert plan.status is PlanStatus.UNKNOWN
    assert len(plan.unscheduled) == len(problem.requests)


@pytest.mark.parametrize("iterations", [None, 100])
def test_a_stop_does_not_wait_for_reasons(
    endless: Callable[[ModuleType, str], Event], iterations: int | None
) -> None:
    problem = make_problem(slots="1", requests=[ask("r1", "a", "b"), ask("r2", "a", "c")])
    begun = endless(result, "explain_unscheduled")
    params = SolveParams(0.5, workers=1, method="search", iterations=iterations)
    plan = solve(problem, params, should_stop=begun.is_set).plan
    assert len(plan.meetings) == 1
    assert [row.reason for row in plan.unscheduled] == ["not-examined"]


@pytest.mark.parametrize(("cooling", "is_improved"), [(0.0, False), (0.05, True)])
def test_a_stopped_search_makes_the_moves_that_gain_as_long_as_it_may(
    cooling: float, is_improved: bool
) -> None:
    flat = flatten(a_problem())
    budget = Budget(SolveClock(60.0, lambda: True))
    search = Search(flat, Temperatures(3.0, 0.2), budget, 1, 1, cooling=cooling)
    search.run(new_state(flat.data, 1))
    assert bool((search.best[:, held.SLOT] >= 0).any()) is is_improved


def test_a_solve_without_time_for_more_checks_its_first_plan_once_and_looks_into_no_reasons(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    checks: list[Any] = []
    check = Incumbent.check

    def counted(keeper: Incumbent, table: Any) -> Any:
        checks.append(table)
        return check(keeper, table)

    monkeypatch.setattr(Incumbent, "check", counted)
    monkeypatch.setattr(reasons, "Occupancy", None)
    problem = make_problem(slots="1", requests=[ask("r1", "a", "b"), ask("r2", "a", "c")])
    plan = solve(problem, SolveParams(1e-6, method="search")).plan
    assert len(plan.meetings) == 1
    assert len(checks) == 1
    assert [row.reason for row in plan.unscheduled] == ["not-examined"]


def test_the_best_plan_that_was_checked_is_kept_whatever_is_checked_after_it() -> None:
    flat = flatten(a_problem())
    keeper = Incumbent(flat, SolveClock(60.0))
    best = keeper.check(build_start_state(flat, None, 1).held)
    keeper.check(new_state(flat.data, 1).held)
    assert best
    assert keeper.ready[0] == best


def test_the_time_of_a_search_is_fixed_before_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its cooling depends on it: time that is added near the end heats a plan that was almost cold."""
    begun = list[float]()
    run = Search.run

    def noted(search: Search, plan: Any) -> None:
        begun.append(search.budget.seconds)
        run(search, plan)
        begun.append(search.budget.seconds)

    monkeypatch.setattr(Search, "run", noted)
    solve(a_problem(), SolveParams(0.5, workers=1, method="search"))
    assert len(begun) == 2
    assert begun[0] == begun[1]


def test_a_first_check_that_waits_for_the_interpreter_leaves_the_search_its_time(
    slow_checks: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last check and the reasons have it for themselves: they need the CPU time of the first check."""
    reserved = list[float]()

    def wait(flat: Flat, table: Int32s) -> Checked:
        sleep(WAIT)
        return clean_and_score(flat, table)

    monkeypatch.setattr(incumbent, "clean_and_score", wait)
    monkeypatch.setattr(SolveClock, "reserve", lambda _, seconds: reserved.append(seconds))
    params = SolveParams(60.0, workers=1, method="search")
    solve(a_problem(), params, should_stop=lambda: len(reserved) == 2)
    *_, for_the_end = reserved[:2]
    assert 0.0 < for_the_end < WAIT


@pytest.mark.parametrize(("seconds", "spare"), [(20.0, 0.3), (60.0, 0.9), (600.0, 1.6)])
def test_a_rerun_keeps_time_back_to_take_changes_back_and_for_the_reasons_of_all_that_is_unscheduled(
    monkeypatch: pytest.MonkeyPatch, seconds: float, spare: float
) -> None:
    """Its start plan, the published one, already holds nearly all that the search will hold.

    A small share of the time is spare, up to what all reasons take, because a machine's speed varies.
    """
    problem = a_problem("4")
    plan = solve(problem, SolveParams(workers=1, method="search", iterations=1000)).plan
    assert plan.unscheduled
    reserved = list[float]()
    monkeypatch.setattr(SolveClock, "reserve", lambda _, seconds: reserved.append(seconds))
    monkeypatch.setattr(Incumbent, "computed", property(lambda _: 0.1, lambda *_: None))
    solve(
        replace(problem, published=plan.meetings, source_fingerprint=None),
        SolveParams(seconds, workers=1, method="search"),
        should_stop=lambda: len(reserved) == 2,
        is_changed=True,
    )
    checks, reasons = 1.2 + 1.5, 1.0 + 20.0 * len(plan.unscheduled) / len(plan.meetings)
    assert reserved[1] == pytest.approx(0.1 + 0.1 * (checks + reasons) + spare)


@pytest.mark.parametrize(("computed", "counted"), [(0.1, 0.1), (2.0, 7.0)])
def test_a_quick_check_counts_what_its_thread_computed_and_a_slow_one_all_of_its_time(
    monkeypatch: pytest.MonkeyPatch, computed: float, counted: float
) -> None:
    """The first check shares the interpreter with the proof. A slow one has to fit into the time left."""
    flat, clock, spent = flatten(a_problem()), SolveClock(60.0), iter((1.0, 8.0))
    monkeypatch.setattr(SolveClock, "spent", property(lambda _clock: next(spent)))
    monkeypatch.setattr(incumbent, "thread_seconds", iter((3.0, 3.0 + computed)).__next__)
    keeper = Incumbent(flat, clock)
    keeper.check(build_start_state(flat, None, 1).held)
    assert keeper.spent == pytest.approx(counted)
