"""Access log: one line per request with route, status and cost, and without URLs that may contain secrets."""

from __future__ import annotations

import time

import structlog
from flask import Flask, Response, g, request

from api import metrics
from scheduler.storage import statement_counts

QUIET = frozenset(("static", "health.healthz", "health.readyz", "metrics.metrics"))
"""Endpoints that programs request constantly. Only their failures are logged."""

log = structlog.get_logger("access")


def init_app(app: Flask) -> None:
    """Register the hooks. Must be called first, so that `after_request` runs last."""
    app.before_request(_begin)
    app.after_request(_write)


def _begin() -> None:
    g.requested_at = time.perf_counter()
    statement_counts.start_counting()


def _write(response: Response) -> Response:
    began = g.pop("requested_at", None)
    used = statement_counts.stop_counting()
    if began is None:  # a response outside of a request
        return response
    seconds, octets = time.perf_counter() - began, _octets(response)
    metrics.count_request(response, seconds=seconds, sql_seconds=used.seconds, octets=octets)
    if request.endpoint in QUIET and response.status_code < 400:
        return response
    log.info(
        "request",
        method=request.method,
        route=request.url_rule.rule if request.url_rule else None,
        status=response.status_code,
        ms=_milliseconds(seconds),
        sql_ms=_milliseconds(used.seconds),
        sql_count=used.statements,
        octets=octets,
    )
    return response


def _octets(response: Response) -> int | None:
    """Return the size of the body as sent, or None if it is not known before it is sent."""
    if request.method == "HEAD" or response.status_code in (204, 304):
        return 0
    known = response.content_length
    return response.calculate_content_length() if known is None else known


def _milliseconds(seconds: float) -> float:
    return round(seconds * 1000, 1)
