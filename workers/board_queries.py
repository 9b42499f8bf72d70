"""Board queries: synchronous requests to the board worker through the broker, with a timeout."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from typing import Any

import structlog
from celery import Celery
from kombu.exceptions import OperationalError
from redis import Redis
from redis.exceptions import RedisError

from workers import celery_app

log = structlog.get_logger()

SECONDS = 4.0
"""How long a page waits. The first load of a large event's plan takes longer: its page asks again."""
KEPT_SECONDS = 30
"""Time to live of an answer that is not fetched."""

Answer = dict[str, Any]


def ask(
    event_id: int,
    number: int,
    question: Mapping[str, Any],
    *,
    redis_url: str,
    app: Celery | None = None,
    seconds: float = SECONDS,
) -> Answer | None:
    """Return the worker's answer about a manual draft, or None on a timeout or if no worker is available.

    The worker ignores questions whose wanted key has expired, because no page waits for the answer.
    """
    token = uuid.uuid4().hex
    try:
        with _connect(redis_url, seconds) as broker:
            broker.set(_wanted(token), 1, px=int(seconds * 1000))
            args = (token, event_id, number, json.dumps(dict(question)))
            (app or celery_app.app).send_task("chainmeet.board", args=args)
            found = broker.blpop([_answer(token)], timeout=seconds)
    except (OperationalError, RedisError) as error:
        log.warning("question not answered", error=str(error))
        return None
    if found is None:
        return None
    answer: Answer = json.loads(found[1])
    return answer


def is_wanted(token: str, *, redis_url: str) -> bool:
    """Return True if a page still waits for this answer."""
    with _connect(redis_url, 1.0) as broker:
        return bool(broker.exists(_wanted(token)))


def tell(token: str, answer: Answer, *, redis_url: str) -> None:
    """Send an answer to the page that waits for it."""
    with _connect(redis_url, 1.0) as broker, broker.pipeline() as pipe:
        pipe.rpush(_answer(token), json.dumps(answer))
        pipe.expire(_answer(token), KEPT_SECONDS)
        pipe.execute()


def _connect(redis_url: str, seconds: float) -> Redis:
    url = redis_url.replace("redis+socket://", "unix://")
    return Redis.from_url(url, socket_timeout=seconds + 1, socket_connect_timeout=0.5, decode_responses=True)


def _wanted(token: str) -> str:
    return f"chainmeet:board:wanted:{token}"


def _answer(token: str) -> str:
    return f"chainmeet:board:answer:{token}"
