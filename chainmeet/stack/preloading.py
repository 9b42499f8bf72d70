"""Loading of code before a fork: forks share the memory of what is loaded before."""

from __future__ import annotations

from collections.abc import Iterable
from importlib import import_module
from typing import Final

from scheduler.gc_control import freeze_gc, gc_paused

WORKER: Final = (
    "celery.app.events",
    "celery.app.log",
    "celery.bin.worker",
    "celery.concurrency.asynpool",
    "celery.concurrency.prefork",
    "celery.concurrency.solo",
    "celery.worker.autoscale",
    "celery.worker.consumer",
    "celery.worker.consumer.delayed_delivery",
    "celery.worker.strategy",
    "billiard.popen_fork",
    "billiard.sharedctypes",
    "kombu.transport.redis",
    "workers.program",
    "workers.received_tasks",
    "workers.tasks",
)
CLOCK: Final = ("workers.clock",)
RECEIVER: Final = ("workers.lmtp_receiver", "scheduler.untrusted.parsers")
PACKS: Final = ("scheduler.services.exports.offline_packs.nightly_packs",)
WEB: Final = ("api.app", "api.gunicorn_logs", "gunicorn.app.wsgiapp", "gunicorn.workers.gthread")


def load_code(names: Iterable[str]) -> None:
    """Load modules that forks use. The solver is none of them: it loads in the process that solves.

    A module that a fork loads itself takes more than its own size: the fork also copies each page of shared
    memory with a name or class that the module refers to.
    """
    with gc_paused():
        for name in names:
            import_module(name)
        from workers.celery_app import app

        app.finalize()
    freeze_gc()
