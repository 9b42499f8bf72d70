"""Busy times in a real browser: a file is looked at, saved and removed, without JavaScript and on a phone."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect

from scheduler.services.problems import snapshot
from scheduler.storage.database import Database
from tests.e2e.test_browser_exhibitor import OpenPage, chromium, open_page, site
from tests.support.calendars import busy_in
from tests.support.factories import NOW, Expo, make_event, make_request, make_version, meet

pytestmark = [pytest.mark.browser, pytest.mark.parametrize("database", ["sqlite"], indirect=True)]

__all__ = ["chromium", "open_page", "site"]  # fixtures


@pytest.fixture
def expo(database: Database) -> Expo:
    """Three days; firms 0 and 1 meet in the second slot of the published schedule."""
    with database.write() as session:
        expo = make_event(session, firms=2, slots="3|3 3|3 4", people=1)
        make_version(session, expo, [meet(make_request(session, expo), expo, slot=1)])
    return expo


def unavailable(database: Database, expo: Expo) -> set[int]:
    with database.read() as session:
        return set(snapshot.take(session, expo.event.id, now=NOW).attendees[0].unavailable)


def test_a_calendar_is_looked_at_saved_and_removed_without_javascript(
    open_page: OpenPage, database: Database, expo: Expo, tmp_path: Path
) -> None:
    file = tmp_path / "office.ics"
    file.write_bytes(busy_in(expo.slots[1], expo.slots[6], expo.slots[13], summary="Board meeting"))
    page = open_page("/agenda", java_script_enabled=False)
    page.get_by_role("link", name="Say when you are busy").click()
    expect(page.get_by_text("No calendar of yours is here yet")).to_be_visible()
    page.get_by_label("File").set_input_files(file)
    page.get_by_role("button", name="Read the file").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("office.ics: look before you save")
    expect(page.get_by_text("3 of 16")).to_be_visible()
    expect(page.get_by_role("table").get_by_text("Board meeting")).to_have_count(3)
    expect(page.get_by_text("The next plan moves a meeting")).to_be_visible()
    assert unavailable(database, expo) == set()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status").first).to_contain_text("Saved: office.ics.")
    assert unavailable(database, expo) == {1, 6, 13}
    page.get_by_label("Away on Tue, 8 December 2026, 09:30").check()
    page.get_by_role("button", name="Save the marked times").click()
    assert unavailable(database, expo) == {1, 6, 7, 13}
    page.get_by_role("button", name="Remove office.ics").click()
    expect(page.get_by_role("status").first).to_contain_text("Removed: office.ics.")
    assert unavailable(database, expo) == {7}


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
        if step == "empty":
            page.get_by_label("File").set_input_files(file)
            with page.expect_navigation():
                page.get_by_role("button", name="Read the file").press("Enter")
        if step == "preview":
            with page.expect_navigation():
                page.get_by_role("button", name="Save").press("Enter")


def test_a_file_that_is_none_is_refused_beside_its_field(open_page: OpenPage, tmp_path: Path) -> None:
    file = tmp_path / "photo.ics"
    file.write_bytes(b"\x89PNG")
    page = open_page("/busy-times")
    page.get_by_label("File").set_input_files(file)
    page.get_by_role("button", name="Read the file").click()
    expect(page.locator("#file-fault")).to_contain_text("This is no calendar file")
    expect(page.get_by_label("File")).to_have_attribute("aria-invalid", "true")
