"""Heartbeat of a worker's main loop for the watchdog, health checks and the worker registry."""

from __future__ import annotations

from typing import Any

import structlog
from celery import bootsteps
from redis.exceptions import RedisError

from scheduler.config import Settings
from scheduler.watchdog import Watchdog
from workers import worker_registry
from workers.process_identity import me

log = structlog.get_logger()


class Steady(bootsteps.StartStopStep):
    """A consumer step that sends heartbeats. It rests while the broker is away, because the loop may then
    block.
    """

    requires = ("celery.worker.consumer.tasks:Tasks",)

    def __init__(self, consumer: Any, **_: Any) -> None:
        settings = Settings.from_env()
        self.watchdog = Watchdog(settings.pulse_path)
        self.broker = worker_registry.connect(settings.redis_url)
        self.entry: Any = None

    def start(self, consumer: Any) -> None:
        self._pulse(consumer)
        self.entry = consumer.timer.call_repeatedly(worker_registry.SAY_SECONDS, self._pulse, (consumer,))

    def stop(self, consumer: Any) -> None:
        if self.entry is not None:
            self.entry.cancel()
        self.watchdog.rest()
        self._tell(worker_registry.leave, consumer)

    def _pulse(self, consumer: Any) -> None:
        self.watchdog.pulse()
        self._tell(worker_registry.say, consumer)

    def _tell(self, what: Any, consumer: Any) -> None:
        try:
            what(self.broker, f"{consumer.hostname}:{me()}", consumer.app.amqp.queues.consume_from)
        except RedisError as error:
            log.info("broker does not hear that this worker is there", error=str(error))
