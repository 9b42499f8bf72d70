"""The Celery application: queues, limits and redelivery of tasks whose worker is lost."""

from __future__ import annotations

from typing import Any

import structlog
from celery import Celery
from celery.signals import setup_logging, task_postrun, task_prerun, worker_init, worker_process_shutdown
from kombu import Exchange, Queue

from scheduler import logs, tracing
from scheduler.config import Settings
from scheduler.domain import fields
from scheduler.plugins import EVERY_GROUP
from scheduler.plugins.loading import report
from scheduler.services.planning.runs import watchdog
from scheduler.storage.database import Database
from scheduler.storage.schema import SchemaOutOfDate, check_at_start
from workers.heartbeat import Steady
from workers.layout import BOARD, HELP, JOBS, MAIL, QUEUES, SOLVE, UNTRUSTED, URGENT

SOFT_LIMIT = int(fields.limits(fields.RunSeconds).most + watchdog.MAX_OVERTIME + watchdog.STOP_TIMEOUT + 60)
"""In seconds. It only ends tasks that their own watchdog did not end."""
HARD_LIMIT = SOFT_LIMIT + 60
VISIBILITY_TIMEOUT = HARD_LIMIT + 600
"""In seconds, longer than any task. A task that is not acknowledged within it is redelivered."""

ROUTES = {
    "chainmeet.solve": SOLVE,
    "chainmeet.solve_scenario": SOLVE,
    "chainmeet.help": HELP,
    "chainmeet.deliver_urgent": URGENT,
    "chainmeet.deliver": MAIL,
    "chainmeet.send_signals": MAIL,
    "chainmeet.check_invariants": MAIL,
    "chainmeet.check_mail": MAIL,
    "chainmeet.end_round_trip": MAIL,
    "chainmeet.version_job": JOBS,
    "chainmeet.import_file": JOBS,
    "chainmeet.delete_rows": JOBS,
    "chainmeet.make_packs": JOBS,
    "chainmeet.prune": JOBS,
    "chainmeet.board": BOARD,
    "chainmeet.fetch": UNTRUSTED,
    "chainmeet.refetch": UNTRUSTED,
    "chainmeet.judge": UNTRUSTED,
    "chainmeet.notify_subscribers": UNTRUSTED,
    "chainmeet.send_webhooks": UNTRUSTED,
}
"""The queue of each task."""


def configuration(settings: Settings) -> dict[str, Any]:
    """Return Celery's settings. There is no result backend: results are stored in the database."""
    return {
        "broker_url": settings.redis_url,
        "broker_connection_retry_on_startup": True,
        "broker_transport_options": {
            "visibility_timeout": VISIBILITY_TIMEOUT,
            "unacked_restore_interval": 2,
            "unacked_restore_throttle": 1,
            "socket_connect_timeout": 5,
        },
        "task_publish_retry_policy": {"max_retries": 2, "interval_start": 0, "interval_step": 0.2},
        "task_ignore_result": True,
        "task_serializer": "json",
        "accept_content": ["json"],
        "task_queues": [Queue(name, Exchange(name), routing_key=name) for name in QUEUES],
        "task_default_queue": JOBS,
        "task_create_missing_queues": False,
        "task_routes": {task: {"queue": queue} for task, queue in ROUTES.items()},
        "task_acks_late": True,
        "task_retry_on_worker_lost": True,
        "task_soft_time_limit": SOFT_LIMIT,
        "task_time_limit": HARD_LIMIT,
        "worker_prefetch_multiplier": 1,
        "worker_enable_remote_control": False,  # anyone with access to the broker could stop workers
        "worker_lost_wait": 2.0,  # seconds to wait for a lost pool process's result
        "worker_soft_shutdown_timeout": 3,
        "worker_hijack_root_logger": False,
        "worker_redirect_stdouts": False,
    }


def make_celery(settings: Settings | None = None) -> Celery:
    """Return an application for these settings. By default the environment's are read on first use."""
    celery = Celery("chainmeet", include=["workers.tasks"], set_as_current=False)
    if settings is None:
        celery.add_defaults(lambda: configuration(Settings.from_env()))
    else:
        celery.conf.update(configuration(settings))
    return celery


app = make_celery()
app.steps["consumer"].add(Steady)


@setup_logging.connect
def _configure_logs(**_: Any) -> None:
    """Configure logging and tracing as in every other process."""
    settings = Settings.from_env()
    logs.configure(settings.log_format, sentry_dsn=settings.sentry_dsn)
    tracing.configure(settings.otlp_endpoint)


@worker_init.connect
def _check_schema(**_: Any) -> None:
    """Load plugins, and exit if the database schema has another version. Runs before the pool starts."""
    report(EVERY_GROUP)
    database = Database(Settings.from_env().database_url)
    try:
        check_at_start(database)
    except SchemaOutOfDate as error:
        raise SystemExit(str(error)) from None
    finally:
        database.dispose()


_spans: list[tracing.Span] = []
"""The span of the task that this process executes, if it is traced. A process executes one at a time."""


@task_prerun.connect
def _bind_ids(task: Any, **_: Any) -> None:
    """Bind the task and the request that caused it to each log line, and start the task's span."""
    structlog.contextvars.clear_contextvars()
    ids = {"task": task.name, "task_id": task.request.id, "request": task.request.get("request_id")}
    structlog.contextvars.bind_contextvars(**{name: value for name, value in ids.items() if value})
    span = tracing.start_task_span(task.name, {"traceparent": task.request.get("traceparent") or ""})
    _spans[:] = [span] if span is not None else []


@task_postrun.connect
def _forget_ids(task: Any, retval: Any, **_: Any) -> None:
    if _spans:
        _end_span(_spans.pop(), task, retval)
    structlog.contextvars.clear_contextvars()


@worker_process_shutdown.connect
def _flush_spans(**_: Any) -> None:
    tracing.flush()


def _end_span(span: tracing.Span, task: Any, returned: Any) -> None:
    """End the span of a task. Celery gives an exception as the value that the task returned."""
    attributes = {
        "messaging.operation.type": "process",
        "messaging.destination.name": ROUTES.get(task.name, JOBS),
        "messaging.message.id": task.request.id,
    }
    if request := logs.current_request():
        attributes["chainmeet.request_id"] = request
    error = type(returned).__name__ if isinstance(returned, BaseException) else None
    span.end(task.name, attributes, error=error)
