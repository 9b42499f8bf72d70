"""A person in a browser window: signs in, and acts by mouse, by keyboard or without JavaScript."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from scheduler.services.identity import sign_in
from scheduler.storage.database import Database
from tests.support.factories import SECRET_KEY

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

WAYS: Final = ("mouse", "keys", "no script")
"""Input methods. With the keyboard, nothing is clicked."""


def signed_in(page: Page, database: Database, site: str, account_id: int) -> None:
    """Open a sign-in link of an account, and submit its form."""
    with database.write() as session:
        token = sign_in.make_sign_in_link(session, account_id, secret_key=SECRET_KEY, now=database.now())
    page.goto(f"{site}/sign-in/{token}")
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(lambda url: "/sign-in" not in url)


def reach(page: Page, found: Locator) -> None:
    """Press Tab until a link, button or field has the focus."""
    found.wait_for()
    for _ in range(page.locator("a, button, input, select, textarea, summary, [tabindex]").count() + 1):
        page.keyboard.press("Tab")
        if found.evaluate("each => each === document.activeElement"):
            return
    raise AssertionError("it is not reached by Tab")


def press(page: Page, found: Locator, way: str) -> None:
    """Activate a link or button."""
    if way != "keys":
        found.click()
        return
    reach(page, found)
    page.keyboard.press("Enter")


def write(page: Page, field: Locator, text: str, way: str) -> None:
    """Replace the text of a field."""
    if way != "keys":
        field.fill(text)
        return
    reach(page, field)
    page.keyboard.press("Control+a")
    page.keyboard.type(text)


def choose(page: Page, field: Locator, option: str, way: str) -> None:
    """Choose an option by its text."""
    if way != "keys":
        field.select_option(option)
        return
    reach(page, field)
    page.keyboard.press("Home")
    while field.evaluate("each => each.selectedOptions[0].textContent.trim()") != option:
        before = field.evaluate("each => each.selectedIndex")
        page.keyboard.press("ArrowDown")
        assert field.evaluate("each => each.selectedIndex") > before, "no such option"
