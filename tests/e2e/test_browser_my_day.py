"""My day on a telephone: there without a network, turns to the next meeting, forgets at sign-out."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from playwright.sync_api import Browser, Page, expect

from scheduler.services.access import sign_in
from scheduler.storage.database import Database
from tests.support import clocks
from tests.support.everything import serving
from tests.support.factories import SECRET_KEY
from tests.support.fair import Fair, before, make_fair
from tests.support.web import web_app

pytestmark = [pytest.mark.browser, pytest.mark.parametrize("database", ["sqlite"], indirect=True)]

WAIT = 60_000

expect.set_options(timeout=WAIT)


@pytest.fixture
def fair(database: Database, monkeypatch: pytest.MonkeyPatch) -> Fair:
    with database.write() as session:
        fair = make_fair(session, each=4, days=2, told=True)
    clocks.hold(monkeypatch, before(fair, minutes=18))
    return fair


@pytest.fixture
def site(database: Database, broker_url: str, fair: Fair) -> Iterator[str]:
    with serving(web_app(database, broker_url)) as address:
        yield address


@pytest.fixture
def page(chromium: Browser, database: Database, fair: Fair, site: str) -> Iterator[Page]:
    """My day, 18 minutes before the first meeting, by the clock of the browser too."""
    context = chromium.new_context(viewport={"width": 390, "height": 844})
    page = context.new_page()
    page.set_default_timeout(WAIT)
    page.clock.install(time=before(fair, minutes=18))
    sign_in_as(page, database, fair, site, 0)
    yield page
    context.close()


def sign_in_as(page: Page, database: Database, fair: Fair, site: str, firm: int) -> None:
    now = before(fair, minutes=18)
    with database.write() as session:
        token = sign_in.make_sign_in_link(
            session, fair.expo.people[firm][0].account_id, secret_key=SECRET_KEY, now=now
        )
    page.goto(f"{site}/sign-in/{token}")
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("button", name="Sign out").wait_for()
    page.goto(f"{site}/events/{fair.expo.event.key}/my-day")


def wait_until_kept(page: Page, days: int = 3) -> None:
    """Until the service worker has this page and both days."""
    kept = "async () => { let n = 0; for (const name of await caches.keys()) if (name.startsWith('my-day /'))"
    kept += " n = (await (await caches.open(name)).keys()).length; return n }"
    for _ in range(300):
        if page.evaluate(kept) == days:
            return
        page.wait_for_timeout(100)
    pytest.fail(f"the days are not kept: {page.evaluate(kept)}")


def test_the_page_is_there_without_a_network_and_says_how_old_it_is(page: Page, fair: Fair) -> None:
    expect(page.locator(".now:visible h2")).to_have_text("Your next meeting, in 18 min")
    expect(page.get_by_text("Offline,")).to_be_hidden()
    wait_until_kept(page)
    page.context.set_offline(True)
    page.clock.fast_forward(timedelta(minutes=4).seconds * 1000)
    page.reload()
    expect(page.locator("#age")).to_have_text("Offline, as of 08:42, 4 min ago")
    expect(page.locator(".now:visible .now-time")).to_contain_text("09:00")
    page.locator(".days a").nth(1).click()
    expect(page.locator(".days a[aria-current]")).to_contain_text("Tue 8")
    expect(page.locator("#age")).to_be_visible()
    assert page.evaluate("document.styleSheets.length") == 3  # the sheets are kept, too


def test_the_next_meeting_comes_up_by_itself(page: Page, fair: Fair) -> None:
    first, second = fair.requests[0].key, fair.requests[2].key
    expect(page.locator(f"#next-{first}")).to_be_visible()
    page.clock.fast_forward(timedelta(minutes=49).seconds * 1000)
    expect(page.locator(f"#next-{second}")).to_be_visible()
    expect(page.locator(f"#next-{first}")).to_be_hidden()
    page.clock.fast_forward(timedelta(hours=2).seconds * 1000)
    expect(page.get_by_text("No meeting is left today.")).to_be_visible()
    expect(page.get_by_role("heading", name="Later today")).to_be_hidden()  # nothing stands under it


def test_running_late_waits_for_the_network(page: Page) -> None:
    wait_until_kept(page)
    page.context.set_offline(True)
    page.locator(".now:visible summary").click()
    page.get_by_role("button", name="10 min").click()
    expect(page.locator("#messages")).to_contain_text("kept, and sent when the network is back")
    page.context.set_offline(False)
    expect(page.get_by_text("You said at 08:42 that you come 10 minutes late.")).to_be_visible()


def test_nothing_is_kept_after_signing_out_or_for_another_person(
    page: Page, database: Database, fair: Fair, site: str
) -> None:
    wait_until_kept(page)
    page.get_by_role("button", name="Sign out").click()
    page.get_by_role("heading", level=1).wait_for()
    assert page.evaluate("caches.keys()") == []
    sign_in_as(page, database, fair, site, 0)
    wait_until_kept(page)
    page.context.clear_cookies()  # signed out elsewhere
    page.reload()
    page.get_by_role("button", name="Email me a link").or_(page.get_by_label("Email")).first.wait_for()
    assert [name for name in page.evaluate("caches.keys()") if name.startswith("my-day /")] == []
    sign_in_as(page, database, fair, site, 1)
    wait_until_kept(page)
    page.context.set_offline(True)
    page.reload()
    expect(page.locator(".now:visible .firm-name")).to_contain_text("Ulmenbrücker AG")
