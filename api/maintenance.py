"""Maintenance mode: no request touches the database during an upgrade."""

from __future__ import annotations

from flask import Flask, request

from api import context

WITHOUT = frozenset(("static", "health.healthz", "health.readyz", "metrics.metrics"))
"""Endpoints that work without the database, or report its state."""


def init_app(app: Flask) -> None:
    """Respond 503 with Retry-After to all requests except those to WITHOUT."""

    @app.before_request
    def stand_back() -> None:
        if request.endpoint not in WITHOUT:
            context.schema_gate().require()
