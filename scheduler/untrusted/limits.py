"""What a child process may use. The kernel keeps the limits, so no parser of anybody's can outlive them."""

from __future__ import annotations

import os
import resource
import signal
from contextlib import suppress
from pathlib import Path
from typing import Final

CPU_SECONDS: Final = 5.0
"""The limit of one job. The worst mail and calendar within our own limits take a second on a slow machine."""
WALL_SECONDS: Final = 60.0
"""Of one job, however busy the machine is."""
MEMORY: Final = 256 * 1024 * 1024
"""Octets of one job, beside what the interpreter and the parsers have once they are loaded."""
MAX_ANSWER: Final = 4 * 1024 * 1024
"""Octets of what a job gives."""
MAX_MULTISTATUS_ANSWER: Final = 24 * 1024 * 1024
"""Octets of the calendars in the answer of a calendar server, each line's end as four characters of JSON."""
MAX_SHEETS_ANSWER: Final = 48 * 1024 * 1024
"""Octets of the rows of a spreadsheet: those of the largest file, each cell with its quotes."""
LIFE_CPU_SECONDS: Final = 120
"""The limit of one child. A child ends long before it."""


def apply_limits() -> None:
    """Limit this process for good: memory, processor, no file written, no core, few files open."""
    os.nice(5)
    for which, most in (
        (resource.RLIMIT_AS, _used() + MEMORY),
        (resource.RLIMIT_CPU, LIFE_CPU_SECONDS),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, 64),
    ):
        with suppress(ValueError, OSError):  # a system that lacks one keeps the others
            resource.setrlimit(which, (most, most))


def start_job_limits() -> None:
    """Start a job's time limits: the kernel ends this process when the job has used up its time."""
    signal.setitimer(signal.ITIMER_PROF, CPU_SECONDS)
    signal.setitimer(signal.ITIMER_REAL, WALL_SECONDS)


def end_job_limits() -> None:
    """The job is done. What comes next has its own time."""
    signal.setitimer(signal.ITIMER_PROF, 0)
    signal.setitimer(signal.ITIMER_REAL, 0)


def _used() -> int:
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[0])
    except OSError:
        return 2 * MEMORY
    return pages * resource.getpagesize()
