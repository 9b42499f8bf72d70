"""The guides of the manual as pages, and the section that each page's *Help* leads to."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from bs4 import BeautifulSoup

from api.language.catalogs import languages
from api.pages import manual
from tests.support.site import Site
from tests.support.web import Browser
from tests.support.workers import ROOT

MENUS = ("event.html", "_organiser_places.html")
WITHOUT = {"tokens", "interpreter_day"}
"""Menu entries that lead to the beginning of a guide: the manual for integrators has their section."""


def menu_entries() -> Iterator[str]:
    for name in MENUS:
        text = (ROOT / "api/templates" / name).read_text("utf-8")
        yield from re.findall(r'\b(?:entry|place)\("(\w+)",', text)


@pytest.mark.parametrize("name", manual.GUIDES)
@pytest.mark.parametrize("language", sorted(languages()))
def test_every_section_that_a_page_leads_to_is_in_the_guide(name: str, language: str) -> None:
    sections = {"exhibitors": manual.EXHIBITOR_SECTIONS, "organisers": manual.ORGANISER_SECTIONS}[name]
    body = BeautifulSoup(manual.read_guide(name, language).body, "html.parser")
    assert {section for section in sections.values() if body.find(id=section) is None} == set()


def test_every_menu_entry_has_its_section() -> None:
    explained = {*manual.EXHIBITOR_SECTIONS, *manual.ORGANISER_SECTIONS}
    assert set(menu_entries()) - explained == WITHOUT


def test_a_page_leads_to_the_section_for_the_role_of_the_reader(site: Site) -> None:
    for browser, path, section in (
        (site.exhibitor(0), "/busy-times", "/help/exhibitors#busy-times"),
        (site.organiser(), "/board", "/help/organisers#move-meetings-on-the-board"),
    ):
        page = BeautifulSoup(browser.get(site.path(path)), "html.parser")
        assert page.select_one(f'footer a[href="{section}"]'), section


def test_a_guide_is_read_without_sign_in_in_the_language_of_the_reader(site: Site) -> None:
    browser = Browser(site.app)
    assert '<h2 id="busy-times">' in browser.get("/help/exhibitors")
    answer = browser.client.get("/help/exhibitors", headers={"Accept-Language": "zh"})
    assert '<article class="span-9 prose" lang="zh">' in answer.text
    answer = browser.client.get("/help/organisers", headers={"Accept-Language": "zh"})
    assert '<article class="span-9 prose" lang="en">' in answer.text


def test_a_guide_has_no_dead_link_and_no_empty_paragraph() -> None:
    for name in manual.GUIDES:
        for language in languages():
            body = BeautifulSoup(manual.read_guide(name, language).body, "html.parser")
            for link in body.find_all("a"):
                href = str(link["href"])
                assert href.startswith("http") or body.find(id=href[1:]) is not None, href
            assert all(each.get_text(strip=True) for each in body.find_all("p"))
