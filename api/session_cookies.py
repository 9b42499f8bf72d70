"""Session cookies and form tokens, signed with the newest secret key.

Those of older keys are still accepted. A session cookie of an older key is signed anew with the next
response, so a browser that visits the site stays signed in when that key ends.
"""

from __future__ import annotations

from flask import Flask
from flask.sessions import SecureCookieSessionInterface, SessionMixin
from flask.wrappers import Request
from itsdangerous import BadSignature, URLSafeTimedSerializer

from api import context

_OLDER = "chainmeet.session_of_older_key"


def is_of_older_key(request: Request) -> bool:
    """Return True if the request's session is signed with an older key."""
    return _OLDER in request.environ


class SignedSessions(SecureCookieSessionInterface):
    """Flask's session interface with keys that can change while the process runs."""

    def get_signing_serializer(self, app: Flask) -> URLSafeTimedSerializer:
        return self._serializer(context.keys_of(app))

    def open_session(self, app: Flask, request: Request) -> SessionMixin | None:  # type: ignore[override]
        keys = context.keys_of(app)
        app.config.update(SECRET_KEY=keys[-1], WTF_CSRF_SECRET_KEY=keys)
        if "HTTP_COOKIE" not in request.environ:  # as in requests of calendars and API clients
            return self.session_class()
        found = super().open_session(app, request)
        if found and len(keys) > 1 and not self._is_newest(app, request, keys[-1]):
            request.environ[_OLDER] = True
        return found

    def _is_newest(self, app: Flask, request: Request, key: str) -> bool:
        try:
            self._serializer([key]).loads(request.cookies.get(self.get_cookie_name(app), ""))
        except BadSignature:
            return False
        return True

    def _serializer(self, keys: list[str]) -> URLSafeTimedSerializer:
        options = {"key_derivation": self.key_derivation, "digest_method": self.digest_method}
        return URLSafeTimedSerializer(keys, salt=self.salt, serializer=self.serializer, signer_kwargs=options)
