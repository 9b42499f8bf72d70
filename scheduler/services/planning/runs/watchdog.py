"""Watchdog of a solve, which runs in its own thread: cancellation, shutdown, overtime, heartbeats,
progress.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

import structlog
from sqlalchemy.exc import OperationalError

from scheduler.domain.solving import Phase, Progress, Result
from scheduler.threads import run_with_monitor

log = structlog.get_logger()

POLL_SECONDS = 0.2
"""Seconds between two checks."""
REPORT_INTERVAL = 1.0
HEARTBEAT_INTERVAL = 5.0
MAX_OVERTIME = 30.0
"""Seconds past its time limit after which a solve is told to stop."""
STOP_TIMEOUT = 60.0
"""Seconds after which a solve that was told to stop is abandoned."""

Report = Callable[[Progress], None]
ShouldStop = Callable[[], bool]
Solve = Callable[..., Result]


class Stop(StrEnum):
    """Reason for stopping a solve."""

    CANCEL = "cancel"
    KEEP = "keep"  # stop and keep the best plan
    SHUTDOWN = "shutdown"
    OVERTIME = "overtime"


class RunStore(Protocol):
    """Storage of a run. Each call is a short transaction."""

    def stop_requested(self) -> Stop | None: ...
    def report(self, progress: Progress) -> None: ...
    def beat(self) -> None: ...


@dataclass(slots=True)
class WatchedSolve:
    """The result, unless the solve hangs, and the reason if it was stopped."""

    result: Any = None
    why: Stop | None = None
    is_stuck: bool = False


def watch_solve(
    work: Callable[[Report, ShouldStop], Result],
    store: RunStore,
    *,
    seconds: float,
    should_stop: ShouldStop,
) -> WatchedSolve:
    """Run `work` until it ends or is stopped. Raises the errors of `work` and of the store."""
    watching = _Watch(store, should_stop, seconds + MAX_OVERTIME)
    try:
        outcome = run_with_monitor(
            lambda: watching.solved(work), watching.look, every=POLL_SECONDS, name="solve"
        )
    finally:
        watching.stop.set()
        watching.ended.wait(STOP_TIMEOUT if watching.stopped_at is None else 0)
    if not outcome.done():
        return WatchedSolve(why=watching.why, is_stuck=True)
    error = outcome.exception()
    if error is None:
        return WatchedSolve(outcome.result(), watching.why)
    if watching.why in (Stop.CANCEL, Stop.SHUTDOWN):
        return WatchedSolve(why=watching.why)
    raise error


class _Watch:
    """State shared by the watchdog thread and the solve."""

    def __init__(self, store: RunStore, should_stop: ShouldStop, allowed: float) -> None:
        self.store, self.should_stop, self.allowed = store, should_stop, allowed
        self.ends = time.monotonic() + allowed
        self.stop, self.ended = threading.Event(), threading.Event()
        self.progress: Progress | None = None
        self.told: Progress | None = None
        self.told_at = 0.0
        self.why: Stop | None = None
        self.stopped_at: float | None = None

    def solved(self, work: Callable[[Report, ShouldStop], Result]) -> Result:
        """Run the work in its own thread and return its result."""
        try:
            return work(self._note, self.stop.is_set)
        finally:
            self.ended.set()

    def _note(self, progress: Progress) -> None:
        self.progress = progress

    def look(self) -> bool:
        """Check once. Return True to continue.

        A database that is briefly unavailable does not end a solve.
        """
        try:
            if self.stopped_at is None and not self.ended.is_set():
                self.why = self._reason()
                if self.why is not None:
                    self.stopped_at = time.monotonic()
                    self.stop.set()
            self._tell()
        except OperationalError as error:
            log.warning("database does not answer", error=str(error.orig))
        return self.stopped_at is None or time.monotonic() <= self.stopped_at + STOP_TIMEOUT

    def _reason(self) -> Stop | None:
        if self.should_stop():
            return Stop.SHUTDOWN
        if self.progress is not None and self.progress.phase == Phase.COMPILING:
            self.ends = time.monotonic() + self.allowed
        if time.monotonic() > self.ends:
            return Stop.OVERTIME
        return self.store.stop_requested()

    def _tell(self) -> None:
        now, progress = time.monotonic(), self.progress
        if progress is not None and progress is not self.told and now >= self.told_at + REPORT_INTERVAL:
            self.store.report(progress)
            self.told = progress
        elif now >= self.told_at + HEARTBEAT_INTERVAL:
            self.store.beat()
        else:
            return
        self.told_at = now
