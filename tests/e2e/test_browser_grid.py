"""The grid of rows with errors in a real browser: by keyboard, and without JavaScript."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import select

from scheduler.services.identity.sign_in import make_sign_in_link
from scheduler.services.imports import import_files
from scheduler.sheets.writers import OutputSheet, write_xlsx
from scheduler.storage.database import Database
from scheduler.storage.models import Firm
from tests.e2e.test_browser_exhibitor import WAIT, site
from tests.support.factories import NOW, SECRET_KEY, Expo, make_event

pytestmark = [pytest.mark.browser, pytest.mark.parametrize("database", ["sqlite"], indirect=True)]
__all__ = ["site"]  # a fixture

OpenGrid = Callable[..., Page]
FIRMS = OutputSheet(
    "Firms",
    ["key", "name", "country", "tier", "max_per_day"],
    [
        ["a", "Alpha", "Corea", "upstream", "8"],
        ["b", "Beta", "Corea", "upstream", "ca. 8"],
        ["c", "Gamma", "DE", "sideways", ""],
        ["e", "Total", "", "", "16"],
    ],
)


@pytest.fixture
def expo(database: Database) -> Expo:
    with database.write() as session:
        return make_event(session, firms=0, tables=0)


@pytest.fixture
def open_grid(chromium: Browser, database: Database, expo: Expo, site: str) -> Iterator[OpenGrid]:
    """Yield a function that opens the grid of a file with errors as the organiser."""
    contexts, complaints = [], []
    with database.write() as session:
        number = import_files.store_file(
            session, expo.organiser_actor(), write_xlsx([FIRMS]), name="e.xlsx", kind="", now=NOW
        )

    def open_it(**options: object) -> Page:
        contexts.append(chromium.new_context(**options))
        page = contexts[-1].new_page()
        page.set_default_timeout(WAIT)
        page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        with database.write() as session:
            token = make_sign_in_link(session, expo.organiser.id, secret_key=SECRET_KEY, now=NOW)
        page.goto(f"{site.partition('/events')[0]}/sign-in/{token}")
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url(lambda url: "/sign-in" not in url)
        page.goto(f"{site}/imports/{number}/errors")
        return page

    yield open_it
    for opened in contexts:
        opened.close()
    assert complaints == []


def test_the_grid_is_mended_by_keyboard_alone(open_grid: OpenGrid, database: Database, expo: Expo) -> None:
    page = open_grid()
    first = page.get_by_label("Row 2, country")
    first.focus()
    page.keyboard.press("Control+A")
    page.keyboard.type("South Korea")
    page.keyboard.press("ArrowDown")
    expect(page.get_by_label("Row 3, country")).to_be_focused()
    page.keyboard.type("KR")
    page.keyboard.press("Escape")
    expect(page.get_by_label("Row 3, country")).to_have_value("Corea")
    page.keyboard.press("Control+A")
    page.keyboard.type("KR")
    page.keyboard.press("ArrowUp")
    expect(first).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_label("Row 3, country")).to_be_focused()
    page.get_by_label("Row 3, max_per_day").focus()
    page.keyboard.press("Control+A")
    page.keyboard.type("8")
    page.get_by_label("Skip row 5").focus()
    expect(page.get_by_label("Skip row 5")).to_be_in_viewport()
    page.keyboard.press("Space")
    expect(page.locator(".grid-count")).to_have_text("4 changes")
    page.get_by_label("Row 4, tier").fill("midstream")
    page.get_by_role("button", name="Apply changes").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("Row skipped")).to_be_visible()
    page.get_by_role("button", name="Import 3 rows").click()
    expect(page.get_by_text("Exhibitors: 3 added").first).to_be_visible()
    with database.read() as session:
        assert set(session.scalars(select(Firm.country))) == {"KR", "DE"}


def test_a_value_that_is_probably_meant_and_find_and_replace_fill_the_cells(open_grid: OpenGrid) -> None:
    page = open_grid()
    page.get_by_role("button", name="South Korea?").first.click()
    expect(page.locator(".grid-all input[name^=all]").first).to_have_value("South Korea")
    page.get_by_label("Column", exact=True).select_option("country")
    page.get_by_label("Find", exact=True).fill("corea")
    page.get_by_label("Replace with", exact=True).fill("KR")
    page.get_by_label("Replace with", exact=True).blur()
    expect(page.get_by_label("Row 2, country")).to_have_value("KR")
    expect(page.get_by_label("Row 3, country")).to_have_value("KR")


def test_the_grid_is_a_form_without_javascript(open_grid: OpenGrid) -> None:
    page = open_grid(java_script_enabled=False, viewport={"width": 390, "height": 844})
    page.get_by_label("Replace all “Corea” with").fill("South Korea")
    page.get_by_label("Row 3, max_per_day").fill("8")
    page.get_by_label("Row 4, tier").fill("midstream")
    page.get_by_label("Skip row 5").check()
    page.get_by_role("button", name="Apply changes").click()
    expect(page.get_by_text("Row skipped")).to_be_visible()
    page.get_by_label("Undo 1", exact=True).check()
    page.get_by_role("button", name="Undo selected").click()
    page.get_by_role("navigation", name="Rows").get_by_role("link", name="Errors").click()
    expect(page.get_by_label("Replace all “Corea” with")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_changes_that_are_not_applied_are_not_lost_by_an_import(open_grid: OpenGrid) -> None:
    page = open_grid()
    page.get_by_label("Row 4, tier").fill("midstream")
    page.get_by_role("button", name="Apply changes").click()
    page.get_by_label("Row 2, country").fill("KR")
    page.get_by_role("button", name="Import 1 row").click()
    expect(page.get_by_text("Apply your changes before you import.")).to_be_visible()
    expect(page.get_by_role("button", name="Apply changes")).to_be_focused()
    expect(page.get_by_label("Row 2, country")).to_have_value("KR")
