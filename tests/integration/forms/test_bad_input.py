"""Every form with invalid input.

Each field has its own error in the reader's language, and all submitted values are preserved.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from urllib.parse import urlsplit

import pytest
from werkzeug.datastructures import MultiDict

from tests.e2e.test_browser_axe import PAGES, whole
from tests.integration.forms.conftest import Site
from tests.integration.forms.table import MANY_X, NO_FORM, OTHERWISE, TABLE, Typed
from tests.support.forms import Control, Form, PageForms

LANGUAGES = ("zh", "hu")
DATA = re.compile(
    r"\S*(?:x{9}|@|://|\.example)\S*|'[^']*'|China [A-Z].*2026|Another Expo|Hall \d|IANA"
    r"|en, ar, hu, zh|Europe/Budapest"
)
"""Language-independent texts: names, addresses, codes and user input."""
CHINESE = re.compile("[\u4e00-\u9fff]")


def bad(control: Control) -> str:
    """Return an invalid value of the control."""
    if control.kind == "number":
        return str(int(control.given.get("max", "99999999")) + 1)
    if control.kind in ("date", "time"):
        return {"date": "2026-13-45", "time": "25:61"}[control.kind]
    length = int(control.given.get("maxlength") or MANY_X)
    return f"{control.name} ".ljust(length + 1, "x")


@dataclass
class Sent:
    """A submitted form with its invalid values, and the response."""

    wrong: dict[str, str]
    data: list[tuple[str, str]]
    status: int
    page: PageForms
    form: Form | None

    @classmethod
    def once(cls, site: Site, typed: Typed, language: str, *, is_empty: bool) -> Sent | None:
        """Submit a form, or return None if it cannot be invalid in this way."""
        browser = site.browser(typed.role, "en" if typed.in_mail else language)
        if typed.in_mail:
            site.mails_in(language)
        form, path = site.form(typed, browser)
        fields = [each for each in form.typed if not typed.only or each.name in typed.only]
        if is_empty:
            wrong = {each.name: "" for each in fields if "required" in each.given}
        else:
            wrong = {each.name: typed.instead.get(each.name, bad(each)) for each in fields}
        wrong = {name: value for name, value in wrong.items() if name not in typed.free}
        if not wrong:
            return None
        given = {**typed.instead, **wrong, **{name: site.known(value) for name, value in typed.press.items()}}
        data = [(name, given.pop(name, value)) for name, value in form.sent()]
        data += list(given.items())
        answer = browser.client.post(path, data=MultiDict([*data, ("csrf_token", browser.token)]))
        page = PageForms(answer.text, path)
        forms = [form for form in page.sending_to(urlsplit(path).path) if any(map(form.of, wrong))]
        forms.sort(key=lambda form: not any(each.is_wrong for each in form.controls))
        return cls(wrong, data, answer.status_code, page, forms[0] if forms else None)

    def said(self) -> dict[str, str]:
        """Return the error of each invalid field."""
        found = {name: self.form.of(name) if self.form else None for name in self.wrong}
        return {
            name: self.page.said_at(each) if each is not None and each.is_wrong else ""
            for name, each in found.items()
        }

    def lost(self) -> dict[str, tuple[str, str]]:
        """Return submitted values that the returned form lacks, with what it has instead."""
        typed = dict(self.data)
        found = {}
        for each in self.form.controls if self.form else ():
            is_text = each.is_typed or each.kind in ("select", "hidden")
            if is_text and each.kind != "password" and each.name in typed and each.name != "csrf_token":
                there = each.value.replace("\r\n", "\n").strip()
                if there != typed[each.name].replace("\r\n", "\n").strip():
                    found[each.name] = typed[each.name][:40], there[:40]
        return found


def english_in(told: str, english: str) -> str:
    """Return two adjacent words common to both, which only an untranslated sentence has."""
    pairs = [set(pairwise(words)) for words in map(_words, (told, english))]
    return " ".join(next(iter(pairs[0] & pairs[1]), ()))


def _words(text: str) -> list[str]:
    return re.findall("[A-Za-z]{2,}", DATA.sub("1", text))


def name_of(typed: Typed) -> str:
    return f"{typed.endpoint} {typed.path or typed.page} {' '.join(typed.only)}"


def faults_of(typed: Typed, site: Site) -> Iterator[str]:
    """Return the defects of a form in both languages."""
    english: dict[bool, dict[str, str]] = {}
    for language in ("en", *LANGUAGES):
        for is_empty in (False, True) if typed.empty_is_wrong else (False,):
            sent = Sent.once(site, typed, language, is_empty=is_empty)
            if sent is None:
                continue
            what = f"{language}, {'empty' if is_empty else 'bad'}:"
            if sent.status != 422 or sent.form is None:
                yield f"{what} status {sent.status}, form {'is there' if sent.form else 'gone'}"
                continue
            if lost := sent.lost():
                yield f"{what} lost {lost}"
            said = sent.said()
            english.setdefault(is_empty, said)
            for name, told in said.items():
                if not told:
                    yield f"{what} nothing is said at {name}"
                elif language != "en":
                    shared = english_in(told, english[is_empty].get(name, ""))
                    is_known = language != "zh" or CHINESE.search(told)
                    if shared or told == english[is_empty].get(name) or not is_known:
                        yield f"{what} {name} is not translated: {told}"


@pytest.mark.parametrize("typed", TABLE, ids=name_of)
def test_each_field_says_what_is_wrong_in_the_reader_s_language_and_keeps_what_was_typed(
    typed: Typed, site: Site
) -> None:
    assert list(faults_of(typed, site)) == []


def test_no_form_is_forgotten(site: Site) -> None:
    """Every form route is used by a checked page; those with fields are in the table."""
    in_table = {typed.endpoint for typed in TABLE}
    typed_in, pressed = set(OTHERWISE) | in_table, set()
    forgotten = set()
    for role, paths in PAGES.items():
        browser = site.browser(role, "en")
        for path in paths:
            address = whole(path, site.everything.known)
            page = PageForms(browser.client.get(address, follow_redirects=True).text, address)
            for form, there in page.posting():
                endpoint = site.endpoint(there)
                pressed.add(endpoint)
                if form.typed and endpoint not in typed_in and not _of_another_button(form, there, site):
                    forgotten.add((endpoint, path, tuple(each.name for each in form.typed)))
    assert forgotten == set()
    rules = site.everything.app.url_map.iter_rules()
    routes = {
        rule.endpoint for rule in rules if "POST" in (rule.methods or ()) and not rule.rule.startswith("/api")
    }
    assert routes == pressed | set(NO_FORM) | typed_in


def _of_another_button(form: Form, path: str, site: Site) -> bool:
    """True if the fields belong to another button of the form, which is in the table."""
    others = {site.endpoint(urlsplit(each).path) for each in form.actions if urlsplit(each).path != path}
    return bool(others & {typed.endpoint for typed in TABLE})


def test_a_sentence_that_was_not_translated_is_found() -> None:
    assert english_in("Név: enter a date", "enter a date such as 2027") != ""
    assert english_in("Ez nem dátum, írjon ilyet: 2027-06-22", "enter a date, like 2027-06-22") == ""
