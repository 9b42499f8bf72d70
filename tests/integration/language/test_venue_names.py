"""Halls, chain areas, tables and booths are named in the reader's language on every page."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select, update

from scheduler.storage.models import Attendee, Event, Hall, Place
from tests.e2e.test_browser_axe import PAGES, whole
from tests.integration.language.test_no_untranslated import endpoint_of
from tests.support.everything import Everything, everything_in
from tests.support.web import Browser

OWN = r"(?<![\w-])(?:Hall\s\d|Batteries|Chips|Table\s[TB]\d+|Booth\s[TB]\d+)(?![\w-])"
"""Canonical names."""
AS_THEY_ARE = {
    "venue.show_venue": "the organiser changes the names here",
    "manual.show_guide": "a guide tells of an example event",
    "reply_links.show_meeting": "a link that speaks the language of the mail, not the page's",
}
"""Endpoints that show canonical names, and why."""
FILES = ("application/pdf", "text/calendar", "image/png")


@pytest.fixture(scope="module")
def everything(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> Iterator[Everything]:
    with everything_in(tmp_path_factory.mktemp("venue-names"), sqlite_template) as made:
        with made.database.write() as session:
            for hall in session.scalars(select(Hall)):
                hall.names = {"zh": f"{hall.name.split()[-1]}号馆", "hu": "csarnok"}
            for place in session.scalars(select(Place)):
                place.name = f"{place.kind.value.capitalize()} {place.key.upper()}"
            names = {"batteries": {"zh": "电池"}, "chips": {"zh": "芯片"}}
            session.execute(update(Event).values(area_names=names))
            session.execute(update(Attendee).values(mail_language="zh"))
        yield made


def own_names(page: str) -> set[str]:
    """Return the texts that a reader sees or hears."""
    page = re.sub(r"<(script|style|q|blockquote|ins|del|textarea)\b.*?</\1>", " ", page, flags=re.DOTALL)
    page = re.sub(r"<(dl|span) class=\"recorded\".*?</\1>", " ", page, flags=re.DOTALL)
    spoken = re.findall(r"""\b(?:title|aria-label|placeholder|alt)="([^"]*)\"""", page)
    return set(re.findall(OWN, html.unescape(" ".join([re.sub(r"<[^>]*>", " ", page), *spoken]))))


@pytest.mark.parametrize("role", PAGES)
def test_no_page_has_a_name_that_its_reader_s_language_has_otherwise(
    role: str, everything: Everything
) -> None:
    browser = Browser(everything.app, None if role == "signed out" else everything.account(role))
    browser.client.set_cookie("language", "zh")
    found, chinese = {}, 0
    for path in PAGES[role]:
        path = whole(path, everything.known)
        if endpoint_of(everything.app, path) in AS_THEY_ARE:
            continue
        answer = browser.client.get(path, follow_redirects=True)
        if answer.mimetype in FILES or 'lang="zh"' not in answer.text:
            continue
        chinese += 1
        if left := own_names(answer.text):
            found[path] = left
    assert chinese and found == {}
