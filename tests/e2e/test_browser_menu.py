"""The menus of places in a browser: by keyboard, on a phone, without JavaScript."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from scheduler.services.identity import sign_in
from scheduler.storage.database import Database
from tests.e2e import axe
from tests.e2e.test_browser_exhibitor import WAIT, OpenPage, open_page, site
from tests.support.factories import NOW, SECRET_KEY, Expo, make_event, make_request, make_version, meet

pytestmark = [pytest.mark.browser, pytest.mark.parametrize("database", ["sqlite"], indirect=True)]

__all__ = ["open_page", "site"]  # fixtures

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


def test_a_phone_has_one_menu_of_all_places(open_menu: OpenMenu) -> None:
    axe.require()
    page = open_menu(viewport=PHONE, has_touch=True, reduced_motion="reduce")  # reads the final colours
    menu = page.locator("nav.menubar")
    expect(menu).to_be_hidden()
    for name in GROUPS:
        page.get_by_role("button", name="Menu").click()
        expect(page.get_by_role("navigation", name="Event")).to_be_visible()
        menu.locator("summary", has_text=name).click()
        links = menu.locator("details[open] a")
        assert links.count() > 2
        entries = menu.locator("a, summary").filter(visible=True).all()
        for box in (entry.bounding_box() for entry in entries):
            assert box is not None
            assert box["x"] >= 0 and box["x"] + box["width"] <= PHONE["width"] and box["height"] >= 44
        assert axe.findings(page) == []
        expect(menu).to_be_hidden()  # the focus went on into the page


def test_the_menu_of_a_phone_is_used_by_keyboard(open_menu: OpenMenu) -> None:
    page = open_menu(viewport=PHONE)
    unfold = page.get_by_role("button", name="Menu")
    unfold.focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Dashboard", exact=True)).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("nav.menubar")).to_be_hidden()
    expect(unfold).to_be_focused()


def test_the_bar_of_a_phone_is_one_line_that_stays(open_menu: OpenMenu) -> None:
    page = open_menu(viewport=PHONE, has_touch=True)
    page.evaluate("scrollTo(0, document.documentElement.scrollHeight)")
    box = page.locator(".topbar-inner").bounding_box()
    assert box is not None and box["y"] == 0 and box["height"] < 60
    page.get_by_role("button", name="Menu").click()
    page.get_by_role("link", name="Board", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Board")


def test_a_page_begins_high_on_a_phone(open_menu: OpenMenu, site: str) -> None:
    """The site header and event menu take at most an eighth of the screen."""
    page = open_menu(viewport=PHONE, has_touch=True)
    for path in ("", "/overnight", "/participants/firms"):
        page.goto(f"{site}{path}")
        box = page.locator("main").bounding_box()
        assert box is not None and 50 < box["y"] < 110, (path, box)


@pytest.mark.parametrize("viewport", [{"width": 1280, "height": 900}, PHONE], ids=["desk", "phone"])
def test_groups_unfold_without_javascript(open_menu: OpenMenu, viewport: dict[str, int]) -> None:
    page = open_menu(java_script_enabled=False, viewport=viewport)
    menu = page.locator("nav.menubar")
    if viewport == PHONE:
        page.get_by_role("button", name="Menu").click()
    menu.locator("summary", has_text="Participants").click()
    menu.get_by_role("link", name="Interpreters").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Interpreters")
    expect(menu.locator("summary[aria-current]")).to_have_text("Participants")


def test_an_exhibitor_has_five_places_in_the_dock_and_the_others_in_a_menu(
    open_page: OpenPage, expo: Expo
) -> None:
    page = open_page("/firms", viewport=PHONE, has_touch=True)
    dock = page.get_by_role("navigation", name="Event")
    box = dock.bounding_box()
    assert box is not None and box["y"] + box["height"] == PHONE["height"] and box["height"] < 60
    places = dock.get_by_role("link").all()
    assert len(places) == 5
    for place in (each.bounding_box() for each in places):
        assert place is not None and place["height"] >= 44 and place["width"] >= 44
    page.locator("summary", has_text="Account of").click()
    page.get_by_role("link", name="Outcomes").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Meeting outcomes")


def test_the_dock_hides_nothing_at_the_end_of_a_page(open_page: OpenPage) -> None:
    page = open_page("/firms", viewport=PHONE, has_touch=True)
    page.get_by_role("link", name="Help").focus()
    page.evaluate("scrollTo(0, document.documentElement.scrollHeight)")
    last = page.locator("footer a").last.bounding_box()
    dock = page.get_by_role("navigation", name="Event").bounding_box()
    assert last is not None and dock is not None and last["y"] + last["height"] <= dock["y"]
