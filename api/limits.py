"""Rate limits, counted in the broker so that all web workers share them."""

from __future__ import annotations

from flask import Flask
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address

from scheduler.config import Settings

limiter = Limiter(get_remote_address, strategy="moving-window", swallow_errors=True)


def init_app(app: Flask, settings: Settings) -> None:
    app.config.update(
        RATELIMIT_STORAGE_URI=settings.redis_url.replace("redis+socket://", "redis+unix://"),
        RATELIMIT_HEADERS_ENABLED=True,
    )
    limiter.init_app(app)
