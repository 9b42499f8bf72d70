"""Translated pages have no text that bypasses the catalogs.

The test catalog puts translations in brackets; other text that is no data was forgotten.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator
from gettext import NullTranslations
from importlib.resources import files
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from babel import Locale
from flask import Flask
from sqlalchemy import select

from api.language import catalogs, rooms, speaking
from scheduler.services.availability.calendar_services import SERVICES
from scheduler.services.directory.glossary import load_products
from scheduler.storage.base import Base
from tests.e2e.test_browser_axe import PAGES, whole
from tests.integration.language.test_catalogs import forms
from tests.support.everything import Everything, everything_in
from tests.support.web import Browser, without_joiners

SPOKEN = r"""\b(?:title|aria-label|placeholder|alt)="([^"]*)\""""
NAMES = [
    "Chainmeet",
    "Thunderbird",
    "Microsoft 365",
    "Outlook.com",
    "English",
    "Magyar",
    "magyar",
    "中文",
    "العربية",
    "UTC",
    "GMT",
    "PDF",
    "XLSX",
    "CSV",
    "PNG",
    "QR",
    "API",
    "URL",
    "Outlook",
    "Google",
    "Apple",
    *(name for each in SERVICES for name in (each.name, each.other_name) if name),
    *{each.other_name[:1] for each in SERVICES if each.other_name},
]
"""Names that are the same in every language."""
LETTERS = {"digest_links", "digests", "reply_links", "summary_unsubscribe"}
"""Pages of email links: their texts are in the email catalogue, which has its own tests."""
DOCUMENTS = {"rehearsal.show_email", "manual.show_guide"}
"""An email as received and a guide of the manual: each is a document in one language."""


class Bracketed(NullTranslations):
    """A language in which every message is itself in brackets."""

    def gettext(self, message: str) -> str:
        return f"⟦{message}⟧"

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        return f"⟦{msgid1 if n == 1 else msgid2}⟧"

    def pgettext(self, context: str, message: str) -> str:
        return f"⟦{message}⟧"

    def npgettext(self, context: str, msgid1: str, msgid2: str, n: int) -> str:
        return self.ngettext(msgid1, msgid2, n)


@pytest.fixture(scope="module")
def everything(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> Iterator[Everything]:
    bracketed = Bracketed()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(speaking, "texts", lambda _language: bracketed)
        with everything_in(tmp_path_factory.mktemp("language"), sqlite_template) as made:
            yield made


def data(everything: Everything) -> re.Pattern[str]:
    """Return user data, email texts, and names of places, languages and things."""
    found: set[str] = {*NAMES}
    with everything.database.read() as session:
        for table in Base.metadata.tables.values():
            for row in session.execute(select(table)).mappings():
                found.update(strings([row[column.name] for column in table.columns]))
    locale = Locale.parse("en")
    found.update(locale.territories.values(), locale.languages.values())
    words = json.loads((files("scheduler.invites.catalogue") / "en.json").read_text("utf-8"))
    plain = [text for text in strings(words) if "{" not in text]
    plain += [thing.names["en"] for thing in load_products().values()]
    found.update(plain, (text[:1].upper() + text[1:] for text in plain))
    kept = {one for text in found for one in (text, *text.splitlines()) if not re.fullmatch("[a-z-]*", one)}
    kept |= {*NAMES}
    longest = sorted(filter(None, map(str.strip, kept)), key=len, reverse=True)
    return re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, longest))})(?!\w)")


def strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for each in (*value.keys(), *value.values()):
            yield from strings(each)
    elif isinstance(value, list):
        for each in value:
            yield from strings(each)


def untranslated(page: str, known: re.Pattern[str]) -> list[str]:
    """Return the texts of a page outside brackets that are no data."""
    page = re.sub(
        r"<(script|style|svg|option|code|kbd|textarea|q|ins|del)\b.*?</\1>", " ", page, flags=re.DOTALL
    )
    page = re.sub(r"<(dl|span|blockquote) class=\"recorded\".*?</\1>", " ", page, flags=re.DOTALL)
    page = re.sub(r"<span\b[^>]*aria-hidden=\"true\"[^>]*>.*?</span>", " ", page, flags=re.DOTALL)
    page = re.sub(r"<!--.*?-->|<meta\b[^>]*>", "", page, flags=re.DOTALL)
    body = re.sub(r"<(?:\"[^\"]*\"|'[^']*'|[^>\"'])*>", "\n", page)
    texts = [body, *re.findall(SPOKEN, page)]
    return [left for text in texts for left in outside(html.unescape(text), known)]


def outside(text: str, known: re.Pattern[str]) -> Iterator[str]:
    while "⟦" in text:
        text, times = re.subn(r"⟦[^⟦⟧]*⟧", "\n", text)
        if not times:
            break
    for line in known.sub("\n", re.sub(r"[\u2066-\u2069]", "", text)).splitlines():
        if re.search(r"[^\W\d_]{2}", line):
            yield line.strip()


def test_a_text_that_passes_the_catalogs_by_is_found() -> None:
    known = re.compile("Firm 1")
    assert untranslated("<p>⟦Ask <b>Firm 1⟧</b></p><h1>Firm 1</h1><a title='x'>⟦a ⟦b⟧ c⟧</a>", known) == []
    assert untranslated('<p>⟦Ask⟧ Firm 1 twice now</p><a title="No way">⟦x⟧</a>', known) == [
        "twice now",
        "No way",
    ]


@pytest.mark.parametrize("role", PAGES)
def test_no_page_of_a_room_that_is_done_has_an_untranslated_text(role: str, everything: Everything) -> None:
    app = everything.app
    browser = Browser(app, None if role == "signed out" else everything.account(role))
    known = data(everything)
    found, looked_at = {}, set()
    for path in PAGES[role]:
        path = whole(path, everything.known)
        endpoint = endpoint_of(app, path)
        if rooms.is_english_only(endpoint) or endpoint.partition(".")[0] in LETTERS or endpoint in DOCUMENTS:
            continue
        page = without_joiners(browser.client.get(path).text)
        looked_at.add(endpoint)
        if left := untranslated(page, known):
            found[path] = left
    assert looked_at and found == {}


class Recording(NullTranslations):
    """The Arabic catalog, which notes each message that it lacks."""

    def __init__(self) -> None:
        super().__init__()
        self.catalog = catalogs.texts("ar")
        self.there = {
            (text, each.context)
            for each in catalogs.messages("ar")
            if each.id and all(forms(each.string))
            for text in forms(each.id)
        }
        self.missing: set[str] = set()

    def note(self, message: str, context: str | None = None) -> None:
        if (message, context) not in self.there:
            self.missing.add(message)

    def gettext(self, message: str) -> str:
        self.note(message)
        return self.catalog.gettext(message)

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        self.note(msgid1)
        return self.catalog.ngettext(msgid1, msgid2, n)

    def pgettext(self, context: str, message: str) -> str:
        self.note(message, context)
        return self.catalog.pgettext(context, message)

    def npgettext(self, context: str, msgid1: str, msgid2: str, n: int) -> str:
        self.note(msgid1, context)
        return self.catalog.npgettext(context, msgid1, msgid2, n)


RTL, LTR = '<html lang="ar" dir="rtl">', '<html lang="en" dir="ltr">'
ARABIC = re.compile("[\u0600-\u06ff]+")
EMAILS_IN_EACH_LANGUAGE = {"event_invitations.show_invitations"}
"""Pages that show an email in each language."""
EMPTY_FORMS = ("firms/f8/request", "busy-times/link", "preferences", "colleagues", "tokens", "profile")
"""Forms of an exhibitor that are sent empty, for their faults."""


@pytest.mark.parametrize("role", ["signed out", "attendee", "exhibitor", "organiser", "operator"])
def test_a_page_in_arabic_has_all_its_texts_and_any_other_page_none(
    role: str, everything: Everything, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Guests read Arabic. The team and operators read English, also on the pages that they share."""
    recording = Recording()
    monkeypatch.setattr(speaking, "texts", lambda tag: recording if tag == "ar" else NullTranslations())
    browser = Browser(everything.app, None if role == "signed out" else everything.account(role))
    browser.client.set_cookie("language", "ar")
    is_guest = role not in ("organiser", "operator")
    read: dict[str, set[str]] = {"ar": set(), "en": set()}
    for path in PAGES[role]:
        path = whole(path, everything.known)
        endpoint = endpoint_of(everything.app, path)
        if endpoint.partition(".")[0] in LETTERS:
            continue
        page = browser.client.get(path).text
        if endpoint == "print_status.show_print_status":
            continue  # in the language of the print
        is_read = is_guest or (role == "organiser" and not path.startswith("/events/"))
        speaks = (
            is_read
            and not rooms.is_english_only(endpoint)
            and (not endpoint or rooms.is_for_guests(endpoint))
        )
        assert (RTL if speaks else LTR) in page, (path, page[:200])
        read["ar" if speaks else "en"].add(endpoint)
        if not speaks and endpoint not in EMAILS_IN_EACH_LANGUAGE:
            assert ARABIC.findall(page.replace("العربية", "")) == [], path
    if role == "exhibitor":
        for path in EMPTY_FORMS:
            made = browser.client.post(whole(path, everything.known), data={"csrf_token": browser.token})
            assert made.status_code < 500, path
    assert recording.missing == set()
    assert len(read["ar"]) >= {"attendee": 10, "exhibitor": 20, "signed out": 4}.get(role, 0)
    assert is_guest or len(read["en"]) > 5


def endpoint_of(app: Flask, path: str) -> str:
    try:
        return str(app.url_map.bind("x").match(urlsplit(path).path)[0])
    except Exception:  # a URL without a page
        return ""
