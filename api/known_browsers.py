"""Known browsers: those that signed in before are exempt from their network's limits.

A cookie that outlives the session says so. It names nobody and opens nothing: it is a random name, signed.
"""

from __future__ import annotations

import secrets
from datetime import timedelta

from flask import current_app, request
from itsdangerous import BadSignature, URLSafeTimedSerializer
from werkzeug.wrappers import Response

from api import context

COOKIE = "known_browser"
LASTS = timedelta(days=400)
"""As long as browsers keep a cookie (draft-ietf-httpbis-rfc6265bis, 5.5)."""


def find() -> str | None:
    """The name of the browser that asks, or None if nobody was signed in there."""
    try:
        name: str = _serializer().loads(request.cookies.get(COOKIE, ""), max_age=round(LASTS.total_seconds()))
    except BadSignature:
        return None
    return name


def remember(response: Response) -> None:
    """Know the browser from now on. Call it once somebody has signed in."""
    response.set_cookie(
        COOKIE,
        _serializer().dumps(find() or secrets.token_urlsafe(16)),
        max_age=LASTS,
        secure=current_app.config["SESSION_COOKIE_SECURE"],
        httponly=True,
        samesite="Lax",
    )


def _serializer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(context.settings().secret_key, salt="known browser")
