"""Worker registry in the broker: live workers by queue."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress

from redis import Redis
from redis.exceptions import RedisError

from workers.layout import QUEUES

SAY_SECONDS = 10
SILENT_SECONDS = 45
"""A worker without a heartbeat for this time counts as gone. All times are by the broker's clock."""
FORGET_SECONDS = 3600
FULL_SECONDS = 60
"""How long a report of a full disk is valid."""
_DISK_FULL = "chainmeet:disk-full"


def connect(redis_url: str) -> Redis:
    """Return a connection with short timeouts: a slow broker counts as unavailable."""
    url = redis_url.replace("redis+socket://", "unix://")
    return Redis.from_url(url, socket_timeout=0.5, socket_connect_timeout=0.5, decode_responses=True)


def say(broker: Redis, worker: str, queues: Iterable[str]) -> None:
    """Register a worker as live for these queues. Raises RedisError."""
    seconds = broker.time()[0]
    with broker.pipeline(transaction=False) as pipe:
        for queue in queues:
            pipe.zadd(_key(queue), {worker: seconds})
            pipe.zremrangebyscore(_key(queue), "-inf", seconds - FORGET_SECONDS)
        pipe.execute()


def leave(broker: Redis, worker: str, queues: Iterable[str]) -> None:
    """Remove a worker that stops from the registry. Raises RedisError."""
    with broker.pipeline(transaction=False) as pipe:
        for queue in queues:
            pipe.zrem(_key(queue), worker)
        pipe.execute()


def count(broker: Redis) -> dict[str, int]:
    """Return the number of live workers by queue. Raises RedisError."""
    since = broker.time()[0] - SILENT_SECONDS
    with broker.pipeline(transaction=False) as pipe:
        for queue in QUEUES:
            pipe.zcount(_key(queue), since, "+inf")
        return dict(zip(QUEUES, pipe.execute(), strict=True))


def say_disk_full(redis_url: str) -> None:
    """Record that the database's disk is full. Does nothing if the broker is unavailable."""
    with suppress(RedisError), connect(redis_url) as broker:
        broker.set(_DISK_FULL, 1, ex=FULL_SECONDS)


def is_disk_full(broker: Redis) -> bool:
    """Return True if any process reported a full disk within FULL_SECONDS. Raises RedisError."""
    return bool(broker.exists(_DISK_FULL))


def _key(queue: str) -> str:
    return f"chainmeet:workers:{queue}"
