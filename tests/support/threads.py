"""A step of a test in a thread of its own, whose end or error the test waits for."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

PATIENCE = 30.0
"""Seconds; only a step that stands for ever takes so long."""


class Step:
    """`work`, begun at once; `done()` waits for its end, and returns or raises what it did."""

    def __init__(self, work: Callable[[], Any]) -> None:
        self._work = work
        self._answer: Any = None
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            self._answer = self._work()
        except BaseException as error:  # raised again in the test's own thread
            self._error = error

    def done(self, seconds: float = PATIENCE) -> Any:
        self._thread.join(seconds)
        if self._thread.is_alive():
            raise TimeoutError(f"still at work after {seconds:g} s")
        if self._error is not None:
            raise self._error
        return self._answer
