"""Passkeys in a real browser, with Chromium's virtual authenticator."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from scheduler.storage.database import Database
from tests.e2e import authenticator, axe
from tests.support import clocks
from tests.support.factories import NOW, Expo, make_event

pytestmark = [pytest.mark.browser, pytest.mark.parametrize("database", ["sqlite"], indirect=True)]


@pytest.fixture
def expo(database: Database) -> Expo:
    with database.write() as session:
        return make_event(session, firms=1, people=1)


@pytest.fixture
def site(database: Database, broker_url: str, expo: Expo, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Yield the URL of a site whose host has passkeys."""
    clocks.hold(monkeypatch, NOW)
    with authenticator.serving_on_localhost(database, broker_url) as url:
        yield url


@pytest.fixture
def page(chromium: Browser, database: Database, expo: Expo, site: str) -> Iterator[Page]:
    """Yield the page of an exhibitor who signed in by a link, on a device with an authenticator."""
    with authenticator.device(chromium, width=390) as page:
        authenticator.use_link(page, site, database, expo.people[0][0].account_id or 0)
        page.wait_for_url(lambda url: "/sign-in" not in url)
        yield page


def test_a_passkey_is_added_signs_in_and_is_removed(page: Page, site: str) -> None:
    page.goto(f"{site}/sessions")
    page.get_by_role("link", name="Add passkey").click()
    expect(page.get_by_text("This browser can't make passkeys.")).to_be_hidden()
    assert axe.findings(page) == []
    page.get_by_label("Name").fill("Laptop")
    page.get_by_role("button", name="Add passkey").click()
    expect(page.get_by_text("Passkey added.")).to_be_visible()
    expect(page.get_by_text("Laptop", exact=True)).to_be_visible()
    assert axe.findings(page) == []

    page.context.clear_cookies()
    page.goto(f"{site}/sessions")
    assert axe.findings(page) == []
    page.get_by_role("button", name="Sign in with a passkey").click()
    page.wait_for_url(f"{site}/sessions")
    expect(page.get_by_text("Last used").last).to_be_visible()

    page.get_by_role("button", name="Remove passkey Laptop").click()
    expect(page.get_by_text("Passkey removed.")).to_be_visible()
    page.context.clear_cookies()
    page.goto(f"{site}/sign-in")
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("You aren't signed in")


def test_a_person_who_has_no_passkey_stays_on_the_page(page: Page, site: str) -> None:
    page.context.clear_cookies()
    page.goto(f"{site}/sign-in")
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page.get_by_role("status").filter(has_text="No passkey was used.")).to_be_visible()


def test_without_javascript_the_pages_name_links_alone(chromium: Browser, site: str) -> None:
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{site}/sign-in")
    expect(page.get_by_role("button", name="Send sign-in link")).to_be_visible()
    expect(page.get_by_role("button", name="Sign in with a passkey")).to_be_hidden()
    context.close()
