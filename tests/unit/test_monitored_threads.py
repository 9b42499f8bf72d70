"""Work in a thread is monitored until it ends, or is abandoned."""

from __future__ import annotations

import threading

import pytest

from scheduler.threads import run_with_monitor

LONG = 60.0


def test_what_the_work_gives_comes_at_once_however_seldom_it_is_looked_after() -> None:
    assert run_with_monitor(lambda: 42, lambda: True, every=LONG).result() == 42


def test_what_the_work_raises_is_the_outcome() -> None:
    with pytest.raises(ZeroDivisionError):
        run_with_monitor(lambda: 1 / 0, lambda: True, every=LONG).result()


def test_work_is_looked_after_until_it_is_given_up() -> None:
    ended, looks = threading.Event(), iter((True, True, False))
    try:
        assert not run_with_monitor(ended.wait, lambda: next(looks), every=0.001).done()
        assert next(looks, None) is None
    finally:
        ended.set()


def test_what_looking_raises_comes_through() -> None:
    ended = threading.Event()

    def look() -> bool:
        raise KeyboardInterrupt

    try:
        with pytest.raises(KeyboardInterrupt):
            run_with_monitor(ended.wait, look, every=0.001)
    finally:
        ended.set()


def test_work_that_hangs_does_not_keep_the_process_alive() -> None:
    ended, threads = threading.Event(), list[threading.Thread]()

    def work() -> None:
        threads.append(threading.current_thread())
        ended.wait(LONG)

    try:
        run_with_monitor(work, lambda: not threads, every=0.001, name="a name")
        assert [(thread.daemon, thread.name) for thread in threads] == [(True, "a name")]
    finally:
        ended.set()
