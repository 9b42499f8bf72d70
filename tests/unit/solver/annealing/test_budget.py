"""The progress of a search is its share of work: a thread that waits for a core does none."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from scheduler.solver.annealing.temperature import Budget, Temperatures
from scheduler.solver.annealing.threads import Annealing
from scheduler.solver.clock import SolveClock


class Time:
    now = 100.0


@pytest.fixture
def time(monkeypatch: Any) -> Time:
    time = Time()
    monkeypatch.setattr("scheduler.solver.clock.now", lambda: time.now)
    return time


def test_progress_is_the_share_of_the_time_while_all_threads_work(time: Time) -> None:
    budget = Budget(SolveClock(10.0), threads=2)
    found = []
    for time.now in (100.0, 102.5, 109.0, 110.0):
        found.append(budget.progress())
    assert found == pytest.approx([0.0, 0.25, 0.9, 1.0])


def test_a_thread_that_waits_leaves_its_work_to_the_rest_of_the_time(time: Time) -> None:
    budget = Budget(SolveClock(10.0), threads=2)
    budget.set_working(1)
    time.now = 104.0
    assert budget.progress() == pytest.approx(4 / (4 + 2 * 6))
    assert budget.share() == pytest.approx(0.4)
    budget.set_working(2)
    assert budget.progress() == pytest.approx(4 / 16)
    time.now = 107.0
    assert budget.progress() == pytest.approx(10 / 16)
    time.now = 110.0
    assert budget.progress() == 1.0


def test_progress_by_moves_is_the_share_of_the_moves(time: Time) -> None:
    budget = Budget(SolveClock(10.0), moves=200, threads=2)
    budget.set_working(1)
    budget.made, time.now = 50, 109.0
    assert budget.progress() == 0.25


@pytest.mark.parametrize(("trades", "share"), [(True, 4 / 16), (False, 0.4)])
def test_a_tight_event_is_cooled_by_the_work_and_a_loose_one_by_the_time(
    time: Time, trades: bool, share: float
) -> None:
    budget = Budget(SolveClock(10.0), threads=2)
    budget.set_working(1)
    time.now = 104.0
    schedule = Annealing(Temperatures(20.0, 0.4, trades_meetings=trades), budget)
    assert schedule.share == pytest.approx(share)
    half = replace(schedule, span=(0.5, 1.0))
    assert half.share == pytest.approx(0.5 + 0.5 * share)
