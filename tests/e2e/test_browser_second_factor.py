"""The second factor after a link in a real browser, with Chromium's virtual authenticator."""

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
    """Yield the URL of a site that requires a second factor of organisers."""
    clocks.hold(monkeypatch, NOW)
    with authenticator.serving_on_localhost(database, broker_url, second_factor_required="organisers") as url:
        yield url


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    """Yield the page of a device with an authenticator."""
    with authenticator.device(chromium, width=320) as page:
        yield page


def test_a_link_leads_to_the_first_passkey_and_later_to_passkey_or_code(
    page: Page, site: str, database: Database, expo: Expo
) -> None:
    def use_link() -> None:
        page.context.clear_cookies()
        authenticator.use_link(page, site, database, expo.organiser.id)
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
