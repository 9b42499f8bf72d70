"""A solve's clock: reserved time, parts within the whole, and a single grace after a stop."""

from __future__ import annotations

import threading
import time

import pytest

from scheduler.solver import clock
from scheduler.solver.clock import SolveClock


def test_what_is_kept_back_is_not_left() -> None:
    whole = SolveClock(100.0)
    whole.reserve(40.0)
    assert 59.0 < whole.left() <= 60.0
    assert not whole.is_over()
    whole.reserve(100.0)
    assert whole.is_over()


def test_without_time_left_it_is_over_but_where_moves_are_counted() -> None:
    assert SolveClock(0.0).is_over()
    assert not SolveClock(0.0, is_limited=False).is_over()
    assert SolveClock(100.0, lambda: True, is_limited=False).is_over()


def test_a_part_is_over_with_its_own_time_or_with_the_whole() -> None:
    stopped = threading.Event()
    whole = SolveClock(100.0, stopped.is_set)
    assert whole.part(0.0).is_over()
    part = whole.part(1000.0)
    assert not part.is_over()
    whole.reserve(100.0)
    assert part.is_over()
    whole.reserve(0.0)
    stopped.set()
    assert part.is_stopped()


def test_what_is_done_while_it_stands_still_takes_no_time() -> None:
    whole = SolveClock(100.0)
    began = whole.began
    with whole.paused():
        time.sleep(0.05)
    assert whole.began >= began + 0.05


def test_patience_with_all_that_goes_on_after_a_stop_is_had_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "PATIENCE_SECONDS", 0.2)
    ended = threading.Event()
    whole = SolveClock(100.0, lambda: True)
    try:
        began = time.monotonic()
        assert whole.run_interruptibly(ended.wait) is None
        assert time.monotonic() - began >= 0.2
        assert whole.patience_ends <= time.monotonic()
        ends = whole.patience_ends
        assert whole.run_interruptibly(ended.wait) is None
        assert whole.patience_ends == ends
    finally:
        ended.set()


def test_nobody_who_could_stop_it_means_no_thread() -> None:
    assert SolveClock(0.0).run_interruptibly(threading.current_thread) is threading.current_thread()
