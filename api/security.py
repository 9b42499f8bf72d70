"""Security headers of every response, with a policy that allows no inline script or style."""

from __future__ import annotations

from flask import Flask, Response, request
from flask.sessions import SessionMixin

from api import session_cookies
from api.session_cookies import SignedSessions

POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "font-src 'self'",
        "connect-src 'self'",
        "manifest-src 'self'",
        "worker-src 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
    )
)

HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}


LARGEST_COOKIE = 3_800
"""Maximum bytes of the cookie's value. Browsers silently drop a cookie above 4,096 including its name."""
_FILES = ("static", "brand_files.serve_file")
"""Endpoints of files that are the same for everyone."""
_TOLD = "_flashes"
"""Session key of Flask's flash messages."""


class Sessions(SignedSessions):
    """Sessions in signed cookies. Cacheable responses get no Vary: Cookie header."""

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        if session.modified and session.get(_TOLD):
            self._fit(app, session)
        is_page = not (request.endpoint in _FILES or request.blueprint == "feed")
        if is_page and session_cookies.is_of_older_key(request):
            session.modified = True  # signed anew; never in a response that others may get from a cache
        if session.modified or is_page:
            super().save_session(app, session, response)

    def _fit(self, app: Flask, session: SessionMixin) -> None:
        """Drop the oldest flash messages and truncate the last one until the cookie fits."""
        signing = self.get_signing_serializer(app)
        while signing is not None and session[_TOLD] and len(signing.dumps(dict(session))) > LARGEST_COOKIE:
            *earlier, (kind, text) = session[_TOLD]
            cut = [(kind, f"{text[: len(text) // 2]}…")] if len(text) > 1 else []
            session[_TOLD] = [*earlier[1:], (kind, text)] if earlier else cut


def init_app(app: Flask) -> None:
    app.session_interface = Sessions()

    defaults = HEADERS | {"Cache-Control": "no-store"}
    if app.config["SESSION_COOKIE_SECURE"]:
        defaults["Strict-Transport-Security"] = "max-age=31536000; includeSubDomains"

    @app.after_request
    def set_headers(response: Response) -> Response:
        given = {name.lower() for name, _ in response.headers}  # setdefault would read all for each name
        for name, value in defaults.items():
            if name.lower() not in given:
                response.headers.add(name, value)
        return response
