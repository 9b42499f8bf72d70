"""Pool of child processes for untrusted input: few per process, started on demand and reused.

Uses subprocess and a socket rather than multiprocessing: a process of a Celery pool cannot have such
children, a threaded web server must not fork, and results must never be unpickled.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import structlog

import scheduler
from scheduler.domain.errors import ChainmeetError
from scheduler.i18n import gettext_lazy
from scheduler.plugins import IMPORTERS
from scheduler.plugins.loading import folders
from scheduler.untrusted import frames, limits, sandbox
from scheduler.untrusted.frames import Ending

SIZE: Final = 2
"""Children per process, and so concurrent jobs. While one handles a bad email, the next is parsed."""
START_SECONDS: Final = 60.0
_KEPT: Final = ("PATH", "LANG", "LC_ALL", "PYTHONTZPATH", "PYTHONDONTWRITEBYTECODE", "LD_LIBRARY_PATH")
"""Environment variables passed to children. The full environment holds secrets."""
_SLOW: Final = gettext_lazy(
    "it took more than %(seconds)s seconds of computing time", seconds=f"{limits.CPU_SECONDS:g}"
)
_WHY: Final = {
    -signal.SIGPROF: _SLOW,
    -signal.SIGXCPU: _SLOW,
}

log = structlog.get_logger()


class LimitExceeded(ChainmeetError):
    """A job exceeded a limit or crashed the child. `str()` is a readable sentence."""

    code = "too-much-work"

    def __init__(self, why: str) -> None:
        super().__init__(gettext_lazy("The content could not be read: %(why)s.", why=why))


class ChildKilled(ChainmeetError):
    """A child was killed for a reason unrelated to its job. A retry may succeed."""

    code = "child-ended"

    def __init__(self) -> None:
        super().__init__(gettext_lazy("The program that reads files was stopped. Try again in a minute."))


class PoolExhausted(ChainmeetError):
    """All children are busy and none became free in time. A retry may succeed."""

    code = "all-busy"

    def __init__(self) -> None:
        super().__init__(gettext_lazy("Too many files are being read right now. Try again in a minute."))


class ChildNotStarted(ChainmeetError):
    """A child fails to start: a problem of the installation or machine."""

    code = "not-started"

    def __init__(self) -> None:
        super().__init__(gettext_lazy("The program that reads files can't start. Try again in a minute."))


class _Gone(Exception):
    """A child exited before it received the whole request, as it was idle or due for renewal."""


class _Child:
    def __init__(self, module: str) -> None:
        sandbox.hide_memory()
        self.socket, theirs = socket.socketpair()
        with theirs:
            # Runs this interpreter with one of our own modules.
            self.process: subprocess.Popen[bytes] = subprocess.Popen(  # noqa: S603
                [sys.executable, "-P", "-m", module],
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                env=_environment(),
                start_new_session=True,
            )
        try:
            self.is_walled = self._receive(1, time.monotonic() + START_SECONDS) == frames.READY
        except (EOFError, OSError):
            self.end()
            raise ChildNotStarted from None

    def ask(self, request: bytes, most: int) -> tuple[Ending, bytes]:
        """Return the answer to a request.

        Raises _Gone, ChildKilled or LimitExceeded, after which the child is unusable.
        """
        ends = time.monotonic() + limits.WALL_SECONDS + 5  # the child's own limit comes first
        try:
            self.socket.settimeout(limits.WALL_SECONDS)
            self.socket.sendall(request)
            self._receive(1, ends)
        except (EOFError, OSError):
            raise _Gone from None
        try:
            return frames.decode_answer(lambda size: self._receive(size, ends), most)
        except ValueError:
            raise LimitExceeded(gettext_lazy("its content is too large")) from None
        except (EOFError, OSError):
            status = self.end()
            if status in (-signal.SIGKILL, -signal.SIGALRM):  # out of memory, or an overloaded machine
                raise ChildKilled from None
            raise LimitExceeded(
                _WHY.get(status, gettext_lazy("it crashed the program that reads it"))
            ) from None

    def end(self) -> int:
        """End the child and return its exit status: minus the signal number, if it was killed."""
        self.socket.close()
        with suppress(subprocess.TimeoutExpired):
            return self.process.wait(0.2)
        self.process.kill()
        return self.process.wait()

    def _receive(self, size: int, ends: float) -> bytes:
        pieces = []
        while size:
            self.socket.settimeout(max(0.01, ends - time.monotonic()))
            piece = self.socket.recv(min(size, 65_536))
            if not piece:
                raise EOFError
            pieces.append(piece)
            size -= len(piece)
        return b"".join(pieces)


class ChildPool:
    """Runs jobs of `untrusted.jobs` in at most `size` child processes. Thread-safe."""

    def __init__(self, size: int = SIZE, module: str = "scheduler.untrusted.child") -> None:
        self.size, self.module, self._has_warned = size, module, False
        self._reset()
        os.register_at_fork(after_in_child=self._reset)

    def run(
        self,
        job: str,
        octets: bytes,
        options: dict[str, Any],
        *,
        wait: float,
        most: int = limits.MAX_ANSWER,
    ) -> tuple[Ending, bytes]:
        """Return how a job ended and its answer of at most `most` octets, not yet validated.

        Waits up to `wait` seconds for a free child. Raises PoolExhausted, ChildNotStarted, ChildKilled or
        LimitExceeded.
        """
        request = frames.encode_request(job, octets, options)
        if not self._free.acquire(timeout=wait):
            raise PoolExhausted
        try:
            return self._ask(request, most)
        finally:
            self._free.release()

    def warm(self) -> None:
        """Start all children now, so that the first jobs do not wait."""
        while len(self._idle) < self.size:
            self._idle.append(self._start())

    def close(self) -> None:
        """End the children. The next job starts new ones."""
        while self._idle:
            self._idle.pop().end()

    def _ask(self, request: bytes, most: int) -> tuple[Ending, bytes]:
        while True:
            child, is_new = self._take()
            try:
                ending, answer = child.ask(request, most)
            except _Gone:
                child.end()
                if is_new:
                    raise ChildNotStarted from None
                continue  # it was idle for too long, or reached its job limit
            except (LimitExceeded, ChildKilled) as error:
                status = child.end()
                log.warning("a child was ended", reason=str(error), status=status)
                raise
            if ending is Ending.FAILED:
                child.end()
            else:
                self._idle.append(child)
            return ending, answer

    def _take(self) -> tuple[_Child, bool]:
        """Return a child, and whether it is new."""
        try:
            return self._idle.pop(), False
        except IndexError:
            return self._start(), True

    def _start(self) -> _Child:
        child = _Child(self.module)
        if not child.is_walled and not self._has_warned:
            self._has_warned = True
            log.warning(
                "files of strangers are read with limits alone: the kernel has no Landlock or seccomp"
            )
        return child

    def _reset(self) -> None:
        """Reset the pool in a forked process, since the children belong to the parent."""
        for child in getattr(self, "_idle", ()):
            child.socket.close()
        self._idle: list[_Child] = []
        self._free = threading.BoundedSemaphore(self.size)


def _environment() -> dict[str, str]:
    """Return a child's environment: paths of our code and import plugins, and no secrets."""
    path = os.pathsep.join([str(Path(scheduler.__file__).parents[1]), *folders(IMPORTERS)])
    return {**{name: os.environ[name] for name in _KEPT if name in os.environ}, "PYTHONPATH": path}
