"""Shutdown flag that tells running tasks to stop."""

from __future__ import annotations

import mmap
from typing import Any

from celery.signals import worker_shutting_down

# One byte of memory shared with the forked pool processes. (On macOS they are not forked, and tasks do
# not see it: they run to their end or are killed, and their runs are recovered.)
_flag = mmap.mmap(-1, 1)


@worker_shutting_down.connect
def _raise_flag(**_: Any) -> None:
    _flag[0] = 1


def is_stopping() -> bool:
    """Return True if this worker shuts down: running tasks must stop and put back their work."""
    return _flag[0] == 1
