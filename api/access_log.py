"""Access log: a line and a span per request with route, status and cost, without URLs, which have secrets."""

from __future__ import annotations

import time

import structlog
from flask import Flask, Response, g, request

from api import metrics
from scheduler import logs, tracing
from scheduler.storage import statement_counts
from scheduler.storage.statement_counts import StatementCount

QUIET = frozenset(("static", "health.healthz", "health.readyz", "metrics.metrics"))
"""Endpoints that programs request constantly. Only their failures are logged."""
METHODS = frozenset(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"))

log = structlog.get_logger("access")


def init_app(app: Flask) -> None:
    """Register the hooks. Must be called first, so that `after_request` runs last."""
    app.before_request(_begin)
    app.after_request(_write)


def _begin() -> None:
    g.requested_at = time.perf_counter()
    if request.endpoint not in QUIET:
        g.span = tracing.start_request_span()
    statement_counts.start_counting()


def _write(response: Response) -> Response:
    began = g.pop("requested_at", None)
    used = statement_counts.stop_counting()
    span: tracing.Span | None = g.pop("span", None)
    if began is None:  # a response outside of a request
        return response
    seconds, octets = time.perf_counter() - began, _octets(response)
    route = request.url_rule.rule if request.url_rule else None
    if span is not None:
        _end_span(span, route, response.status_code, used)
    metrics.count_request(response, seconds=seconds, sql_seconds=used.seconds, octets=octets)
    if request.endpoint in QUIET and response.status_code < 400:
        return response
    log.info(
        "request",
        method=request.method,
        route=route,
        status=response.status_code,
        ms=_milliseconds(seconds),
        sql_ms=_milliseconds(used.seconds),
        sql_count=used.statements,
        octets=octets,
    )
    return response


def _end_span(span: tracing.Span, route: str | None, status: int, used: StatementCount) -> None:
    """End the span, named by OpenTelemetry's conventions for HTTP, which exclude invented methods."""
    method = request.method if request.method in METHODS else "_OTHER"
    attributes: dict[str, str | int | float] = {
        "http.request.method": method,
        "http.response.status_code": status,
        "chainmeet.sql.count": used.statements,
        "chainmeet.sql.ms": _milliseconds(used.seconds),
    }
    if route:
        attributes["http.route"] = route
    if request_id := logs.current_request():
        attributes["chainmeet.request_id"] = request_id
    name = f"{method} {route}" if route else method
    span.end(name, attributes, error=str(status) if status >= 500 else None)


def _octets(response: Response) -> int | None:
    """Return the size of the body as sent, or None if it is not known before it is sent."""
    if request.method == "HEAD" or response.status_code in (204, 304):
        return 0
    known = response.content_length
    return response.calculate_content_length() if known is None else known


def _milliseconds(seconds: float) -> float:
    return round(seconds * 1000, 1)
