"""Shutdown flag that tells running tasks to stop."""

from __future__ import annotations

import mmap
from typing import Any

from celery.signals import worker_shutting_down

# One byte that the worker shares with the pool processes that it forks. (Where they are not forked, on
# macOS, a task does not see it: it runs to its end or is killed, and its run is taken up again.)
_flag = mmap.mmap(-1, 1)


@worker_shutting_down.connect
def _raise_flag(**_: Any) -> None:
    _flag[0] = 1


def is_stopping() -> bool:
    """Whether this worker was asked to shut down: stop what you do and give it back."""
    return _flag[0] == 1
