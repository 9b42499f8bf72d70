"""Child processes that never outlive us: a session each, bound to our life, written down for the next start."""

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

PR_SET_PDEATHSIG = 1


@dataclass(frozen=True, slots=True)
class Program:
    """What to run; `is_ready` is asked until it says yes. Programs of a lower `stop_rank` are stopped earlier."""

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
            self.process = subprocess.Popen(
                program.command,
                env={**os.environ, **program.environment},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=_die_with_parent,
            )

    @property
    def is_running(self) -> bool:
        return self.process.poll() is None

    def terminate(self) -> None:
        if self.is_running:
            self.process.terminate()

    def kill_group(self) -> None:
        """Kill what is left of the child's session: its own children may outlive it."""
        _signal_group(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def last_lines(self, count: int = 15) -> str:
        with self.program.log.open(errors="replace") as log:
            return "".join(deque(log, count)).rstrip()


def write_down(path: Path, children: Iterable[Child]) -> None:
    """Keep group and command of each child, so that `clean_up` can find them if we are killed."""
    path.write_text(json.dumps([[c.process.pid, c.program.command] for c in children]))


def clean_up(path: Path) -> int:
    """Kill what a killed supervisor left behind and give the number of groups; reads `write_down`'s file."""
    left = 0
    with contextlib.suppress(OSError, ValueError):
        rows = json.loads(path.read_text())
        left = sum(_kill_left_over(pid, command) for pid, command in rows)
    path.unlink(missing_ok=True)
    return left


def _kill_left_over(group: int, command: list[str]) -> bool:
    leader = _command_of(group)
    if leader is not None and leader != command:  # the number was given to another program since
        return False
    return _signal_group(group, signal.SIGKILL)


def _command_of(pid: int) -> list[str] | None:
    """The command line of a process, None if it is gone; split at spaces where only `ps` knows it."""
    if sys.platform == "linux":
        try:
            words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[:-1]
        except OSError:
            return None
        return [os.fsdecode(word) for word in words] or None
    shown = subprocess.run(
        ["ps", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return shown.stdout.split() or None


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
    """Linux kills the child when the thread that started it ends: start children from the main thread."""
    if _prctl is not None:
        _prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
