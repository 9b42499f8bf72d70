"""Proxy check: compares X-Forwarded-For headers with the configured number of reverse proxies.

If a proxy is missing in the settings, rate limits count all clients as one network. If the settings trust one
that is missing, clients can forge the address that limits and operators see.
"""

from __future__ import annotations

import ipaddress
import threading
import time
from functools import lru_cache
from typing import Any, cast

import structlog
from flask import Flask, current_app, request

from api import context
from scheduler.i18n import gettext_lazy

KEPT_SECONDS = 24 * 3600.0
"""Seconds after its last occurrence during which a fault is reported."""
LOGGED_EVERY = 3600.0
_KEY = "chainmeet-proxies"

log = structlog.get_logger()


class ProxyWatch:
    """Misconfigured proxies that this process has noticed."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._fault, self._seen_at, self._logged_at = "", 0.0, -LOGGED_EVERY

    @property
    def fault(self) -> str:
        """The misconfiguration as a sentence, or ""."""
        return self._fault if time.monotonic() - self._seen_at < KEPT_SECONDS else ""

    def note(self, fault: str) -> None:
        """Record a misconfiguration, and log it at most once per LOGGED_EVERY seconds."""
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
    """Return the watch of this process."""
    return cast(ProxyWatch, current_app.extensions[_KEY])


def is_of_this_machine() -> bool:
    """True if a request comes from this machine directly, as health checks do."""
    is_forwarded = "X-Forwarded-For" in request.headers or "Forwarded" in request.headers
    return not is_forwarded and _is(_sender(), "is_loopback")


def _look() -> None:
    """Check a request. The header from a public address is ignored: our own proxy has a private address."""
    hops, is_forwarded = context.settings().trusted_proxies, "X-Forwarded-For" in request.headers
    if not hops and is_forwarded and _is(_sender(), "is_private"):
        watched().note(
            gettext_lazy(
                "Requests arrive through a reverse proxy, but CHAINMEET_TRUSTED_PROXIES is 0. "
                "Rate limits therefore count all visitors as one network. Set it to the number "
                "of proxies."
            )
        )
    elif hops and not is_forwarded and not _is(_sender(), "is_loopback"):
        watched().note(
            gettext_lazy(
                "Requests arrive without X-Forwarded-For, but CHAINMEET_TRUSTED_PROXIES is "
                "%(number)s. Anyone who can reach the port can choose their own address. Allow "
                "only the proxy to reach the port, or set CHAINMEET_TRUSTED_PROXIES to 0.",
                number=hops,
            )
        )


def _sender() -> str:
    """Return the peer address of the connection, ignoring headers."""
    before: dict[str, Any] = request.environ.get("werkzeug.proxy_fix.orig", {})
    return str(before.get("REMOTE_ADDR", request.environ.get("REMOTE_ADDR")) or "")


@lru_cache(maxsize=256)
def _is(address: str, kind: str) -> bool:
    try:
        return bool(getattr(ipaddress.ip_address(address.partition("%")[0]), kind))
    except ValueError:
        return False
