"""A solve in a thread of its own, while this one watches: cancel flag, shutdown, time, heartbeat, reports."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol

import structlog
from sqlalchemy.exc import OperationalError

from scheduler.domain.solving import Progress, Result

log = structlog.get_logger()

POLL = 0.2
"""Seconds between two looks at what may stop a solve."""
REPORT_EVERY = 1.0
BEAT_EVERY = 5.0
OVERTIME = 30.0
"""Seconds after its time in which a solve should have ended by itself; then it is told to."""
COMPILING = "compiling"
"""The phase, before the first solve of an installation, that the solver does not count as its time."""
PATIENCE = 60.0
"""Seconds after it was told to stop in which a solve has to; then it is given up."""

Report = Callable[[Progress], None]
ShouldStop = Callable[[], bool]
Solve = Callable[..., Result]


class Stop(StrEnum):
    """Why a solve was told to stop."""

    CANCEL = "cancel"
    SHUTDOWN = "shutdown"
    OVERTIME = "overtime"


class PlanKeeper(Protocol):
    """Where the run is kept; each call is a short transaction."""

    def is_cancel_asked(self) -> bool: ...
    def report(self, progress: Progress) -> None: ...
    def beat(self) -> None: ...


@dataclass(slots=True)
class Attended:
    """How it went: the result unless it hangs, and why it was stopped if it was."""

    result: Any = None
    why: Stop | None = None
    is_stuck: bool = False


def attend(
    work: Callable[[Report, ShouldStop], Result],
    keeper: PlanKeeper,
    *,
    seconds: float,
    should_stop: ShouldStop,
) -> Attended:
    """Run `work` to its end or until it is stopped; raises what it raises, and what the keeper does."""
    thread = _SolveThread(work)
    watch = _Watch(keeper, should_stop, seconds + OVERTIME, ends=time.monotonic() + seconds + OVERTIME)
    thread.start()
    try:
        while thread.is_alive():
            thread.join(POLL)
            watch.look(thread)
            if watch.stopped_at is not None and time.monotonic() > watch.stopped_at + PATIENCE:
                return Attended(why=watch.why, is_stuck=True)
    finally:
        thread.stop.set()
        thread.join(PATIENCE if watch.stopped_at is None else 0)
    if thread.error is not None and watch.why not in (Stop.CANCEL, Stop.SHUTDOWN):
        raise thread.error
    return Attended(thread.result, watch.why)


class _SolveThread(threading.Thread):
    """A daemon: a solve that hangs does not keep the process alive."""

    def __init__(self, work: Callable[[Report, ShouldStop], Result]) -> None:
        super().__init__(name="solve", daemon=True)
        self.work, self.stop = work, threading.Event()
        self.progress: Progress | None = None
        self.result: Result | None = None
        self.error: BaseException | None = None

    def run(self) -> None:
        try:
            self.result = self.work(self._note, self.stop.is_set)
        except BaseException as error:  # handed to the thread that watches
            self.error = error

    def _note(self, progress: Progress) -> None:
        self.progress = progress


@dataclass(slots=True)
class _Watch:
    keeper: PlanKeeper
    should_stop: ShouldStop
    allowed: float
    ends: float
    why: Stop | None = None
    stopped_at: float | None = None
    told_at: float = 0.0
    told: Progress | None = field(default=None)

    def look(self, thread: _SolveThread) -> None:
        """One look; a database that does not answer for a moment does not end a solve."""
        try:
            if self.stopped_at is None and thread.is_alive():
                self.why = self._reason(thread.progress)
                if self.why is not None:
                    self.stopped_at = time.monotonic()
                    thread.stop.set()
            self._tell(thread.progress)
        except OperationalError as error:
            log.warning("database does not answer", error=str(error.orig))

    def _reason(self, progress: Progress | None) -> Stop | None:
        if self.should_stop():
            return Stop.SHUTDOWN
        if progress is not None and progress.phase == COMPILING:
            self.ends = time.monotonic() + self.allowed
        if time.monotonic() > self.ends:
            return Stop.OVERTIME
        return Stop.CANCEL if self.keeper.is_cancel_asked() else None

    def _tell(self, progress: Progress | None) -> None:
        now = time.monotonic()
        if progress is not None and progress is not self.told and now >= self.told_at + REPORT_EVERY:
            self.keeper.report(progress)
            self.told = progress
        elif now >= self.told_at + BEAT_EVERY:
            self.keeper.beat()
        else:
            return
        self.told_at = now
