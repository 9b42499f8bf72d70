"""Time of a worker's shutdown, which tells running tasks to stop."""

from __future__ import annotations

import mmap
import struct
import time
from typing import Any

from celery.signals import worker_init, worker_shutting_down

PUT_BACK_SECONDS = 20.0
"""What remains of the time to stop is for putting work back."""

# Memory shared with the forked pool processes. (On macOS they are not forked, and tasks do not see it: they
# run to their end or are killed, and their runs are recovered.)
_began = [mmap.mmap(-1, 8)]
"""`time.monotonic()` at the beginning of the shutdown, or 0."""
_SECONDS = struct.Struct("d")
_LONG_AGO = -1e9


@worker_init.connect
def _forget(**_: Any) -> None:
    """Take new memory before the pool starts: a worker that is a fork shares the old with its siblings."""
    _began[0] = mmap.mmap(-1, 8)


@worker_shutting_down.connect
def _begin(how: str = "Warm", **_: Any) -> None:
    if how == "Cold":  # running tasks are about to be killed
        _SECONDS.pack_into(_began[0], 0, _LONG_AGO)
    elif not is_stopping():  # a second SIGTERM gives no more time
        _SECONDS.pack_into(_began[0], 0, time.monotonic())


def is_stopping() -> bool:
    """Return True if this worker shuts down: running tasks must stop and put back their work."""
    return _at() != 0.0


def is_time_up(seconds: float) -> bool:
    """Return True if this worker shuts down, and work that may take `seconds` to stop must be put back now.

    `seconds` is the time from SIGTERM to SIGKILL. PUT_BACK_SECONDS of it are for putting the work back.
    """
    return is_stopping() and time.monotonic() >= _at() + seconds - PUT_BACK_SECONDS


def _at() -> float:
    (at,) = _SECONDS.unpack_from(_began[0])
    return float(at)
