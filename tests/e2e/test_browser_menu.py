"""The organiser's menu in a browser: groups expand by keyboard, on a phone, without JavaScript."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from scheduler.services.identity import sign_in
from scheduler.storage.database import Database
from tests.e2e import axe
from tests.e2e.test_browser_exhibitor import WAIT, site
from tests.support.factories import NOW, SECRET_KEY, Expo, make_event, make_request, make_version, meet

pytestmark = [pytest.mark.browser, pytest.mark.parametrize("database", ["sqlite"], indirect=True)]

__all__ = ["site"]  # fixtures

GROUPS = ["Event", "Participants", "Schedule", "Replies"]
PHONE = {"width": 390, "height": 844}

OpenMenu = Callable[..., Page]


@pytest.fixture
def expo(database: Database) -> Expo:
    """An event with a published schedule, so that the menu has all entries."""
    with database.write() as session:
        expo = make_event(session, firms=2)
        make_version(session, expo, [meet(make_request(session, expo), expo)])
    return expo


@pytest.fixture
def open_menu(chromium: Browser, database: Database, expo: Expo, site: str) -> Iterator[OpenMenu]:
    """Yield a function that opens the overnight runs page as the organiser."""
    contexts = []

    def open_menu(**options: object) -> Page:
        contexts.append(chromium.new_context(**options))
        page = contexts[-1].new_page()
        page.set_default_timeout(WAIT)
        with database.write() as session:
            token = sign_in.make_sign_in_link(session, expo.organiser.id, secret_key=SECRET_KEY, now=NOW)
        page.goto(f"{site.partition('/events')[0]}/sign-in/{token}")
        page.get_by_role("button", name="Sign in").click()
        page.locator("form[action='/sign-out']").first.wait_for(state="attached")
        page.goto(f"{site}/overnight")
        return page

    yield open_menu
    for opened in contexts:
        opened.close()


def test_groups_unfold_by_keyboard_and_close_behind_the_reader(open_menu: OpenMenu) -> None:
    page = open_menu(viewport={"width": 1280, "height": 900})
    menu = page.get_by_role("navigation", name="Event")
    assert menu.locator("> ul > li").count() == 7
    height = menu.evaluate("(each) => each.getBoundingClientRect().height")
    assert height < 60  # one line
    plan = menu.locator("summary", has_text="Schedule")
    expect(plan).to_have_attribute("aria-current", "true")
    expect(menu.locator("summary[aria-current]")).to_have_count(1)
    plan.focus()
    page.keyboard.press("Enter")
    expect(menu.get_by_role("link", name="Overnight runs")).to_have_attribute("aria-current", "page")
    page.keyboard.press("Tab")
    expect(menu.get_by_role("link", name="Schedule", exact=True)).to_be_focused()
    page.keyboard.press("Escape")
    expect(plan).to_be_focused()
    expect(menu.get_by_role("link", name="Schedule", exact=True)).to_be_hidden()
    page.keyboard.press("Enter")
    menu.locator("summary", has_text="Replies").focus()
    expect(menu.get_by_role("link", name="Schedule", exact=True)).to_be_hidden()
    plan.click()
    page.locator("main").click(position={"x": 900, "y": 200})
    expect(menu.get_by_role("link", name="Schedule", exact=True)).to_be_hidden()


def test_the_key_of_the_search_can_be_turned_off(open_menu: OpenMenu, site: str) -> None:
    """WCAG 2.1.4: a shortcut of one character can be turned off."""
    page = open_menu()

    page.keyboard.press("/")
    expect(page).to_have_url(f"{site}/search")
    page.get_by_role("button", name="Turn shortcut off").click()
    page.goto(f"{site}/overnight")
    pressed = "new KeyboardEvent('keydown', {key: '/', bubbles: true, cancelable: true})"
    assert page.evaluate(f"document.body.dispatchEvent({pressed})")  # no one took the key
    page.goto(f"{site}/search")
    page.get_by_role("button", name="Turn shortcut on").click()
    expect(page.get_by_role("button", name="Turn shortcut off")).to_be_visible()
    page.goto(f"{site}/overnight")
    page.keyboard.press("/")
    expect(page).to_have_url(f"{site}/search")


def test_every_group_fits_a_phone_and_has_no_fault(open_menu: OpenMenu) -> None:
    axe.require()
    page = open_menu(viewport=PHONE, has_touch=True, reduced_motion="reduce")  # reads the final colours
    menu = page.get_by_role("navigation", name="Event")
    for name in GROUPS:
        menu.locator("summary", has_text=name).click()
        links = menu.locator("details[open] a")
        assert links.count() > 2
        for box in (link.bounding_box() for link in links.all()):
            assert box is not None
            assert box["x"] >= 0 and box["x"] + box["width"] <= PHONE["width"] and box["height"] >= 44
        assert axe.findings(page) == []


def test_a_page_begins_high_on_a_phone(open_menu: OpenMenu, site: str) -> None:
    """The site header and event menu take at most a quarter of the screen."""
    page = open_menu(viewport=PHONE, has_touch=True)
    for path in ("", "/overnight", "/participants/firms"):
        page.goto(f"{site}{path}")
        box = page.locator("main").bounding_box()
        assert box is not None and 100 < box["y"] < 220, (path, box)


def test_groups_unfold_without_javascript(open_menu: OpenMenu) -> None:
    page = open_menu(java_script_enabled=False)
    menu = page.get_by_role("navigation", name="Event")
    menu.locator("summary", has_text="Participants").click()
    menu.get_by_role("link", name="Interpreters").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Interpreters")
    expect(menu.locator("summary[aria-current]")).to_have_text("Participants")
