"""Maintenance mode: no request touches the database during an upgrade."""

from __future__ import annotations

from flask import Flask, request

from api import context

WITHOUT = frozenset(("static", "health.healthz", "health.readyz"))
"""What answers all the same: it reads nothing, or says what is the matter."""


def init_app(app: Flask) -> None:
    """Answer 503 with Retry-After to every request but those WITHOUT the database."""

    @app.before_request
    def stand_back() -> None:
        if request.endpoint not in WITHOUT:
            context.schema_gate().require()
