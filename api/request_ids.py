"""Request IDs: in every log line that a request causes, tasks included."""

from __future__ import annotations

import re
import secrets

import structlog
from flask import Flask, Response, g, request

HEADER = "X-Request-ID"
_USABLE = re.compile(r"[A-Za-z0-9._-]{1,64}")


def init_app(app: Flask) -> None:
    app.before_request(_bind)
    app.after_request(_answer)


def _bind() -> None:
    given = request.headers.get(HEADER, "")
    g.request_id = given if _USABLE.fullmatch(given) else secrets.token_hex(8)
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(request=g.request_id)
    event = (request.view_args or {}).get("event_key")
    if event:
        structlog.contextvars.bind_contextvars(event_key=event[:64])


def _answer(response: Response) -> Response:
    response.headers[HEADER] = g.get("request_id", "")
    return response
