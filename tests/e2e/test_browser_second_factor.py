"""The second factor after a link in a real browser, with Chromium's virtual authenticator."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect
from werkzeug.serving import make_server

from scheduler.services.identity import sign_in
from scheduler.storage.database import Database
from tests.e2e import axe
from tests.support import clocks
from tests.support.factories import NOW, SECRET_KEY, Expo, make_event
from tests.support.web import web_app

pytestmark = [pytest.mark.browser, pytest.mark.parametrize("database", ["sqlite"], indirect=True)]

AUTHENTICATOR = {
    "protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True,
    "isUserVerified": True, "automaticPresenceSimulation": True,
}  # fmt: skip


@pytest.fixture
def expo(database: Database) -> Expo:
    with database.write() as session:
        return make_event(session, firms=1, people=1)


@pytest.fixture
def site(database: Database, broker_url: str, expo: Expo, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Yield the URL of a site that requires a second factor of organisers."""
    clocks.hold(monkeypatch, NOW)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    url = f"http://localhost:{port}"
    app = web_app(database, broker_url, base_url=url, second_factor_required="organisers")
    server = make_server("127.0.0.1", port, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield url
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    """Yield the page of a device with an authenticator."""
    context = chromium.new_context(viewport={"width": 320, "height": 844}, reduced_motion="reduce")
    page = context.new_page()
    session = context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    session.send("WebAuthn.addVirtualAuthenticator", {"options": AUTHENTICATOR})
    yield page
    context.close()


def test_a_link_leads_to_the_first_passkey_and_later_to_passkey_or_code(
    page: Page, site: str, database: Database, expo: Expo
) -> None:
    def use_link() -> None:
        page.context.clear_cookies()
        with database.write() as db:
            token = sign_in.make_sign_in_link(db, expo.organiser.id, secret_key=SECRET_KEY, now=NOW)
        page.goto(f"{site}/sign-in/{token}")
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url(f"{site}/sign-in/second-factor")
        assert axe.findings(page) == []

    use_link()
    page.get_by_label("Name").fill("Laptop")
    page.get_by_role("button", name="Add passkey").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Recovery codes")
    assert axe.findings(page) == []
    codes = page.locator("code").all_text_contents()
    assert len(codes) == 10
    page.get_by_role("link", name="Continue").click()
    page.wait_for_url(lambda url: "/sign-in" not in url)

    use_link()
    page.get_by_role("button", name="Sign in with a passkey").click()
    page.wait_for_url(lambda url: "/sign-in" not in url)

    use_link()
    for code, left in ((codes[0], 9), (codes[1], 8)):
        page.get_by_label("Recovery code").fill(code)
        page.get_by_role("button", name="Sign in with the code").click()
        page.wait_for_url(lambda url: "/sign-in" not in url)
        page.goto(f"{site}/sessions")
        expect(page.get_by_text(f"{left} codes are left.")).to_be_visible()
        assert axe.findings(page) == []
        use_link()
    page.get_by_label("Recovery code").fill(codes[0])
    page.get_by_role("button", name="Sign in with the code").click()
    expect(page.get_by_text("This recovery code isn't valid, or was already used.").first).to_be_visible()
    assert axe.findings(page) == []
