"""A site whose host has passkeys, and browsers with Chromium's virtual authenticator."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import Browser, Page
from werkzeug.serving import make_server

from scheduler.services.identity import sign_in
from scheduler.storage.database import Database
from tests.support.factories import NOW, SECRET_KEY
from tests.support.web import web_app

OPTIONS = {
    "protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True,
    "isUserVerified": True, "automaticPresenceSimulation": True,
}  # fmt: skip


@contextmanager
def serving_on_localhost(database: Database, broker_url: str, **settings: Any) -> Iterator[str]:
    """Yield the URL of a site on localhost, where browsers allow passkeys without TLS."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    url = f"http://localhost:{port}"
    app = web_app(database, broker_url, base_url=url, **settings)
    server = make_server("127.0.0.1", port, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield url
    server.shutdown()
    thread.join()
    server.server_close()


@contextmanager
def device(chromium: Browser, *, width: int) -> Iterator[Page]:
    """Yield a page of a device with an authenticator that verifies its user."""
    context = chromium.new_context(viewport={"width": width, "height": 844}, reduced_motion="reduce")
    page = context.new_page()
    session = context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    session.send("WebAuthn.addVirtualAuthenticator", {"options": OPTIONS})
    yield page
    context.close()


def use_link(page: Page, site: str, database: Database, account_id: int) -> None:
    """Sign in by a new link, without waiting for the page that follows."""
    with database.write() as session:
        token = sign_in.make_sign_in_link(session, account_id, secret_key=SECRET_KEY, now=NOW)
    page.goto(f"{site}/sign-in/{token}")
    page.get_by_role("button", name="Sign in").click()
