"""Dates, places, quantities and numbers do not break across lines in narrow columns."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

import pytest

from api.language.unbroken import unbroken
from scheduler.domain.entities import RequestState
from scheduler.services.identity import preferences, sign_in
from scheduler.storage.database import Database
from scheduler.storage.models import Account
from tests.support import replies
from tests.support.factories import NOW, SECRET_KEY, make_event, make_request
from tests.support.published import Published

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = [pytest.mark.browser, pytest.mark.parametrize("database", ["sqlite"], indirect=True)]

BROKEN = r"""([pattern, width]) => {
    const walker = document.createTreeWalker(document.querySelector("main"), NodeFilter.SHOW_TEXT);
    const broken = [], nodes = [];
    let seen = 0;
    while (walker.nextNode()) nodes.push(walker.currentNode);
    for (const node of nodes) {
        const box = node.parentElement;
        if (!box.checkVisibility() || !new RegExp(pattern).test(node.data)) continue;
        box.style.display = "block"; box.style.width = width + "em";
        for (const found of node.data.matchAll(new RegExp(pattern, "g"))) {
            const range = document.createRange();
            range.setStart(node, found.index); range.setEnd(node, found.index + found[0].length);
            const lines = new Set([...range.getClientRects()].map((each) => Math.round(each.top)));
            seen += 1;
            if (lines.size > 1) broken.push(found[0] + " in " + node.data.trim() + " at " + width);
        }
    }
    return {seen, broken};
}"""
"""Texts of a pattern that wrap to two lines when their elements are some letters wide."""
WIDTHS = (8, 9, 10, 11, 12)
JOINED = "\u2060?"
DATES = "|".join(
    JOINED.join(each)
    for each in (("星", "期", "[一二三四五六日]"), ("周", "[一二三四五六日]"), (r"\d", "月"), (r"\d", "日"))
)


@pytest.fixture
def page(chromium: Browser) -> Page:
    context = chromium.new_context(viewport={"width": 320, "height": 900}, locale="zh-CN")
    page = context.new_page()
    page.clock.set_fixed_time(NOW)
    return page


def parted(page: Page, pattern: str, widths: Sequence[int] = WIDTHS) -> list[str]:
    """Return the texts that are broken on the page; at least one must match."""
    found = [page.evaluate(BROKEN, [pattern, width]) for width in widths]
    assert all(each["seen"] for each in found)
    return [text for each in found for text in each["broken"]]


def sign_in_as(page: Page, site: str, database: Database, account_id: int) -> None:
    with database.write() as session:
        token = sign_in.make_sign_in_link(session, account_id, secret_key=SECRET_KEY, now=NOW)
    page.goto(f"{site}/sign-in/{token}")
    page.locator("main button").first.click()
    page.wait_for_url(lambda url: "/sign-in/" not in url)


def test_a_chinese_date_is_on_one_line(page: Page, site: str, database: Database) -> None:
    published = Published(database, language="zh")
    with database.write() as session:
        preferences.save_preferences(
            session, published.expo.actor(0), language="zh", timezone="Europe/Budapest"
        )
    published.mails = published.publish_again(slot=1)
    page.goto(f"{site}/answers/{replies.token(published.mail_to(0))}/")
    assert parted(page, DATES) == []
    with database.read() as session:
        account_id = session.get_one(Account, published.person(0).account_id).id
    sign_in_as(page, site, database, account_id)
    for path in ("agenda", "week", "preferences"):
        page.goto(f"{site}/events/{published.expo.event.key}/{path}")
        assert parted(page, DATES) == [], path


def test_a_place_keeps_its_number(page: Page, site: str, database: Database) -> None:
    published = Published(database, language="en")
    with database.read() as session:
        account_id = session.get_one(Account, published.person(0).account_id).id
    sign_in_as(page, site, database, account_id)
    page.goto(f"{site}/events/{published.expo.event.key}/agenda")
    assert parted(page, r"Hall\s\d", (4, 5, 6, 7, 8)) == []


@pytest.mark.parametrize("width", [320, 1280])
def test_a_number_of_the_organisers_first_page_is_on_one_line(
    width: int, page: Page, site: str, database: Database
) -> None:
    with database.write() as session:
        expo = make_event(session, firms=3)
        for receiver in (1, 2):
            make_request(session, expo, 0, receiver, state=RequestState.PENDING)
    page.set_viewport_size({"width": width, "height": 900})
    sign_in_as(page, site, database, expo.organiser.id)
    page.goto(f"{site}/events/{expo.event.key}")
    lines = page.evaluate(
        """() => [...document.querySelectorAll(".entry-count")].map((each) => {
            each.textContent = "1,104";
            const range = document.createRange(); range.selectNodeContents(each);
            return new Set([...range.getClientRects()].map((one) => one.top)).size;
        })"""
    )
    assert lines and set(lines) == {1}


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("2027年6月23日 星期三", ["2027年6月23日", "星期三"]),
        ("West Hall 1", ["West", "Hall 1"]),
        ("8 min", ["8 min"]),
        ("8分钟", ["8分钟"]),
        ("Mon, 7 Dec, 09:00", ["Mon,", "7", "Dec,", "09:00"]),
        ("Table 12, Hall 3", ["Table 12,", "Hall 3"]),
    ],
)
def test_the_pieces_of_a_text(text: str, pieces: list[str], database: Database) -> None:
    joined = unbroken(text)
    assert [piece.replace("\u2060", "").replace("\xa0", " ") for piece in re.split(" ", joined)] == pieces
