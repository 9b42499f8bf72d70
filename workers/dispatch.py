"""Task dispatch by name, after the commit that the task reads. Imports no task."""

from __future__ import annotations

import json

import structlog
from celery import Celery
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from scheduler import logs, tracing
from scheduler.services.planning.runs import recovery, runs
from scheduler.storage.database import Database
from workers import celery_app

log = structlog.get_logger()

LOOK_AHEAD = 50
"""How many tasks at the head of a queue are checked for a duplicate."""


def solve(run_id: int, *, app: Celery | None = None) -> bool:
    """Send a task that executes a queued run. See `_send` for the return value."""
    return _send(app, "chainmeet.solve", run_id)


def run(database: Database, run_id: int, *, app: Celery | None = None) -> bool:
    """Send a task that executes a queued run, and record it as sent. Otherwise the next tick retries."""
    if not solve(run_id, app=app):
        return False
    with database.write() as session:
        recovery.mark_sent(session, run_id, now=database.now())
    return True


def solve_scenario(*, app: Celery | None = None) -> bool:
    """Send a task that solves the next queued scenario. See `_send` for the return value."""
    return _send(app, "chainmeet.solve_scenario", once=True)


def version_job(job_id: int, *, countdown: float = 0, app: Celery | None = None) -> bool:
    """Send a task that compares or publishes a version. See `_send` for the return value."""
    return _send(app, "chainmeet.version_job", job_id, countdown=countdown)


def import_file(file_id: int, *, app: Celery | None = None) -> bool:
    """Send a task that previews or applies an uploaded import file. See `_send` for the return value."""
    return _send(app, "chainmeet.import_file", file_id)


def delete_rows(*, countdown: float = 0, app: Celery | None = None) -> bool:
    """Send a task that deletes rows of deleted events. See `_send` for the return value."""
    return _send(app, "chainmeet.delete_rows", once=True, countdown=countdown)


def make_packs(*, app: Celery | None = None) -> bool:
    """Send a task that makes the offline packs that are due. See `_send` for the return value."""
    return _send(app, "chainmeet.make_packs", once=True)


def prune(*, countdown: float = 0, app: Celery | None = None) -> bool:
    """Send a task that deletes data whose retention period ended. See `_send` for the return value."""
    return _send(app, "chainmeet.prune", once=True, countdown=countdown)


def help_with(run_id: int, *, app: Celery | None = None) -> bool:
    """Ask another worker to help with a run's search. See `_send` for the return value."""
    return _send(app, "chainmeet.help", run_id, expires=runs.CALL_TIMEOUT)


def deliver(*, app: Celery | None = None) -> bool:
    """Send a task that delivers emails of the outbox. See `_send` for the return value."""
    return _send(app, "chainmeet.deliver", once=True)


def deliver_urgent(*, app: Celery | None = None) -> bool:
    """Send a task that processes sign-in requests and delivers urgent emails. See `_send` for the return
    value.
    """
    return _send(app, "chainmeet.deliver_urgent", once=True)


def fetch(*, app: Celery | None = None) -> bool:
    """Send a task that reads the mailbox. See `_send` for the return value."""
    return _send(app, "chainmeet.fetch", once=True)


def refetch(*, app: Celery | None = None) -> bool:
    """Send a task that fetches linked calendars that are due. See `_send` for the return value."""
    return _send(app, "chainmeet.refetch", once=True)


def judge(*, app: Celery | None = None) -> bool:
    """Send a task that processes incoming emails that are still unprocessed. See `_send` for the return
    value.
    """
    return _send(app, "chainmeet.judge", once=True)


def check_invariants(*, app: Celery | None = None) -> bool:
    """Send a task that checks the stored data. See `_send` for the return value."""
    return _send(app, "chainmeet.check_invariants", once=True)


def check_mail(*, app: Celery | None = None) -> bool:
    """Send a task that checks whether emails arrive. See `_send` for the return value."""
    return _send(app, "chainmeet.check_mail", once=True)


def end_round_trip(sent_at: int, *, countdown: float, app: Celery | None = None) -> bool:
    """Send a task that looks for the emails of a round trip. See `_send` for the return value."""
    return _send(app, "chainmeet.end_round_trip", sent_at, countdown=countdown)


def send_signals(*, app: Celery | None = None) -> bool:
    """Send a task that sends the heartbeat and new alerts to webhooks. See `_send` for the return value."""
    return _send(app, "chainmeet.send_signals", once=True)


def notify_subscribers(*, app: Celery | None = None) -> bool:
    """Send a task that delivers audit log entries to plugins. See `_send` for the return value."""
    return _send(app, "chainmeet.notify_subscribers", once=True)


def send_webhooks(*, app: Celery | None = None) -> bool:
    """Send a task that sends webhook messages. See `_send` for the return value."""
    return _send(app, "chainmeet.send_webhooks", once=True)


def _send(
    app: Celery | None,
    name: str,
    *args: int,
    expires: float | None = None,
    once: bool = False,
    countdown: float = 0,
) -> bool:
    """Send a task. Return True if the broker accepted it.

    A rejected task loses nothing: the next tick, or the search, retries. With `once` no second task is sent
    while the first one waits in its queue. (`expires` would not do: it is a time by the sender's clock, and a
    worker whose clock is ahead would drop every task.)
    """
    app = app or celery_app.app
    try:
        if not (once and _waits(app, name)):
            how = {"headers": task_headers(), "expires": expires, "countdown": countdown or None}
            app.send_task(name, args=args, **how)
    except (OperationalError, RedisError) as error:
        log.warning("task not sent", task=name, args=args, error=str(error))
        return False
    return True


def _waits(app: Celery, name: str) -> bool:
    """Return True if such a task is among the next ones of its queue."""
    with app.pool.acquire(block=True) as connection:
        connection.ensure_connection(max_retries=1, interval_start=0)  # by default it retries for six seconds
        queued = connection.default_channel.client.lrange(celery_app.ROUTES[name], -LOOK_AHEAD, -1)
    return any(json.loads(message)["headers"].get("task") == name for message in queued)


def task_headers() -> dict[str, str]:
    """Return headers with the request and the span that cause the task, so that both log them."""
    request = logs.current_request()
    return tracing.trace_headers() | ({"request_id": request} if request else {})
