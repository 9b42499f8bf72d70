"""The busy times page in a real browser: painting by mouse and keyboard, calendars, and phones."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select

from scheduler.services.problems import snapshot
from scheduler.storage.database import Database
from scheduler.storage.models import AttendeeBusy, Slot
from tests.e2e.test_browser_exhibitor import OpenPage, open_page, site
from tests.support.calendars import busy_in
from tests.support.factories import NOW, Expo, make_event, make_request, make_version, meet

pytestmark = [pytest.mark.browser, pytest.mark.parametrize("database", ["sqlite"], indirect=True)]

__all__ = ["open_page", "site"]  # fixtures

BEFORE_GRID, PAGE_OCTETS = 260, 70_000
"""Limits: the grid's top on a phone in pixels, and the bytes of a page of five full days. They once were
2,098, behind three forms, and 115 kB, with 520 time zones three times."""


@pytest.fixture
def expo(database: Database, request: pytest.FixtureRequest) -> Expo:
    """An event of three days with 6, 6 and 4 slots by default. Firms 0 and 1 meet in the second slot."""
    with database.write() as session:
        expo = make_event(session, firms=2, slots=getattr(request, "param", "3|3 3|3 4"), people=1)
        make_version(session, expo, [meet(make_request(session, expo), expo, slot=1)])
    return expo


def unavailable(database: Database, expo: Expo) -> set[int]:
    with database.read() as session:
        return set(snapshot.build_problem(session, expo.event.id, now=NOW).attendees[0].unavailable)


def marked(database: Database) -> list[int]:
    with database.read() as session:
        rows = select(Slot.position).join(AttendeeBusy, AttendeeBusy.slot_id == Slot.id)
        return list(session.scalars(rows.order_by(Slot.position)))


def save(page: Page) -> None:
    page.get_by_role("button", name="Save busy times").click()
    expect(page.get_by_role("status").first).to_contain_text("Saved.")
    assert page.url.endswith("/busy-times")


def add(page: Page, way: str) -> None:
    page.locator("summary", has_text=way).click()


def test_everything_leads_to_the_one_page(open_page: OpenPage, expo: Expo) -> None:
    page = open_page("/week")
    page.get_by_role("link", name="Mark busy times").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Busy times")
    for old in ("/week?paint=1", "/week?day=2026-12-07&paint=1"):
        page = open_page(old)
        assert page.url.endswith("/busy-times")
        expect(page.get_by_role("heading", level=1)).to_have_text("Busy times")
    page = open_page("/agenda")
    page.locator("summary", has_text="Account of").click()
    page.get_by_role("link", name="Busy times", exact=True).click()
    expect(page.get_by_role("button", name="Save busy times")).to_be_visible()


def test_a_calendar_is_looked_at_saved_and_removed_without_javascript(
    open_page: OpenPage, database: Database, expo: Expo, tmp_path: Path
) -> None:
    file = tmp_path / "office.ics"
    file.write_bytes(busy_in(expo.slots[1], expo.slots[6], expo.slots[13], summary="Board meeting"))
    page = open_page("/agenda", java_script_enabled=False)
    page.get_by_role("link", name="Set busy times").click()
    expect(page.get_by_text("No calendars yet.")).to_be_visible()
    expect(page.get_by_label("Arrival")).to_be_hidden()
    add(page, "Calendar file")
    page.get_by_label("File", exact=True).set_input_files(file)
    page.get_by_role("button", name="Preview file").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("office.ics: preview")
    expect(page.get_by_text("3 of 16")).to_be_visible()
    expect(page.get_by_role("table").get_by_text("Board meeting")).to_have_count(3)
    expect(page.get_by_text("The next schedule moves a meeting")).to_be_visible()
    assert unavailable(database, expo) == set()
    page.get_by_role("button", name="Save calendar").click()
    expect(page.get_by_role("status").first).to_contain_text("Calendar saved: office.ics.")
    assert unavailable(database, expo) == {1, 6, 13}
    page.get_by_label("Busy on Tue, 8 December 2026, 09:30").check()
    save(page)
    assert unavailable(database, expo) == {1, 6, 7, 13} and marked(database) == [7]
    page.get_by_role("button", name="Remove office.ics").click()
    expect(page.get_by_role("status").first).to_contain_text("Calendar removed: office.ics.")
    assert unavailable(database, expo) == {7}


def test_times_are_painted_by_the_mouse(open_page: OpenPage, database: Database, expo: Expo) -> None:
    page = open_page("/busy-times")
    expect(page.get_by_text("Select the times when you are busy.")).to_be_visible()
    expect(page.get_by_text("Meetings at busy times")).to_be_hidden()
    cells = page.locator(".paint-cell")
    first, last = cells.nth(0).bounding_box(), cells.nth(6).bounding_box()
    assert first is not None and last is not None
    page.mouse.move(first["x"] + 20, first["y"] + 15)
    page.mouse.down()
    page.mouse.move(last["x"] + 20, last["y"] + 15, steps=12)
    page.mouse.up()
    expect(page.get_by_text("3 changes. Nothing is saved yet.")).to_be_visible()
    expect(page.get_by_text("Meetings at busy times")).to_be_visible()
    expect(page.locator("[data-clashes] li:visible")).to_contain_text("Firm 1")
    assert marked(database) == [], "nothing is saved yet"
    page.get_by_role("button", name="Mark available").click()
    expect(page.get_by_text("2 changes. Nothing is saved yet.")).to_be_visible()
    expect(page.get_by_text("Meetings at busy times")).to_be_hidden()
    page.get_by_role("button", name="Undo").click()
    save(page)
    assert marked(database) == [0, 1, 2]
    expect(page.locator("[data-clashes] li:visible")).to_contain_text("Mon, 7 Dec, 09:30")
    page.get_by_role("button", name="Whole day").nth(2).click()
    expect(page.get_by_text("4 changes.")).to_be_visible()
    page.get_by_label("Arrival").select_option(index=9)
    expect(page.get_by_text("9 changes.")).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("4 changes.")).to_be_visible()
    page.get_by_role("link", name="Hand over").click()
    expect(page.locator("#chosen-title")).to_contain_text("Firm 1")


def test_times_are_marked_by_keys_alone(open_page: OpenPage, database: Database, expo: Expo) -> None:
    page = open_page("/busy-times")
    boxes = page.locator(".paint-cell input")
    boxes.nth(0).focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Space")
    expect(page.get_by_text("1 change. Nothing is saved yet.")).to_be_visible()
    page.keyboard.press("Shift+ArrowDown")
    expect(page.get_by_text("2 changes.")).to_be_visible()
    page.keyboard.press("d")
    expect(page.get_by_text("6 changes.")).to_be_visible()
    page.keyboard.press("Control+z")
    expect(page.get_by_text("2 changes.")).to_be_visible()
    stops = page.evaluate(
        "[...document.querySelectorAll('.paint-cell input')].filter((box) => box.tabIndex === 0).length"
    )
    assert stops == 1, "the grid is one stop of the Tab key"
    save(page)
    assert marked(database) == [6, 7]


OVERLAPS = """() => {
  const buttons = [...document.querySelectorAll('[data-whole]')].map((each) => each.getBoundingClientRect());
  const texts = [...document.querySelectorAll('[data-whole]')].map((each) => {
    const range = document.createRange();
    range.selectNode(each.firstChild);
    return range.getBoundingClientRect();
  });
  const apart = (all) => all.every((each, at) => !at || all[at - 1].right <= each.left + 0.5);
  return [buttons.length, apart(buttons), apart(texts), Math.min(...buttons.map((each) => each.height))];
}"""


FIVE_DAYS = "8|8 8|8 8|8 8|8 8|8"


@pytest.mark.parametrize("expo", [FIVE_DAYS], indirect=True)
@pytest.mark.parametrize("language", ["en", "hu", "zh"])
def test_at_320_points_no_button_lies_over_another_and_the_grid_comes_first(
    open_page: OpenPage, expo: Expo, language: str
) -> None:
    page = open_page("/busy-times", viewport={"width": 320, "height": 640})
    page.context.add_cookies([{"name": "language", "value": language, "url": page.url}])
    page.reload()
    expect(page.locator(f"html[lang={language}]")).to_have_count(1)
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    count, buttons, texts, height = page.evaluate(OVERLAPS)
    assert (count, buttons, texts) == (5, True, True) and height >= 44
    assert len(page.request.get(page.url).body()) < PAGE_OCTETS
    heights = page.evaluate("[...document.querySelectorAll('.paint-cell')].map((cell) => cell.offsetHeight)")
    assert min(heights) >= 44
    assert page.evaluate("document.querySelector('.paint').getBoundingClientRect().top") < BEFORE_GRID


def test_the_pages_fit_a_phone_and_every_field_has_a_name(
    open_page: OpenPage, expo: Expo, tmp_path: Path
) -> None:
    file = tmp_path / "office.ics"
    file.write_bytes(busy_in(expo.slots[1]))
    page = open_page("/busy-times", viewport={"width": 360, "height": 740})
    for step in ("empty", "preview", "saved"):
        assert page.evaluate("document.documentElement.scrollWidth") <= 360, step
        levels = page.evaluate("[...document.querySelectorAll('h1,h2,h3')].map((h) => +h.tagName[1])")
        assert levels[0] == 1 and levels.count(1) == 1, step
        unnamed = "[...document.querySelectorAll('input:not([type=hidden]),select')]"
        assert page.evaluate(f"{unnamed}.filter((field) => !field.labels.length).length") == 0, step
        twice = "[...document.querySelectorAll('[id]')].map((each) => each.id)"
        assert page.evaluate(f"new Set({twice}).size === {twice}.length"), step
        if step == "empty":
            add(page, "Calendar file")
            page.get_by_label("File", exact=True).set_input_files(file)
            with page.expect_navigation():
                page.get_by_role("button", name="Preview file").press("Enter")
        if step == "preview":
            with page.expect_navigation():
                page.get_by_role("button", name="Save calendar").press("Enter")


def test_a_file_that_is_none_is_refused_beside_its_field(open_page: OpenPage, tmp_path: Path) -> None:
    file = tmp_path / "photo.ics"
    file.write_bytes(b"\x89PNG")
    page = open_page("/busy-times")
    add(page, "Calendar file")
    page.get_by_label("File", exact=True).set_input_files(file)
    page.get_by_role("button", name="Preview file").click()
    expect(page.locator("#file-error")).to_contain_text("This is not a calendar file")
    expect(page.get_by_label("File", exact=True)).to_have_attribute("aria-invalid", "true")


def test_each_service_says_where_its_app_password_is_made_and_one_is_open_at_a_time(
    open_page: OpenPage,
) -> None:
    page = open_page("/busy-times")
    add(page, "iCloud")
    expect(page.get_by_text("app-specific password at account.apple.com")).to_be_visible()
    add(page, "Nextcloud")
    expect(page.get_by_text("app-specific password at account.apple.com")).to_be_hidden()
    expect(page.get_by_label("Server address").locator("visible=true")).to_have_count(1)
