"""Rate counters: in the broker, or in memory while it does not respond."""

from __future__ import annotations

import time

import structlog
from limits import RateLimitItem
from limits.storage import MemoryStorage, RedisStorage
from limits.strategies import MovingWindowRateLimiter
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

log = structlog.get_logger()


class Counter:
    """A counter in the broker, with a fallback in memory while the broker does not respond."""

    ANSWERS_WITHIN = 0.5
    """Timeout of the broker in seconds."""
    LEFT_ALONE = 10.0
    """Seconds until one request tries a broker again that did not respond."""

    def __init__(self, url: str) -> None:
        storage = RedisStorage(
            url.replace("redis+socket://", "redis+unix://"),
            socket_timeout=self.ANSWERS_WITHIN,
            socket_connect_timeout=self.ANSWERS_WITHIN,
            retry=Retry(NoBackoff(), 0),  # type: ignore[arg-type]  # handed on to redis.from_url
        )
        self._shared = MovingWindowRateLimiter(storage)
        self._own = MovingWindowRateLimiter(MemoryStorage())
        self._ask_again_at = 0.0

    def wait(self, item: RateLimitItem, *who: str) -> float:
        """Count one request and return 0.

        Over the limit, do not count it and return the seconds until the next one is allowed.
        """
        now = time.monotonic()
        if now < self._ask_again_at:
            return _wait(self._own, item, who)
        if self._ask_again_at:
            self._ask_again_at = now + self.LEFT_ALONE  # other requests do not wait for this attempt
        try:
            waited = _wait(self._shared, item, who)
        except RedisError as error:
            self._ask_again_at = time.monotonic() + self.LEFT_ALONE
            log.warning("limits are counted in memory", error=str(error))
            return _wait(self._own, item, who)
        self._ask_again_at = 0.0
        return waited

    def reset(self) -> None:
        """Reset all counters."""
        self._shared.storage.reset()
        self._own.storage.reset()


def _wait(limiter: MovingWindowRateLimiter, item: RateLimitItem, who: tuple[str, ...]) -> float:
    if limiter.hit(item, *who):
        return 0.0
    return max(0.001, limiter.get_window_stats(item, *who).reset_time - time.time())  # noqa: TID251 -- as it was set
