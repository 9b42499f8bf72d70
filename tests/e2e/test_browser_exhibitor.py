"""Exhibitor pages in a real browser: with and without JavaScript, on a phone, by keyboard."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from itertools import pairwise

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import select
from werkzeug.serving import make_server

from scheduler.domain.entities import RequestState
from scheduler.services.identity import sessions, sign_in
from scheduler.storage.database import Database
from scheduler.storage.models import MeetingRequest
from tests.support import clocks
from tests.support.factories import (
    NOW,
    SECRET_KEY,
    Expo,
    make_event,
    make_firm,
    make_request,
    make_version,
    meet,
)
from tests.support.web import web_app

pytestmark = [pytest.mark.browser, pytest.mark.parametrize("database", ["sqlite"], indirect=True)]

WAIT = 60_000
"""Milliseconds: only a hang takes so long, a busy machine does not."""

expect.set_options(timeout=WAIT)

OpenPage = Callable[..., Page]


@pytest.fixture
def expo(database: Database) -> Expo:
    """Forty firms. Firm 1 requests firm 0, and firms 0 and 2 have a published meeting."""
    with database.write() as session:
        expo = make_event(session, firms=3)
        for i in range(3, 40):
            name, country = f"Cellworks {i}", "FR" if i % 2 else "JP"
            make_firm(session, expo, name=name, latin_name=name, country=country, booth=False)
        make_request(session, expo, 1, 0, state=RequestState.PENDING, topic="Our cells")
        make_version(session, expo, [meet(make_request(session, expo, 0, 2), expo)])
    return expo


@pytest.fixture
def site(database: Database, broker_url: str, expo: Expo, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Yield the URL of the event on a server whose clock is frozen before the event."""
    clocks.hold(monkeypatch, NOW)
    server = make_server("127.0.0.1", 0, web_app(database, broker_url), threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.port}/events/{expo.event.key}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def open_page(chromium: Browser, database: Database, expo: Expo, site: str) -> Iterator[OpenPage]:
    """Yield a function that opens a page as a firm's exhibitor. Console errors fail the test."""
    contexts, complaints = [], []

    def open_page(path: str, *, firm: int = 0, **options: object) -> Page:
        contexts.append(chromium.new_context(**options))
        page = contexts[-1].new_page()
        page.set_default_timeout(WAIT)
        page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        with database.write() as session:
            account_id = expo.people[firm][0].account_id
            token = sign_in.make_sign_in_link(session, account_id, secret_key=SECRET_KEY, now=NOW)
        page.goto(f"{site.partition('/events')[0]}/sign-in/{token}")
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url(lambda url: "/sign-in" not in url)
        page.goto(site + path)
        return page

    yield open_page
    for opened in contexts:
        opened.close()
    assert [text for text in complaints if "status of" not in text and "Status Error Code" not in text] == []


def _states(database: Database) -> list[RequestState]:
    with database.read() as session:
        return list(session.scalars(select(MeetingRequest.state).order_by(MeetingRequest.id)))


def test_typing_narrows_the_list_and_keeps_the_focus_in_one_entry_of_the_history(open_page: OpenPage) -> None:
    page = open_page("/firms")
    before = page.evaluate("window.notReloaded = true, history.length")
    page.get_by_role("searchbox").press_sequentially("firm 1")
    expect(page.get_by_role("heading", level=2)).to_have_text("1 company")
    expect(page.locator("#result-count")).to_have_text("1 company found")
    expect(page).to_have_url(re.compile(r"text=firm%201"))
    expect(page.get_by_role("searchbox")).to_be_focused()
    assert page.evaluate("window.notReloaded") is True
    assert page.evaluate("history.length") == before
    page.reload()
    expect(page.get_by_role("heading", level=2)).to_have_text("1 company")


def test_a_firm_that_was_found_opens_also_at_a_slow_click(open_page: OpenPage) -> None:
    """Leaving the search field must not reload the list under the pointer."""
    page = open_page("/firms")
    page.get_by_role("searchbox").press_sequentially("firm 2")
    expect(page.locator("#found")).to_have_text("1 company")
    page.locator("#results h3 a").click(delay=1000)
    expect(page.get_by_role("heading", level=1)).to_contain_text("2")
    assert "/firms/" in page.url


def test_a_filter_counts_anew_and_keeps_the_focus(open_page: OpenPage) -> None:
    page = open_page("/firms")
    page.get_by_label("France").check()
    expect(page.get_by_role("heading", level=2)).to_have_text("19 companies")
    expect(page.get_by_label("France")).to_be_focused()
    expect(page.locator(".choice", has_text="Japan").locator(".number")).to_have_text("18")
    page.get_by_label("Japan").check()
    expect(page.get_by_role("heading", level=2)).to_have_text("37 companies")
    page.get_by_role("link", name="Clear all").click()
    expect(page.get_by_role("heading", level=2)).to_have_text("40 companies")


def test_the_next_page_takes_the_focus_to_its_list(open_page: OpenPage) -> None:
    page = open_page("/firms")
    page.get_by_role("link", name="Next page").first.click()
    expect(page.get_by_role("link", name="Previous page").first).to_be_visible()
    expect(page.get_by_role("heading", level=2)).to_be_focused()


def test_a_request_is_accepted_in_place(open_page: OpenPage, database: Database) -> None:
    page = open_page("/requests/received")
    page.evaluate("window.notReloaded = true")
    page.get_by_role("button", name="Accept the request from Firm 1").press("Enter")
    row = page.locator(".request")
    expect(row).to_contain_text("Request accepted. The next scheduling run will look for a time")
    expect(row).to_be_focused()
    expect(page.get_by_role("status").first).to_contain_text("Request accepted.")
    expect(page.locator("#count-pending")).to_have_text("0")
    expect(page.locator("#count-accepted")).to_have_text("1")
    assert page.evaluate("window.notReloaded") is True
    assert _states(database)[0] is RequestState.ACCEPTED
    row.get_by_text("Withdraw: Firm 1").click()
    row.get_by_role("button", name="Withdraw request").click()
    expect(row).to_contain_text("Request withdrawn. The next schedule won't include this meeting.")
    assert _states(database)[0] is RequestState.WITHDRAWN


def test_an_error_shows_in_the_page_and_not_only_in_the_console(open_page: OpenPage) -> None:
    page = open_page("/requests/received")
    page.evaluate("document.querySelectorAll('[name=csrf_token]').forEach((field) => field.remove())")
    page.get_by_role("button", name="Accept the request from Firm 1").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("This form has expired")


def test_whoever_was_signed_out_meanwhile_comes_to_the_sign_in(
    open_page: OpenPage, database: Database, expo: Expo
) -> None:
    page = open_page("/firms")
    with database.write() as session:
        sessions.end_all_sessions(session, expo.people[0][0].account_id)
    page.get_by_role("searchbox").press_sequentially("cell")
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")


def test_a_site_that_does_not_answer_is_said_so(open_page: OpenPage) -> None:
    page = open_page("/firms")
    page.route("**/firms?**", lambda route: route.fulfill(status=502, body="gone"))
    page.get_by_role("searchbox").press_sequentially("cell")
    expect(page.locator("#messages")).to_contain_text("Something went wrong on our side.")
    expect(page.locator(".firm").first).to_be_visible()
    page.unroute("**/firms?**")


def test_everything_works_without_javascript(open_page: OpenPage, database: Database) -> None:
    page = open_page("/firms", java_script_enabled=False)
    page.get_by_role("searchbox").fill("firm 2")
    page.get_by_role("button", name="Search").click()
    page.get_by_role("link", name="Firm 2", exact=True).click()
    expect(page.get_by_text("Request accepted")).to_be_visible()
    page.goto(page.url.replace("/firms/f2", "/firms/f3/request"))
    page.get_by_role("button", name="Send request").click()
    expect(page.get_by_role("alert")).to_contain_text("Topic: enter what the meeting is about, in one line.")
    page.get_by_label("Topic").fill("Cells of ours")
    page.get_by_text("More options").click()
    page.get_by_label("Must-have: you're coming").check()
    page.get_by_text("Only some times").click()
    page.get_by_label("09:30").check()
    page.get_by_role("button", name="Send request").click()
    expect(page.get_by_role("status").first).to_contain_text("Request sent to Cellworks 3.")
    expect(page.locator(".request").first).to_contain_text("Mon, 7 December 2026: 09:30")
    other = open_page("/requests/received", firm=3, java_script_enabled=False)
    other.get_by_text("Decline the request from Firm 0").click()
    other.get_by_label("Note to Firm 0").fill("No time left")
    other.get_by_role("button", name="Decline request from Firm 0").click()
    expect(other.get_by_role("status").first).to_contain_text(
        "Request declined. The other company can read your note."
    )
    assert _states(database)[-1] is RequestState.DECLINED
    page.reload()
    expect(page.locator(".request").first).to_contain_text("No time left")


def test_the_address_of_the_feed_is_copied(open_page: OpenPage) -> None:
    page = open_page("/agenda", permissions=["clipboard-read", "clipboard-write"])
    expect(page.locator(".agenda .meeting")).to_contain_text("Firm 2")
    page.get_by_role("button", name="Copy the link").first.click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == page.get_by_label("Link for Google Calendar").input_value()
    assert re.fullmatch(r"http://.+/calendar/[a-z2-7]{32}\.ics", copied)


PAGES = ("/firms", "/firms/f1", "/firms/f1/request", "/requests/received", "/requests/sent", "/agenda")


def test_no_page_is_wider_than_a_phone_and_headings_are_in_order(open_page: OpenPage, site: str) -> None:
    page = open_page("/firms", viewport={"width": 360, "height": 740})
    for path in (*PAGES, "/agenda/firm"):
        page.goto(site + path)
        assert page.evaluate("document.documentElement.scrollWidth") <= 360, path
        levels = page.evaluate("[...document.querySelectorAll('h1,h2,h3')].map((h) => +h.tagName[1])")
        assert levels[0] == 1 and levels.count(1) == 1, path
        assert all(after <= before + 1 for before, after in pairwise(levels)), path
        unnamed = page.evaluate(
            "[...document.querySelectorAll('input:not([type=hidden]),select,textarea')]"
            ".filter((field) => !field.labels.length).length"
        )
        assert unnamed == 0, path


@pytest.mark.parametrize("width", [390, 1280])
def test_the_two_answers_to_a_request_stand_on_one_line(open_page: OpenPage, width: int) -> None:
    page = open_page("/requests/received", viewport={"width": width, "height": 844})
    answers = page.locator("main .request-actions").first.locator("button, summary").filter(visible=True)
    boxes = [answers.nth(i).bounding_box() or {} for i in range(2)]
    assert boxes[0]["y"] == boxes[1]["y"] and boxes[0]["x"] < boxes[1]["x"]
