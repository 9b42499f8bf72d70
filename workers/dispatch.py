"""Task dispatch by name, after the commit that the task reads. Imports no task."""

from __future__ import annotations

import json

import structlog
from celery import Celery
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from scheduler.services.planning.runs import recovery, runs
from scheduler.storage.database import Database
from workers import celery_app

log = structlog.get_logger()

LOOK_AHEAD = 50
"""Tasks at the head of a queue among which one is looked for that waits already."""


def solve(run_id: int, *, app: Celery | None = None) -> bool:
    """Have a queued run solved. See `_send` for the return value."""
    return _send(app, "chainmeet.solve", run_id)


def run(database: Database, run_id: int, *, app: Celery | None = None) -> bool:
    """Have a queued run solved, and record that its task was sent. If it was not, the next tick sends it."""
    if not solve(run_id, app=app):
        return False
    with database.write() as session:
        recovery.mark_sent(session, run_id, now=database.now())
    return True


def what_if(*, app: Celery | None = None) -> bool:
    """Have the next what-if solved that waits. See `_send` for the return value."""
    return _send(app, "chainmeet.what_if", once=True)


def version_job(job_id: int, *, countdown: float = 0, app: Celery | None = None) -> bool:
    """Have a version compared or published. See `_send` for the return value."""
    return _send(app, "chainmeet.version_job", job_id, countdown=countdown)


def import_file(file_id: int, *, app: Celery | None = None) -> bool:
    """Have a worker look at a file that was brought, or take it. See `_send` for the return value."""
    return _send(app, "chainmeet.import_file", file_id)


def delete_rows(*, countdown: float = 0, app: Celery | None = None) -> bool:
    """Have the rows of deleted events deleted. See `_send` for the return value."""
    return _send(app, "chainmeet.delete_rows", once=True, countdown=countdown)


def help_with(run_id: int, *, app: Celery | None = None) -> bool:
    """Call another worker to help with a run's search. See `_send` for the return value."""
    return _send(app, "chainmeet.help", run_id, expires=runs.CALL_TIMEOUT)


def deliver(*, app: Celery | None = None) -> bool:
    """Have the mails of the outbox sent. See `_send` for the return value."""
    return _send(app, "chainmeet.deliver", once=True)


def deliver_urgent(*, app: Celery | None = None) -> bool:
    """Have requests to sign in answered, and urgent mails sent. See `_send` for the return value."""
    return _send(app, "chainmeet.deliver_urgent", once=True)


def fetch(*, app: Celery | None = None) -> bool:
    """Have the mailbox read. See `_send` for the return value."""
    return _send(app, "chainmeet.fetch", once=True)


def refetch(*, app: Celery | None = None) -> bool:
    """Have linked calendars fetched that are due. See `_send` for the return value."""
    return _send(app, "chainmeet.refetch", once=True)


def judge(*, app: Celery | None = None) -> bool:
    """Have incoming mails judged that are not judged yet. See `_send` for the return value."""
    return _send(app, "chainmeet.judge", once=True)


def notify_subscribers(*, app: Celery | None = None) -> bool:
    """Have plugins given what the audit log has for them. See `_send` for the return value."""
    return _send(app, "chainmeet.notify_subscribers", once=True)


def _send(
    app: Celery | None,
    name: str,
    *args: int,
    expires: float | None = None,
    once: bool = False,
    countdown: float = 0,
) -> bool:
    """Whether the broker took the task. If not, nothing is lost: the next tick, or the search, finds out.

    With `once` no second one is sent while the first still waits in its queue. (An `expires` would be a
    moment by the sender's clock: a worker whose clock is ahead would drop every task unseen.)
    """
    app = app or celery_app.app
    try:
        if not (once and _waits(app, name)):
            how = {"headers": _headers(), "expires": expires, "countdown": countdown or None}
            app.send_task(name, args=args, **how)
    except (OperationalError, RedisError) as error:
        log.warning("task not sent", task=name, args=args, error=str(error))
        return False
    return True


def _waits(app: Celery, name: str) -> bool:
    """Whether such a task is among the next ones of its queue."""
    with app.pool.acquire(block=True) as connection:
        connection.ensure_connection(max_retries=1, interval_start=0)  # else it would try for six seconds
        queued = connection.default_channel.client.lrange(celery_app.ROUTES[name], -LOOK_AHEAD, -1)
    return any(json.loads(message)["headers"].get("task") == name for message in queued)


def _headers() -> dict[str, str]:
    """The id of the request that leads to the task, if one does: it stands in the lines of both."""
    request = structlog.contextvars.get_contextvars().get("request")
    return {"request_id": str(request)} if request else {}
