"""Calendar status in a real browser: filter, person page, call list, resend."""

from __future__ import annotations

import csv
import io
import threading
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import update
from werkzeug.serving import make_server

from scheduler.services.identity import sign_in
from scheduler.storage.database import Database
from scheduler.storage.models import Attendee
from tests.support import clocks
from tests.support.event_with_replies import Health
from tests.support.factories import NOW, SECRET_KEY
from tests.support.web import web_app

pytestmark = [pytest.mark.browser, pytest.mark.parametrize("database", ["sqlite"], indirect=True)]

WAIT = 60_000
"""Milliseconds: only a hang takes so long, a busy machine does not."""


@pytest.fixture
def health(database: Database) -> Health:
    """A published meeting: one side accepted, and the email about its move was refused for the other."""
    health = Health(database)
    with database.write() as session:
        session.execute(
            update(Attendee).where(Attendee.id == health.person(0).id).values(phone="+86 10 6552")
        )
    health.move(2, 10, refuse=health.first)
    return health


@pytest.fixture
def open_page(
    chromium: Browser, health: Health, broker_url: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[object]:
    """Yield a function that opens a calendar status page as the organiser. Console errors fail the test."""
    clocks.hold(monkeypatch, NOW)
    server = make_server("127.0.0.1", 0, web_app(health.database, broker_url), threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    site, contexts, complaints = f"http://127.0.0.1:{server.port}", [], []

    def open_page(path: str, **options: object) -> Page:
        contexts.append(chromium.new_context(**options))
        page = contexts[-1].new_page()
        page.set_default_timeout(WAIT)
        page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        with health.database.write() as session:
            token = sign_in.make_sign_in_link(
                session, health.expo.organiser.id, secret_key=SECRET_KEY, now=NOW
            )
        page.goto(f"{site}/sign-in/{token}")
        page.get_by_role("button", name="Sign in").click()
        page.locator("form[action='/sign-out']").first.wait_for(state="attached")
        page.goto(f"{site}/events/{health.expo.event.key}/calendar-status{path}")
        return page

    yield open_page
    for opened in contexts:
        opened.close()
    server.shutdown()
    thread.join()
    server.server_close()
    assert complaints == []


def walk(page: Page, health: Health, saved: Path) -> None:
    """Filter, save the call list, open the person, correct the address, view failed emails."""
    person = health.person(0)
    page.get_by_label("Status of the invitation").select_option("failed")
    if page.evaluate("typeof htmx") == "undefined":
        page.get_by_role("button", name="Search").click()
    expect(page.get_by_role("heading", level=2)).to_have_text("1 person")
    with page.expect_download() as download:
        page.get_by_role("link", name="Export call list (CSV)").click()
    download.value.save_as(saved)
    (row,) = csv.DictReader(io.StringIO(saved.read_text("utf-8-sig")))
    assert (row["Email"], row["Phone"]) == (person.email, "\u00a0+86 10 6552")
    page.get_by_role("link", name=person.latin_name).click()
    expect(page.get_by_text("+86 10 6552")).to_be_visible()
    expect(page.get_by_role("row").nth(1)).to_contain_text("Not delivered")
    page.get_by_role("navigation", name="Event").locator("summary", has_text="Replies").click()
    page.get_by_role("link", name="Calendar status").first.click()
    page.get_by_role("link", name="Failed emails (1)").click()
    page.get_by_label(f"Email to {person.latin_name}").check()
    page.get_by_role("button", name="Resend selected").click()
    expect(page.get_by_role("status").first).to_contain_text("1 email queued for resending.")
    expect(
        page.get_by_text("No failed emails. Emails that couldn't be delivered appear here.")
    ).to_be_visible()
    assert health.send(30)[person.email].payload["sequence"] == 1
    page.get_by_role("navigation", name="Calendar status").get_by_role("link", name="People").click()
    expect(page.get_by_role("heading", level=2)).to_have_text("2 people")


@pytest.mark.parametrize("scripts", [True, False])
def test_an_organiser_finds_whom_to_call_and_sends_the_mail_again(
    open_page: object, health: Health, tmp_path: Path, scripts: bool
) -> None:
    assert callable(open_page)
    page = open_page("/", java_script_enabled=scripts)
    if scripts:
        assert page.evaluate("typeof htmx") == "object"
    walk(page, health, tmp_path / "calls.csv")


def test_the_pages_fit_a_phone_have_headings_in_order_and_named_fields(
    open_page: object, health: Health
) -> None:
    assert callable(open_page)
    page = open_page("/", viewport={"width": 360, "height": 740})
    base = page.url
    for path in ("", f"people/{health.person(0).key}", "dead-letters", "dead-letters?list=retrying"):
        page.goto(base + path)
        assert page.evaluate("document.documentElement.scrollWidth") <= 360, path
        levels = page.evaluate("[...document.querySelectorAll('h1,h2,h3')].map((h) => +h.tagName[1])")
        assert levels[0] == 1 and levels.count(1) == 1, path
        assert all(after <= before + 1 for before, after in pairwise(levels)), path
        unnamed = page.evaluate(
            "[...document.querySelectorAll('input:not([type=hidden]),select,textarea')]"
            ".filter((field) => !field.labels.length).length"
        )
        assert unnamed == 0, path
