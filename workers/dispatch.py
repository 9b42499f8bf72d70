"""Send tasks by name, after the commit that they read; nothing here imports a task."""

from __future__ import annotations

import structlog
from celery import Celery
from kombu.exceptions import OperationalError

from scheduler.services import runs
from workers import celery_app

log = structlog.get_logger()


def solve(run_id: int, *, app: Celery | None = None) -> bool:
    """Have a queued run solved; see `_send` for the answer."""
    return _send(app, "chainmeet.solve", run_id)


def help_with(run_id: int, *, app: Celery | None = None) -> bool:
    """Call another worker to help with a run's search; see `_send` for the answer."""
    return _send(app, "chainmeet.help", run_id, expires=runs.CALL_SECONDS)


def deliver(*, app: Celery | None = None) -> bool:
    """Have the outbox emptied; see `_send` for the answer."""
    return _send(app, "chainmeet.deliver", expires=celery_app.TICK_SECONDS * 2)


def refetch(*, app: Celery | None = None) -> bool:
    """Have linked calendars fetched that are due; see `_send` for the answer."""
    return _send(app, "chainmeet.refetch", expires=celery_app.REFETCH_SECONDS)


def _send(app: Celery | None, name: str, *args: int, expires: float | None = None) -> bool:
    """Whether the broker took the task. If not, nothing is lost: the next tick, or the search, finds out."""
    try:
        (app or celery_app.app).send_task(name, args=args, expires=expires)
    except OperationalError as error:
        log.warning("task not sent", task=name, args=args, error=str(error))
        return False
    return True
