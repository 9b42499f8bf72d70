"""Known browsers: those that signed in before are exempt from their network's rate limits.

A cookie that outlives the session marks them. It contains a signed random ID that identifies no person and
grants no access.
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
"""The maximum age of cookies in browsers (draft-ietf-httpbis-rfc6265bis, 5.5)."""


def find() -> str | None:
    """Return the ID of the requesting browser, or None if no account has signed in there."""
    try:
        name: str = _serializer().loads(request.cookies.get(COOKIE, ""), max_age=round(LASTS.total_seconds()))
    except BadSignature:
        return None
    return name


def remember(response: Response) -> None:
    """Set the cookie of a known browser. Call it after a successful sign-in."""
    response.set_cookie(
        COOKIE,
        _serializer().dumps(find() or secrets.token_urlsafe(16)),
        max_age=LASTS,
        secure=current_app.config["SESSION_COOKIE_SECURE"],
        httponly=True,
        samesite="Lax",
    )


def _serializer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(context.signing_keys(), salt="known browser")
