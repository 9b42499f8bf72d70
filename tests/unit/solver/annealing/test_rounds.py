"""A round of threads: each ends with it, so that none waits long for another."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from types import SimpleNamespace
from typing import Any, cast

import pytest

from scheduler.solver.annealing import threads
from scheduler.solver.annealing.day_shares import full_share
from scheduler.solver.annealing.search import Search
from scheduler.solver.annealing.temperature import Budget, fit_temperatures
from scheduler.solver.clock import SolveClock
from scheduler.solver.instance.arrays import flatten
from scheduler.solver.plans.start import build_start_state
from scheduler.solver.state.state import new_state
from tests.support.builders import ask, make_problem
from tests.support.busy import busy_problem

ROUND = 0.1


@pytest.mark.parametrize("seconds_a_move", [1e-6, 4e-6, 3e-5], ids=["fast", "usual", "slow"])
def test_the_last_batch_of_a_thread_ends_with_the_round(
    monkeypatch: pytest.MonkeyPatch, seconds_a_move: float
) -> None:
    time, made = 50.0, list[int]()

    def make(moves: int, *_others: Any) -> None:
        nonlocal time
        made.append(moves)
        time += moves * seconds_a_move

    monkeypatch.setattr(threads, "now", lambda: time)
    data = flatten(make_problem(requests=[ask("r1", "a", "b")])).data
    schedule = SimpleNamespace(
        make=make, candidates=lambda: None, budget=SimpleNamespace(is_over=lambda: False)
    )
    worker = threads._SearchThread(data, new_state(data, 1))
    worker.work(cast(threads.Annealing, schedule), full_share(data), 0, 50.0 + ROUND)
    assert 50.0 + ROUND <= time <= 50.0 + ROUND + threads.SHORTEST_BATCH * seconds_a_move
    assert max(made) == threads.BATCH, "it looks at the clock rarely"


def test_while_a_search_runs_its_threads_wait_briefly_for_the_interpreter() -> None:
    before, found = sys.getswitchinterval(), set[float]()
    problem = busy_problem()
    flat = flatten(problem)
    search = Search(
        flat,
        fit_temperatures(problem, cold=False),
        Budget(SolveClock(60.0), 2000),
        workers=2,
        seed=1,
        report=lambda *_: found.add(sys.getswitchinterval()),
    )
    search.run(build_start_state(flat, None, 1))
    assert list(found) == [pytest.approx(threads.SWITCH_SECONDS)]
    assert sys.getswitchinterval() == before


def test_searches_that_overlap_leave_the_interval_as_it_was() -> None:
    before = sys.getswitchinterval()
    with ExitStack() as second:
        with threads.quick_switches():
            second.enter_context(threads.quick_switches())
        assert sys.getswitchinterval() == pytest.approx(threads.SWITCH_SECONDS)
    assert sys.getswitchinterval() == before
