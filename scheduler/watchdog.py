"""Ends a process whose main loop hangs, so that its supervisor restarts it.

A health check marks a hung container as unhealthy, but does not restart it. A process whose main loop sends
no heartbeat for 120 seconds therefore exits. The container engine or the embedded supervisor restarts it. A
main loop that is merely very slow is ended too; other processes take over its work.
"""

from __future__ import annotations

import faulthandler
import sys
from pathlib import Path

LIMIT = 120.0
"""Seconds without a heartbeat after which a process exits."""


class Watchdog:
    """A watchdog timer that the main loop resets by `pulse` and disarms by `rest`.

    The timer is a C thread (`faulthandler`) that does not need the interpreter, so it also ends a process
    with a blocked interpreter. It writes the stack of each thread (file, line and function, no values) to
    standard error. Forked child processes have no watchdog.
    """

    def __init__(self, pulse_file: str = "", *, limit: float = LIMIT) -> None:
        self._file = Path(pulse_file) if pulse_file else None
        self._limit = limit

    def pulse(self) -> None:
        """Reset the timer and touch the heartbeat file, if any, for health checks."""
        faulthandler.dump_traceback_later(self._limit, exit=True, file=sys.__stderr__ or sys.stderr)
        if self._file is not None:
            self._file.touch()

    def rest(self) -> None:
        """Disarm the timer, because the loop stops or waits for an external service."""
        faulthandler.cancel_dump_traceback_later()
