"""Busy times are painted on the week's page by mouse and by keys, and without JavaScript by ticks."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select

from scheduler.storage.database import Database
from scheduler.storage.models import AttendeeBusy, Slot
from tests.e2e.test_browser_exhibitor import OpenPage, chromium, open_page, site
from tests.support.factories import Expo, make_event, make_request, make_version, meet

pytestmark = [pytest.mark.browser, pytest.mark.parametrize("database", ["sqlite"], indirect=True)]

__all__ = ["chromium", "open_page", "site"]  # fixtures


@pytest.fixture
def expo(database: Database) -> Expo:
    """Three days of 6, 6 and 4 times; firms 0 and 1 meet in the second one of the published schedule."""
    with database.write() as session:
        expo = make_event(session, firms=2, slots="3|3 3|3 4", people=1)
        make_version(session, expo, [meet(make_request(session, expo), expo, slot=1)])
    return expo


def marked(database: Database) -> list[int]:
    with database.read() as session:
        rows = select(Slot.position).join(AttendeeBusy, AttendeeBusy.slot_id == Slot.id)
        return list(session.scalars(rows.order_by(Slot.position)))


def painter(open_page: OpenPage) -> Page:
    page = open_page("/week")
    page.get_by_role("link", name="Mark busy times").click()
    expect(page.get_by_role("heading", name="When you are busy")).to_be_visible()
    return page


def save(page: Page) -> None:
    page.get_by_role("button", name="Save the marked times").click()
    expect(page.get_by_role("status").first).to_contain_text("Saved.")
    assert "/week" in page.url


def test_times_are_painted_by_the_mouse(open_page: OpenPage, database: Database, expo: Expo) -> None:
    page = painter(open_page)
    cells = page.locator(".cell")
    first, last = cells.nth(0).bounding_box(), cells.nth(6).bounding_box()
    assert first is not None and last is not None
    page.mouse.move(first["x"] + 20, first["y"] + 15)
    page.mouse.down()
    page.mouse.move(last["x"] + 20, last["y"] + 15, steps=12)
    page.mouse.up()
    expect(page.get_by_text("Marked times: 3.")).to_be_visible()
    expect(page.get_by_text("You have a meeting with Firm 1")).to_be_visible()
    assert marked(database) == [], "nothing is saved yet"
    save(page)
    assert marked(database) == [0, 1, 2]
    page = painter(open_page)
    page.get_by_role("button", name="Undo").click()
    page.get_by_role("button", name="Whole day").nth(2).click()
    page.get_by_label("I arrive").select_option(index=9)
    expect(page.get_by_text("Marked times: 12.")).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("Marked times: 7.")).to_be_visible()


def test_times_are_marked_by_keys_alone(open_page: OpenPage, database: Database, expo: Expo) -> None:
    page = painter(open_page)
    boxes = page.locator(".cell input")
    boxes.nth(0).focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Space")
    page.keyboard.press("Shift+ArrowDown")
    expect(page.get_by_text("Marked times: 2.")).to_be_visible()
    page.keyboard.press("d")
    expect(page.get_by_text("Marked times: 6.")).to_be_visible()
    page.keyboard.press("Control+z")
    expect(page.get_by_text("Marked times: 2.")).to_be_visible()
    stops = page.evaluate(
        "[...document.querySelectorAll('.cell input')].filter((box) => box.tabIndex === 0).length"
    )
    assert stops == 1, "the grid is one stop of the Tab key"
    save(page)
    assert marked(database) == [6, 7]


def test_without_javascript_the_link_leads_to_the_page_of_busy_times(open_page: OpenPage, expo: Expo) -> None:
    page = open_page("/week", java_script_enabled=False)
    page.get_by_role("link", name="Mark busy times").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Busy times")


def test_the_painter_fits_a_phone(open_page: OpenPage, expo: Expo) -> None:
    page = open_page("/week?paint=1", viewport={"width": 320, "height": 740})
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    heights = page.evaluate("[...document.querySelectorAll('.cell')].map((cell) => cell.offsetHeight)")
    assert min(heights) >= 44
