"""The page of an offline pack on a phone without network: search, a time, what changed, languages."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from scheduler.services.exports.offline_packs import contents
from scheduler.services.exports.offline_packs.contents import PackedSchedule
from scheduler.storage.database import Database
from tests.e2e import axe
from tests.integration.exports.test_offline_packs import make_expo
from tests.support.factories import NOW, Expo

pytestmark = [pytest.mark.browser, pytest.mark.parametrize("database", ["sqlite"], indirect=True)]

expect.set_options(timeout=60_000)


@pytest.fixture
def expo(database: Database) -> Expo:
    return make_expo(database)


@pytest.fixture
def phone(database: Database, expo: Expo, chromium: Browser, tmp_path: Path) -> Iterator[Page]:
    """Yield the page, opened from its file on a phone without network. There is no server."""
    octets = io.BytesIO()
    contents.write_pack(database, PackedSchedule(expo.event.id, 2), octets, now=NOW)
    with zipfile.ZipFile(octets) as archive:
        path = archive.extract("index.html", tmp_path)
    database.dispose()
    context = chromium.new_context(offline=True, viewport={"width": 360, "height": 740}, locale="en-GB")
    page = context.new_page()
    wrong: list[str] = []
    asked: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(Path(path).as_uri())
    yield page
    context.close()
    assert wrong == []
    assert asked
    assert [url for url in asked if not url.startswith("file:")] == []


def test_the_drill_on_a_phone_without_network(phone: Page, expo: Expo) -> None:
    person, table, interpreter = expo.people[1][0], expo.tables[1], expo.interpreters[0]
    main = phone.locator("main")
    phone.get_by_label("Time at the venue").fill("2026-12-08T09:40")
    phone.get_by_role("searchbox").fill(person.name.lower())
    phone.get_by_role("link", name=person.name).click()
    answer = phone.locator(".answer")
    expect(answer).to_contain_text(f"At this time: 09:30–10:00, {table.name}")

    main.get_by_role("link", name=table.name).click()
    expect(main.get_by_role("heading", level=2)).to_have_text(table.name)
    expect(main.get_by_role("link", name=person.name)).to_be_visible()

    phone.get_by_label("Time at the venue").fill("2026-12-07T16:00")
    main.get_by_role("link", name=interpreter.name).click()
    expect(answer).to_contain_text("No meeting at this time.")
    expect(answer).to_contain_text("Next meeting (Tuesday, 8 December 2026): 09:30–10:00")

    phone.get_by_role("searchbox").fill("江新")  # part of a name in its own script
    expect(phone.locator("#results a")).to_have_count(2)  # the firm, and its person
    phone.locator("#results a[href^='#firms/']").filter(has_text="长江新能源").click()
    changes = phone.locator("#changes")
    expect(changes).to_contain_text("New time")
    expect(changes).to_contain_text("Before: Monday, 7 December 2026, 09:00–09:30")
    assert changes.locator("li").count() == 1


def test_its_languages_and_its_accessibility(phone: Page) -> None:
    phone.get_by_role("searchbox").fill("no such name")
    expect(phone.get_by_role("status")).to_contain_text("Nothing found.")
    phone.get_by_label("Language").select_option("hu")
    expect(phone.get_by_role("status")).to_contain_text("Nincs találat.")
    assert phone.locator("html").get_attribute("lang") == "hu"
    phone.get_by_label("Nyelv").select_option("zh")
    phone.get_by_role("searchbox").fill("firm")
    phone.locator("#results a").first.click()
    expect(phone.locator("main h2")).to_be_visible()
    assert axe.findings(phone) == []
