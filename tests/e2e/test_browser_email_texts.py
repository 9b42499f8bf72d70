"""The email text editor in a real browser: edits are previewed in a sandboxed frame."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect
from werkzeug.serving import make_server

from scheduler.services.identity import sign_in
from scheduler.storage.database import Database
from tests.support import clocks
from tests.support.factories import (
    NOW,
    SECRET_KEY,
    Expo,
    make_event,
    make_request,
    make_version,
    meet,
)
from tests.support.web import web_app

pytestmark = [pytest.mark.browser, pytest.mark.parametrize("database", ["sqlite"], indirect=True)]

WAIT = 60_000
"""Milliseconds: only a hang takes so long, a busy machine does not."""


@pytest.fixture
def expo(database: Database) -> Expo:
    with database.write() as session:
        expo = make_event(session, firms=2)
        make_version(session, expo, [meet(make_request(session, expo), expo)])
    return expo


@pytest.fixture
def site(database: Database, broker_url: str, expo: Expo, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    clocks.hold(monkeypatch, NOW)
    server = make_server("127.0.0.1", 0, web_app(database, broker_url), threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize("scripted", [True, False], ids=["with JavaScript", "without"])
def test_a_mail_is_seen_with_its_own_look_before_its_text_is_saved(
    chromium: Browser, database: Database, expo: Expo, site: str, scripted: bool
) -> None:
    with database.write() as session:
        token = sign_in.make_sign_in_link(session, expo.organiser.id, secret_key=SECRET_KEY, now=NOW)
    browsing = chromium.new_context(base_url=site, java_script_enabled=scripted)
    browsing.set_default_timeout(WAIT)
    page, errors = browsing.new_page(), []
    page.on("console", lambda line: errors.append(line.text) if line.type == "error" else None)
    page.goto(f"/sign-in/{token}")
    page.get_by_role("button", name="Sign in").click()
    page.goto(f"/events/{expo.event.key}/email-texts/zh/new")
    page.get_by_label("Headline").fill("{name}，您好")
    page.get_by_role("button", name="Preview email").click()
    mail = page.frame_locator("iframe")
    expect(mail.get_by_role("heading", level=1)).to_have_text("F0-P0，您好", timeout=WAIT)
    expect(mail.get_by_role("link", name="接受")).to_have_css("color", "rgb(255, 255, 255)", timeout=WAIT)
    assert page.locator("iframe").get_attribute("sandbox") == ""
    expect(page.get_by_label("Headline")).to_have_value("{name}，您好", timeout=WAIT)
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("status").first).to_contain_text(
        "Texts changed: 1. Emails waiting to be sent keep their old texts.", timeout=WAIT
    )
    assert errors == []
    browsing.close()
