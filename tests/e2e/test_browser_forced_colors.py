"""With forced colours, menus and tabs mark exactly the current item."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from scheduler.storage.database import Database
from tests.support import clocks
from tests.support.everything import serving
from tests.support.factories import SECRET_KEY
from tests.support.running_event import Fair, before, make_fair
from tests.support.web import web_app

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

from scheduler.services.identity import sign_in

pytestmark = [pytest.mark.browser, pytest.mark.parametrize("database", ["sqlite"], indirect=True)]

LINED = """
() => {
  const shown = (entry) => entry.getClientRects().length > 0;
  const canvas = getComputedStyle(document.body).backgroundColor;
  const lined = (entry) => {
    const style = getComputedStyle(entry);
    const isUnderlined = style.textDecorationLine.includes("underline")
      && parseFloat(style.textDecorationThickness) > 1;
    return isUnderlined || ["Top", "Bottom"].some((side) => parseFloat(style[`border${side}Width`]) > 1
      && style[`border${side}Style`] !== "none" && style[`border${side}Color`] !== canvas);
  };
  const menus = ".dock a, .menubar a, .menubar summary";
  return [...document.querySelectorAll(`.tabs a, ${menus}`)]
    .filter(shown)
    .map((entry) => [entry.textContent.trim(), lined(entry), entry.hasAttribute("aria-current")]);
}
"""
"""Menu and tab entries: text, whether a line marks it, and whether it is current."""


@pytest.fixture
def fair(database: Database, monkeypatch: pytest.MonkeyPatch) -> Fair:
    with database.write() as session:
        fair = make_fair(session, each=2, days=2, told=True)
    clocks.hold(monkeypatch, before(fair, minutes=18))
    return fair


@pytest.fixture
def site(database: Database, broker_url: str, fair: Fair) -> Iterator[str]:
    with serving(web_app(database, broker_url)) as address:
        yield address


def sign_in_as(page: Page, database: Database, fair: Fair, site: str, account_id: int) -> None:
    with database.write() as session:
        token = sign_in.make_sign_in_link(
            session, account_id, secret_key=SECRET_KEY, now=before(fair, minutes=18)
        )
    page.goto(f"{site}/sign-in/{token}")
    page.locator("main form button").first.click()
    page.wait_for_load_state()


EXHIBITOR = (
    "/dashboard",
    "/requests",
    "/requests/sent",
    "/week",
    "/my-day",
    "/busy-times",
    "/firms",
    "/agenda",
)
ORGANISER = ("", "/venue", "/runs", "/inbox", "/participants/firms")


@pytest.mark.parametrize("width", [1280, 390])
def test_a_line_marks_the_current_place_alone(
    chromium: Browser, database: Database, fair: Fair, site: str, width: int
) -> None:
    marked = 0
    for account, paths in (
        (fair.expo.people[0][0].account_id, EXHIBITOR),
        (fair.expo.organiser.id, ORGANISER),
    ):
        context = chromium.new_context(viewport={"width": width, "height": 844}, forced_colors="active")
        page = context.new_page()
        page.set_default_timeout(60_000)
        sign_in_as(page, database, fair, site, account)
        for path in paths:
            page.goto(f"{site}/events/{fair.expo.event.key}{path}")
            for unfold in page.get_by_role("button", name="Menu").all():
                unfold.click()
            entries = page.evaluate(LINED)
            wrong = [text for text, lined, current in entries if lined and not current]
            assert wrong == [], (path, wrong)
            marked += sum(lined for _, lined, _ in entries)
        context.close()
    assert marked >= len(EXHIBITOR) - 3, "no entry is marked by a line"
