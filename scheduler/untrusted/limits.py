"""Resource limits of a child process, enforced by the kernel, so that no parser can evade them."""

from __future__ import annotations

import os
import resource
import signal
from contextlib import suppress
from pathlib import Path
from typing import Final

CPU_SECONDS: Final = 5.0
"""CPU seconds per job. The worst email or calendar within our limits takes a second on a slow machine."""
WALL_SECONDS: Final = 60.0
"""Wall-clock seconds per job, however loaded the machine is."""
MEMORY: Final = 256 * 1024 * 1024
"""Octets per job, beyond the interpreter and loaded parsers."""
MAX_ANSWER: Final = 4 * 1024 * 1024
"""Octets of a job's result."""
MAX_MULTISTATUS_ANSWER: Final = 24 * 1024 * 1024
"""Octets of the calendars in a CalDAV response, with line ends as four characters of JSON."""
MAX_SHEETS_ANSWER: Final = 48 * 1024 * 1024
"""Octets of a spreadsheet's rows: those of the largest file, with quotes around cells."""
LIFE_CPU_SECONDS: Final = 120
"""CPU seconds per child. A child exits long before that."""


def apply_limits() -> None:
    """Limit this process permanently: memory, CPU, no file writes, no core dumps, few open files."""
    os.nice(5)
    for which, most in (
        (resource.RLIMIT_AS, _used() + MEMORY),
        (resource.RLIMIT_CPU, LIFE_CPU_SECONDS),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, 64),
    ):
        with suppress(ValueError, OSError):  # unsupported limits are skipped
            resource.setrlimit(which, (most, most))


def start_job_limits() -> None:
    """Start a job's timers. The kernel kills the process when a time limit is reached."""
    signal.setitimer(signal.ITIMER_PROF, CPU_SECONDS)
    signal.setitimer(signal.ITIMER_REAL, WALL_SECONDS)


def end_job_limits() -> None:
    """Stop the timers after a job."""
    signal.setitimer(signal.ITIMER_PROF, 0)
    signal.setitimer(signal.ITIMER_REAL, 0)


def _used() -> int:
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[0])
    except OSError:
        return 2 * MEMORY
    return pages * resource.getpagesize()
