"""Child processes tied to the supervisor's lifetime: one session each, recorded for clean-up."""

from __future__ import annotations

import contextlib
import ctypes
import gc
import json
import os
import signal
import subprocess
import sys
import time
import traceback
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

from scheduler.domain.errors import ChainmeetError
from workers.process_identity import birth

PR_SET_PDEATHSIG = 1
PR_SET_NAME = 15
_FIRST_FILE = 3
"""File descriptors below are standard input, output and error."""


@dataclass(frozen=True, slots=True)
class Program:
    """A program to run: a command, or a function in a fork of the supervisor.

    `is_ready` is polled until it is true. Lower values of `stop_rank` stop first. Without a log file, it
    writes to the supervisor's output.
    """

    name: str
    command: tuple[str, ...] = ()
    log: Path | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    function: Callable[[], object] | None = None
    is_ready: Callable[[], bool] | None = None
    stop_rank: int = 0
    grace: float = 2.0
    """Seconds between SIGTERM and SIGKILL."""


class Child:
    """A running Program."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.started = time.monotonic()
        with contextlib.ExitStack() as files:
            log = files.enter_context(program.log.open("ab")) if program.log else sys.stdout
            self.process = _start(program, log.fileno())
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
        """Return the end of the program's log. Empty if it has none of its own."""
        if self.program.log is None:
            return ""
        with self.program.log.open(errors="replace") as log:
            return "".join(deque(log, count)).rstrip()


class ForkedProcess:
    """A fork of this process that runs a function, with the methods of `Popen` that a Child uses.

    Forks share the memory of the modules that are loaded before. This process must have one thread.
    """

    def __init__(self, name: str, function: Callable[[], object], environment: Mapping[str, str], log: int):
        self.returncode: int | None = None
        for stream in (sys.stdout, sys.stderr):
            stream.flush()  # or the fork writes it again
        parent = os.getpid()
        self.pid = os.fork()
        if self.pid == 0:
            _run_forked(name, function, environment, log, parent)
        with contextlib.suppress(OSError):  # also here, so that its group exists when this returns
            os.setpgid(self.pid, self.pid)

    def poll(self) -> int | None:
        """Return the exit status, negative for a signal, or None while it runs."""
        return self._await(os.WNOHANG)

    def wait(self) -> int | None:
        return self._await(0)

    def terminate(self) -> None:
        os.kill(self.pid, signal.SIGTERM)

    def kill(self) -> None:
        os.kill(self.pid, signal.SIGKILL)

    def _await(self, options: int) -> int | None:
        if self.returncode is None:
            pid, status = os.waitpid(self.pid, options)
            if pid:
                self.returncode = os.waitstatus_to_exitcode(status)
        return self.returncode


def _start(program: Program, log: int) -> subprocess.Popen[bytes] | ForkedProcess:
    if program.function is not None:
        return ForkedProcess(program.name, program.function, program.environment, log)
    return subprocess.Popen(  # noqa: S603 -- our own commands
        program.command,
        env={**os.environ, **program.environment},
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        preexec_fn=_die_with_parent,
    )


def _run_forked(
    name: str, function: Callable[[], object], environment: Mapping[str, str], log: int, parent: int
) -> NoReturn:
    """Run the function as a program of its own: no open files, signal handlers or parent's clean-up."""
    status = 1
    try:
        os.setpgid(0, 0)
        _die_with_parent(name)
        if os.getppid() != parent:  # it ended before the line above
            os._exit(status)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_DFL)
        os.dup2(log, 1)
        os.dup2(log, 2)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.closerange(_FIRST_FILE, os.sysconf("SC_OPEN_MAX"))
        os.environ.update(environment)
        gc.enable()
        function()
        status = 0
    except SystemExit as ending:
        status = ending.code if isinstance(ending.code, int) else int(ending.code is not None)
        if isinstance(ending.code, str):
            print(ending.code, file=sys.stderr)
    except ChainmeetError as error:
        print(error, file=sys.stderr)
    except BaseException:
        traceback.print_exc()
    finally:
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(OSError, ValueError):
                stream.flush()
        os._exit(status)


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


def _die_with_parent(name: str = "") -> None:
    """Have Linux kill the child when the thread that started it ends: start children from the main thread.

    `name` is what `ps -o comm` and `top` show, cut to 15 bytes.
    """
    if _prctl is not None:
        _prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if name:
            _prctl(PR_SET_NAME, name.encode()[:15])
