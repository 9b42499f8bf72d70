"""Work in a thread that another one watches."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, wait
from typing import TypeVar

T = TypeVar("T")


def run_with_monitor(
    work: Callable[[], T], look: Callable[[], bool], *, every: float, name: str = "work"
) -> Future[T]:
    """Do some work in a thread, and look after it from this one until it is done.

    The thread is a daemon: work that hangs does not keep the process alive.

    Parameters
    ----------
    work
        What it gives or raises is the outcome's.
    look
        Is called each so many seconds as long as the work goes on, and once after its end. It says whether to
        go on watching.
    every
        Seconds between two looks. Work that ends is noticed at once.

    Returns
    -------
    Future
        The outcome. It is not done if `look` gave the work up.
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
