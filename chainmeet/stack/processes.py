"""Child processes tied to the supervisor's lifetime: one session each, recorded for clean-up."""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from workers.process_identity import birth

PR_SET_PDEATHSIG = 1


@dataclass(frozen=True, slots=True)
class Program:
    """A program to run. `is_ready` is polled until it is true. Lower values of `stop_rank` stop first."""

    name: str
    command: tuple[str, ...]
    log: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    is_ready: Callable[[], bool] | None = None
    stop_rank: int = 0
    grace: float = 2.0
    """Seconds between SIGTERM and SIGKILL."""


class Child:
    """A running Program."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.started = time.monotonic()
        with program.log.open("ab") as log:
            self.process = subprocess.Popen(  # noqa: S603 -- our own commands
                program.command,
                env={**os.environ, **program.environment},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=_die_with_parent,
            )
        self.born = birth(self.process.pid)

    @property
    def is_running(self) -> bool:
        return self.process.poll() is None

    def is_ready(self) -> bool:
        return self.program.is_ready is None or self.program.is_ready()

    def terminate(self) -> None:
        if self.is_running:
            self.process.terminate()

    def kill_group(self) -> None:
        """Kill the child's process group, because its own children may outlive it."""
        _signal_group(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def last_lines(self, count: int = 15) -> str:
        with self.program.log.open(errors="replace") as log:
            return "".join(deque(log, count)).rstrip()


def write_down(path: Path, children: Iterable[Child]) -> None:
    """Record PID and start time of each child, so that `clean_up` can find them if this process is killed."""
    path.write_text(json.dumps([[child.process.pid, child.born] for child in children]))


def clean_up(path: Path) -> int:
    """Kill process groups that a killed supervisor left, from `write_down`'s file. Return their number."""
    left = 0
    with contextlib.suppress(OSError, ValueError):
        rows = json.loads(path.read_text())
        left = sum(_kill_left_over(pid, born) for pid, born in rows)
    path.unlink(missing_ok=True)
    return left


def _kill_left_over(group: int, born: str | None) -> bool:
    if birth(group) not in (None, born):  # the PID has been reused by another process
        return False
    return _signal_group(group, signal.SIGKILL)


def _signal_group(group: int, number: signal.Signals) -> bool:
    try:
        os.killpg(group, number)
    except (ProcessLookupError, PermissionError):
        return False
    return True


def _load_prctl() -> Any:
    return ctypes.CDLL(None).prctl if sys.platform == "linux" else None


_prctl = _load_prctl()  # loaded before the fork: the child must not import or allocate much


def _die_with_parent() -> None:
    """Have Linux kill the child when the thread that started it ends: start children from the main thread."""
    if _prctl is not None:
        _prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
