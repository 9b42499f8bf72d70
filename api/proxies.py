"""Proxy check: whether the configured reverse proxies are in front, by X-Forwarded-For.

With a proxy that the settings don't know, limits count everybody as one network. Without one that they trust,
strangers choose the address that limits count, and by which an operator finds them.
"""

from __future__ import annotations

import ipaddress
import threading
import time
from typing import Any, cast

import structlog
from flask import Flask, current_app, request

from api import context
from scheduler.i18n import gettext_lazy

KEPT_SECONDS = 24 * 3600.0
"""So long after it was seen last, a fault is named."""
LOGGED_EVERY = 3600.0
_KEY = "chainmeet-proxies"

log = structlog.get_logger()


class ProxyWatch:
    """What a process has seen of the proxies in front of it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._fault, self._seen_at, self._logged_at = "", 0.0, -LOGGED_EVERY

    @property
    def fault(self) -> str:
        """What is wrong with the settings, as a sentence, or empty."""
        return self._fault if time.monotonic() - self._seen_at < KEPT_SECONDS else ""

    def note(self, fault: str) -> None:
        """Remember a fault that a request shows, and log it once in a while."""
        now = time.monotonic()
        with self._lock:
            self._fault, self._seen_at = fault, now
            is_due = now - self._logged_at >= LOGGED_EVERY
            self._logged_at = now if is_due else self._logged_at
        if is_due:
            log.warning("the proxies in front are not as CHAINMEET_TRUSTED_PROXIES says", reason=fault)


def init_app(app: Flask) -> None:
    app.extensions[_KEY] = ProxyWatch()
    app.before_request(_look)


def watched() -> ProxyWatch:
    """That of this process."""
    return cast(ProxyWatch, current_app.extensions[_KEY])


def is_of_this_machine() -> bool:
    """Whether a request comes from this machine itself, as health checks do, through no proxy."""
    is_forwarded = "X-Forwarded-For" in request.headers or "Forwarded" in request.headers
    return not is_forwarded and _is(_sender(), "is_loopback")


def _look() -> None:
    """A stranger who sends the header makes no noise: a proxy that is ours has a private address."""
    hops, is_forwarded = context.settings().trusted_proxies, "X-Forwarded-For" in request.headers
    if not hops and is_forwarded and _is(_sender(), "is_private"):
        watched().note(
            gettext_lazy(
                "Requests come through a reverse proxy, but CHAINMEET_TRUSTED_PROXIES is 0: rate limits "
                "count everyone as one network. Set it to the number of proxies."
            )
        )
    elif hops and not is_forwarded and not _is(_sender(), "is_loopback"):
        watched().note(
            gettext_lazy(
                "Requests come without X-Forwarded-For, but CHAINMEET_TRUSTED_PROXIES is %(number)s: "
                "anyone who reaches the port can choose their address. Let only the proxy reach it, or set "
                "it to 0.",
                number=hops,
            )
        )


def _sender() -> str:
    """Who opened the connection, whatever headers say."""
    before: dict[str, Any] = request.environ.get("werkzeug.proxy_fix.orig", {})
    return str(before.get("REMOTE_ADDR", request.environ.get("REMOTE_ADDR")) or "")


def _is(address: str, kind: str) -> bool:
    try:
        return bool(getattr(ipaddress.ip_address(address.partition("%")[0]), kind))
    except ValueError:
        return False
