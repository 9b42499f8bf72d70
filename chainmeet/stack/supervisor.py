"""Supervisor of the embedded stack: ordered start and stop, restarts with back-off, no leftover processes."""

from __future__ import annotations

import itertools
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import wait
from pathlib import Path
from types import FrameType
from typing import TypeVar

from chainmeet.stack.processes import Child, Program, clean_up, write_down
from scheduler.domain.errors import ChainmeetError
from scheduler.threads import run_with_monitor

T = TypeVar("T")

FIRST_WAIT, LONGEST_WAIT = 1.0, 30.0
LOOK_SECONDS = 0.2
LAST_WORDS = 1.0
"""Seconds for work in a thread to end after a signal."""
STEADY = 60.0
"""Seconds after which a child counts as healthy, and its back-off is reset to `FIRST_WAIT`."""


PATIENCE = 60.0
"""Seconds until programs that start together must be ready, on an idle machine."""


_ABOVE = "The lines above say why."


class ProgramFailed(ChainmeetError):
    """A program of the stack did not start. The message has the end of its log."""

    code = "program-failed"

    def __init__(self, child: Child, what: str) -> None:
        self.name = child.program.name
        where = f"The end of {child.program.log}:\n{child.last_lines()}" if child.program.log else _ABOVE
        super().__init__(f"{self.name} {what}. {where}")


class Supervisor:
    """A context manager, entered in the main thread. Call `watch` until it is time to stop.

    Exit stops all children.
    """

    def __init__(self, pid_file: Path, say: Callable[[str], None] = print) -> None:
        self.stopping = threading.Event()
        self._pid_file, self._say = pid_file, say
        self.children: list[Child] = []
        self._restarts: dict[str, tuple[float, float]] = {}  # name: time of the restart, back-off in seconds
        self._hurry = False

    def __enter__(self) -> Supervisor:
        clean_up(self._pid_file)
        numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
        self._handlers = {number: signal.signal(number, self._on_signal) for number in numbers}
        return self

    def __exit__(self, *_: object) -> None:
        self.stopping.set()
        self._stop_all()
        self._pid_file.unlink(missing_ok=True)
        for number, handler in self._handlers.items():
            signal.signal(number, handler)

    def start(self, *programs: Program, patience: float = PATIENCE) -> None:
        """Start programs and wait until all are ready. Raises ProgramFailed if one ends or takes too long.

        `patience` is in seconds on an idle machine. It grows with the load average per core.
        """
        began = time.monotonic()
        waiting = [self._spawn(program) for program in programs]
        while time.monotonic() < began + patience * crowded():
            for child in waiting:
                if not child.is_running:
                    raise ProgramFailed(child, f"ended with status {child.process.returncode}")
            waiting = [child for child in waiting if not child.is_ready()]
            if not waiting or self.stopping.is_set():
                return
            time.sleep(0.05)
        raise ProgramFailed(waiting[0], f"was not ready after {time.monotonic() - began:.0f} s")

    def watch(self, until: Callable[[], bool] = lambda: False) -> None:
        """Supervise the children until a signal arrives or `until` returns True."""
        while not self.stopping.is_set() and not until():
            self._look_after()
            self.stopping.wait(LOOK_SECONDS)

    def _look_after(self) -> None:
        for child in [child for child in self.children if not child.is_running]:
            self._plan_restart(child)

    def attend(self, work: Callable[[], T]) -> T | None:
        """Run `work` in a thread and supervise the children. Return its value, or None if a signal ended it.

        `work` must check `stopping`. Its exceptions are raised here.
        """

        def look() -> bool:
            self._look_after()
            return not self.stopping.is_set()

        outcome = run_with_monitor(work, look, every=LOOK_SECONDS)
        wait([outcome], LAST_WORDS)
        return outcome.result() if outcome.done() else None

    def _spawn(self, program: Program) -> Child:
        child = Child(program)
        self.children.append(child)
        write_down(self._pid_file, self.children)
        return child

    def _plan_restart(self, child: Child) -> None:
        name, now = child.program.name, time.monotonic()
        at, waited = self._restarts.get(name, (0.0, 0.0))
        if at <= child.started:  # it has just ended
            child.kill_group()
            wait = (
                FIRST_WAIT if now - child.started > STEADY else min(LONGEST_WAIT, max(FIRST_WAIT, 2 * waited))
            )
            self._restarts[name] = (now + wait, wait)
            self._say(f"{name} ended with status {child.process.returncode}; restarts in {wait:.0f} s.")
            if lines := child.last_lines(5):
                self._say(lines)
        elif now >= at:
            self.children.remove(child)
            self._spawn(child.program)

    def _stop_all(self) -> None:
        ranks = sorted(self.children, key=lambda child: child.program.stop_rank)
        for _, group in itertools.groupby(ranks, key=lambda child: child.program.stop_rank):
            self._stop(list(group))
        for child in self.children:
            child.kill_group()
        self.children.clear()

    def _stop(self, children: Sequence[Child]) -> None:
        for child in children:
            child.terminate()
        for _ in _until(time.monotonic() + max(child.program.grace for child in children)):
            if self._hurry or not any(child.is_running for child in children):
                break
        for child in children:
            child.kill_group()

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        self._hurry = self.stopping.is_set()  # the second signal skips grace periods
        self.stopping.set()


def crowded() -> float:
    """Return the slowdown compared with an idle machine: the load average per core, at least 1."""
    return max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))


def _until(deadline: float) -> Iterator[None]:
    while time.monotonic() < deadline:
        yield
        time.sleep(0.05)
