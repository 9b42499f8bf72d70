"""Language negotiation: the person's choice, the browser's cookie, Accept-Language, English."""

from __future__ import annotations

import pytest

from scheduler.storage.database import Database
from scheduler.storage.models import Account, Attendee
from tests.support.factories import make_event
from tests.support.web import Browser, web_app

NOWHERE = "redis://127.0.0.1:1"


def sign_in_page(browser: Browser, *, reads: str = "") -> str:
    headers = {"Accept-Language": reads} if reads else {}
    return browser.client.get("/sign-in", headers=headers).text


@pytest.fixture
def browser(database: Database) -> Browser:
    """An anonymous browser."""
    return Browser(web_app(database, NOWHERE))


@pytest.mark.parametrize(
    ("reads", "language", "heading"),
    [
        ("", "en", "Sign in"),
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh", "登录"),
        ("zh-Hant-TW,zh-TW;q=0.9", "zh", "登录"),
        ("hu-HU", "hu", "Belépés"),
        ("fr-FR,hu;q=0.5,en;q=0.3", "hu", "Belépés"),
        ("fr", "en", "Sign in"),
        ("*", "en", "Sign in"),
        ("../hu,%00", "en", "Sign in"),
    ],
)
def test_a_page_speaks_what_the_browser_reads(
    browser: Browser, reads: str, language: str, heading: str
) -> None:
    page = sign_in_page(browser, reads=reads)
    assert f'<html lang="{language}"' in page and f"<h1>{heading}</h1>" in page


def test_the_switch_keeps_the_page_and_is_kept_by_the_browser(browser: Browser) -> None:
    browser.get("/sign-in?next=/sessions")
    page = browser.post("/language", language="hu", back="/sign-in?next=/sessions")
    assert "<h1>Belépés</h1>" in page and 'value="/sign-in?next=/sessions"' in page
    assert "<h1>Belépés</h1>" in sign_in_page(browser, reads="zh")
    assert 'value="hu" lang="hu" aria-current="true">' in page


@pytest.mark.parametrize("back", ["https://elsewhere.example/", "//elsewhere.example", "sign-in", ""])
def test_the_switch_leads_to_no_other_site(browser: Browser, back: str) -> None:
    browser.get("/sign-in")
    data = {"csrf_token": browser.token, "language": "hu", "back": back}
    assert browser.client.post("/language", data=data).headers["Location"] == "/"


def test_a_language_that_there_is_not_is_english(browser: Browser) -> None:
    browser.get("/sign-in")
    assert "<h1>Sign in</h1>" in browser.post("/language", language="xx", back="/sign-in")
    browser.client.set_cookie("language", "../../etc")
    assert 'lang="zh"' in sign_in_page(browser, reads="zh")


def test_a_person_s_choice_is_that_of_their_mails_and_goes_along(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session, firms=1)
        person = expo.people[0][0].id
        account = session.get_one(Account, expo.people[0][0].account_id)
    app = web_app(database, NOWHERE)
    browser = Browser(app, account)
    assert '<html lang="en"' in browser.get("/sessions")
    assert '<html lang="hu"' in browser.post("/language", language="hu", back="/sessions")
    with database.read() as session:
        assert session.get_one(Attendee, person).mail_language == "hu"
    elsewhere = Browser(app, account)
    elsewhere.client.set_cookie("language", "zh")
    assert '<html lang="hu"' in elsewhere.get("/sessions")


def test_errors_speak_the_reader_s_language_and_programs_read_english(browser: Browser) -> None:
    headers = {"Accept-Language": "hu"}
    page = browser.client.get("/nothing-here", headers=headers).text
    assert "Ez az oldal nem létezik" in page and '<html lang="hu"' in page
    program = browser.client.get("/api/v1/nothing-here", headers=headers)
    assert program.json is not None and program.json["detail"].startswith("This page doesn't exist")
    page = browser.client.post("/sign-in", data={"email": "x"}, headers=headers).text
    assert "Az űrlap lejárt" in page


def test_a_fault_of_a_field_is_said_in_the_reader_s_language(browser: Browser) -> None:
    browser.get("/sign-in")
    browser.post("/language", language="zh", back="/sign-in")
    page = browser.post("/sign-in", status=422, email="nobody")
    assert "请输入电子邮箱，例如name@example.com。" in page and 'value="nobody"' in page
