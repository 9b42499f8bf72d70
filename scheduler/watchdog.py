"""Ends a process whose main loop stands still, so that whoever started it starts it again.

A health check marks a hung container as unhealthy, but starts nothing again. So a process whose main loop
gives no sign for 120 seconds ends itself, and the containers' engine or the embedded supervisor starts it
again. A main loop that is only very slow is ended too; others take up what it did.
"""

from __future__ import annotations

import faulthandler
import sys
from pathlib import Path

LIMIT = 120.0
"""Seconds without a pulse after which a process ends itself."""


class Watchdog:
    """Told by the main loop of a process that it goes round; between `rest` and the next pulse it may stand.

    The time is kept by a thread of C code that needs nothing of Python: it also ends a process in which
    nothing of Python runs any more. It writes where each thread stands (file, line and function, no values)
    to standard error. A process that is forked from this one has no watchdog.
    """

    def __init__(self, pulse_file: str = "", *, limit: float = LIMIT) -> None:
        self._file = Path(pulse_file) if pulse_file else None
        self._limit = limit

    def pulse(self) -> None:
        """The loop goes round; the file, if there is one, says so to health checks by its time."""
        faulthandler.dump_traceback_later(self._limit, exit=True, file=sys.__stderr__ or sys.stderr)
        if self._file is not None:
            self._file.touch()

    def rest(self) -> None:
        """The loop stops, or waits for something outside that may be away for long."""
        faulthandler.cancel_dump_traceback_later()
