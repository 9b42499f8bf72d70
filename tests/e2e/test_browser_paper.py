"""Printed pages: they show what can be read, in portrait or landscape, and no controls."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pymupdf
import pytest

from scheduler.storage.database import Database
from tests.support import clocks
from tests.support.everything import Everything, serving
from tests.support.factories import NOW
from tests.support.web import web_app

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser

MEETING = "button[name=pick]:visible"
PRESSED = ", ".join(
    f"{each}:visible" for each in ("nav", "button:not([name=pick])", ".button", "summary", "select")
)
UPRIGHT = (
    ("exhibitor", "agenda"),
    ("exhibitor", "agenda/firm"),
    ("exhibitor", "my-day"),
    ("exhibitor", "dashboard"),
    ("organiser", "chain-report"),
    ("organiser", "versions/2/changes"),
    ("organiser", "versions/2/fairness"),
)
ACROSS = (("exhibitor", "week"), ("organiser", "board"))


@pytest.fixture
def everything(database: Database, broker_url: str) -> Iterator[Everything]:
    with pytest.MonkeyPatch.context() as patch:
        clocks.hold(patch, NOW)
        yield Everything(database, web_app(database, broker_url))


@pytest.fixture
def desk(chromium: Browser) -> Iterator[Page]:
    page = chromium.new_page(viewport={"width": 1280, "height": 860})
    yield page
    page.close()


def test_nothing_that_is_pressed_is_printed(desk: Page, everything: Everything) -> None:
    seen: dict[tuple[str, str], str] = {}
    with serving(everything.app) as site:
        for role in ("exhibitor", "organiser"):
            desk.context.clear_cookies()
            desk.emulate_media(media="screen")
            desk.goto(site + everything.link(everything.account(role)))
            desk.get_by_role("button", name="Sign in").click()
            desk.locator("form[action='/sign-out']").first.wait_for(state="attached")
            for path in (path for who, path in UPRIGHT + ACROSS if who == role):
                desk.goto(site + everything.path(f"/{path}"))
                desk.emulate_media(media="print")
                assert desk.locator(PRESSED).all_inner_texts() == [], path
                paper = pymupdf.open("pdf", desk.pdf(prefer_css_page_size=True))[0].rect
                seen[(role, path)] = "across" if paper.width > paper.height else "upright"
            if role == "organiser":
                assert desk.locator(MEETING).all_inner_texts(), "the board has no meeting"
    assert seen == dict.fromkeys(UPRIGHT, "upright") | dict.fromkeys(ACROSS, "across")
