"""A signed-in browser by Flask's test client, over a real database."""

from __future__ import annotations

import re
from dataclasses import fields
from typing import Any

from flask import Flask
from flask.testing import FlaskClient

from api import context
from api.app import create_app, reached
from scheduler.config import Settings
from scheduler.services.identity.sign_in import make_sign_in_link
from scheduler.storage import schema
from scheduler.storage.database import Database
from scheduler.storage.models import Account
from tests.support.factories import NOW, SECRET_KEY

NO_LIMITS = {field.name: 0 for field in fields(Settings) if field.name.startswith("limit_")}


EDGES = (
    "article|button|caption|dd|details|div|dl|dt|fieldset|figure|footer|form|h[1-4]|header|legend|li|main|nav|"
    "ol|option|p|section|select|summary|table|tbody|td|tfoot|th|thead|tr|ul"
)
"""Elements at whose edges a browser collapses white space (CSS Text 3, 4.1.2)."""

_apps: dict[tuple[str, str], Flask] = {}
"""Applications by broker and settings, because creating one and compiling its templates takes 0.1 seconds."""


def web_app(database: Database, broker_url: str, **settings: Any) -> Flask:
    """Return the application over a test's database and broker, without rate limits except those given.

    An application of an earlier test is reused over this database, because it has no other state.
    """
    given = Settings(
        database_url=database.url.render_as_string(hide_password=False),
        redis_url=broker_url,
        secret_key=SECRET_KEY,
        mail_domain="expo.example",
        **(NO_LIMITS | settings),
    )
    key = broker_url, repr(sorted(settings.items()))
    if key not in _apps:
        _apps[key] = create_app(given, database)
    app = _apps[key]
    schema.check_at_start(database)
    app.extensions[context.KEY] = reached(given, database)
    app.testing = True
    return app


def forget_apps() -> None:
    """Discard cached applications, because plugins were installed or removed."""
    _apps.clear()


def as_shown(page: str) -> str:
    """Return the page without insignificant white space and word joiners."""
    if not page.lstrip().startswith("<"):
        return page
    parts = re.split(r"(<(pre|textarea)\b.*?</\2>)", page, flags=re.DOTALL)
    for i in range(0, len(parts), 3):  # followed by the preformatted element and its name
        parts[i] = re.sub(r"\s*\n\s*", " ", parts[i])
        parts[i] = re.sub(rf" *(</?(?:{EDGES})\b[^<>]*>) *", r"\1", parts[i])
    return without_joiners("".join(part for i, part in enumerate(parts) if i % 3 != 2))


def without_joiners(shown: str) -> str:
    """Return the text without word joiners and no-break spaces, which only matter in narrow columns."""
    return re.sub(r"(?<=[^\W\d])\u00a0(?=\w)|(?<=\d)\u00a0(?=[^\W\d])", " ", shown.replace("\u2060", ""))


class Browser:
    """A browser that stores cookies and submits forms with the CSRF token of the current page."""

    def __init__(self, app: Flask, account: Account | None = None) -> None:
        self.client: FlaskClient = app.test_client()
        if account is not None:
            self.sign_in(app, account)

    def sign_in(self, app: Flask, account: Account) -> None:
        with app.app_context(), context.database().write() as session:
            token = make_sign_in_link(session, account.id, secret_key=SECRET_KEY, now=context.now())
        self.get(f"/sign-in/{token}")
        arrived = self.client.post(f"/sign-in/{token}", data={"csrf_token": self.token})
        assert arrived.status_code in (302, 303), arrived.text
        self.get("/sessions")  # a light page, for the token of the new session

    def get(self, path: str, status: int = 200) -> str:
        """Return the page's text after redirects."""
        response = self.client.get(path, follow_redirects=True)
        assert response.status_code == status, (path, response.status_code, response.text[:2000])
        self._remember(response.text)
        return as_shown(response.text)

    def post(self, path: str, status: int = 200, **fields: object) -> str:
        """Submit a form. Return the page after redirects."""
        data = {"csrf_token": getattr(self, "token", ""), **fields}
        response = self.client.post(path, data=data, follow_redirects=True)
        assert response.status_code == status, (path, response.status_code, response.text[:2000])
        self._remember(response.text)
        return as_shown(response.text)

    def _remember(self, page: str) -> None:
        found = re.search(r'name="csrf_token" value="([^"]+)"', page)
        if found:
            self.token = found[1]


__all__ = ["NOW", "Browser", "web_app"]
