"""Tasks as a worker's main process handles them, from receipt to acknowledgement."""

from __future__ import annotations

from typing import Any

from celery.worker.request import Request


class ReceivedTask(Request):
    """A task whose worker connects to the broker anew if it cannot acknowledge or reject the task.

    Celery only logs such an error. The task would still count as unacknowledged, and a worker of one process
    would never take another one, while its heartbeat goes on.
    """

    def __init__(self, message: Any, **options: Any) -> None:
        super().__init__(message, **options | {"connection_errors": ()})  # those that are only logged
