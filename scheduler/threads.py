"""Runs work in a thread that another thread monitors."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, wait
from typing import TypeVar

T = TypeVar("T")


def run_with_monitor(
    work: Callable[[], T], look: Callable[[], bool], *, every: float, name: str = "work"
) -> Future[T]:
    """Run `work` in a daemon thread and monitor it from this thread until it ends.

    Hanging work does not keep the process alive, because the thread is a daemon.

    Parameters
    ----------
    work
        Its return value or exception becomes the result of the future.
    look
        Called every `every` seconds while the work runs, and once after it. Returns False to stop monitoring.
    every
        Seconds between two calls of `look`. The end of the work is noticed at once.

    Returns
    -------
    Future
        The result. It is not done if `look` stopped the monitoring first.
    """
    outcome: Future[T] = Future()
    threading.Thread(target=_fulfil, args=(outcome, work), name=name, daemon=True).start()
    while not outcome.done():
        wait([outcome], every)
        if not look():
            break
    return outcome


def _fulfil(outcome: Future[T], work: Callable[[], T]) -> None:
    try:
        outcome.set_result(work())
    except BaseException as error:
        outcome.set_exception(error)
