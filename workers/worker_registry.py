"""Worker registry in the broker: live workers by queue."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress

from redis import Redis
from redis.exceptions import RedisError

from workers.layout import QUEUES

SAY_SECONDS = 10
SILENT_SECONDS = 45
"""A worker that has not said so for this time is not there. By the broker's clock, as all of this."""
FORGET_SECONDS = 3600
FULL_SECONDS = 60
"""So long after the database said that its disk is full, it is named."""
_DISK_FULL = "chainmeet:disk-full"


def connect(redis_url: str) -> Redis:
    """A connection for short questions: a broker that does not answer at once is not there."""
    url = redis_url.replace("redis+socket://", "unix://")
    return Redis.from_url(url, socket_timeout=0.5, socket_connect_timeout=0.5, decode_responses=True)


def say(broker: Redis, worker: str, queues: Iterable[str]) -> None:
    """The worker is there and takes from these queues. Raises RedisError."""
    seconds = broker.time()[0]
    with broker.pipeline(transaction=False) as pipe:
        for queue in queues:
            pipe.zadd(_key(queue), {worker: seconds})
            pipe.zremrangebyscore(_key(queue), "-inf", seconds - FORGET_SECONDS)
        pipe.execute()


def leave(broker: Redis, worker: str, queues: Iterable[str]) -> None:
    """The worker stops. Raises RedisError."""
    with broker.pipeline(transaction=False) as pipe:
        for queue in queues:
            pipe.zrem(_key(queue), worker)
        pipe.execute()


def count(broker: Redis) -> dict[str, int]:
    """How many workers take from each queue. Raises RedisError."""
    since = broker.time()[0] - SILENT_SECONDS
    with broker.pipeline(transaction=False) as pipe:
        for queue in QUEUES:
            pipe.zcount(_key(queue), since, "+inf")
        return dict(zip(QUEUES, pipe.execute(), strict=True))


def say_disk_full(redis_url: str) -> None:
    """The database's disk was full just now. A broker that is away does not hear it."""
    with suppress(RedisError), connect(redis_url) as broker:
        broker.set(_DISK_FULL, 1, ex=FULL_SECONDS)


def is_disk_full(broker: Redis) -> bool:
    """Whether any process said so within FULL_SECONDS. Raises RedisError."""
    return bool(broker.exists(_DISK_FULL))


def _key(queue: str) -> str:
    return f"chainmeet:workers:{queue}"
