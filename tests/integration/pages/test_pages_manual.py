"""The guides of the manual as pages, and the section that each page's *Help* leads to."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from bs4 import BeautifulSoup

from api.language.catalogs import languages
from api.pages import manual
from tests.e2e.test_browser_axe import NO_PAGES
from tests.support.site import Site
from tests.support.web import Browser

WITHOUT = {
    "docs.page",
    "manual.show_guide",
    "webhooks.list_webhooks",
    "webhooks.show_webhook",
}
"""Pages that lead to the beginning of a guide: the manual for integrators has the section of the API."""


def pages(site: Site) -> Iterator[str]:
    """Yield the endpoints of all pages, which the browser test of accessibility opens."""
    for rule in site.app.url_map.iter_rules():
        is_page = "GET" in (rule.methods or ()) and rule.endpoint not in NO_PAGES
        if is_page and not rule.endpoint.startswith("v1."):
            yield rule.endpoint


@pytest.mark.parametrize("name", manual.GUIDES)
@pytest.mark.parametrize("language", sorted(languages()))
def test_every_section_that_a_page_leads_to_is_in_the_guide(name: str, language: str) -> None:
    body = BeautifulSoup(manual.read_guide(name, language).body, "html.parser")
    named = {sections[name] for sections in manual.SECTIONS.values() if name in sections}
    assert named and {section for section in named if body.find(id=section) is None} == set()


def test_every_page_has_its_section(site: Site) -> None:
    found = {page: manual.find_section(page, is_of_team=True)[1] for page in pages(site)}
    assert len(found) > 80
    assert {page for page, section in found.items() if section is None} == WITHOUT
    endpoints = {rule.endpoint for rule in site.app.url_map.iter_rules()}  # others show a page for an error
    known = {*endpoints, *(endpoint.partition(".")[0] for endpoint in endpoints)}
    assert set(manual.SECTIONS) - known == set(), "endpoints that don't exist"


def test_a_page_leads_to_the_section_for_the_role_of_the_reader(site: Site) -> None:
    for browser, path, section in (
        (site.exhibitor(0), "/busy-times", "/help/exhibitors#busy-times"),
        (site.organiser(), "/board", "/help/organisers#move-meetings-on-the-board"),
        (site.exhibitor(0), "/firms", "/help/exhibitors#find-companies-and-request-meetings"),
        (site.organiser(), "/firms", "/help/organisers#manage-participants"),
    ):
        page = BeautifulSoup(browser.get(site.path(path)), "html.parser")
        assert page.select_one(f'footer a[href="{section}"]'), section


def test_a_guide_is_read_without_sign_in_in_the_language_of_the_reader(site: Site) -> None:
    browser = Browser(site.app)
    assert '<h2 id="busy-times">' in browser.get("/help/exhibitors")
    answer = browser.client.get("/help/exhibitors", headers={"Accept-Language": "zh"})
    assert '<article class="span-9 prose" lang="zh" dir="ltr">' in answer.text
    answer = browser.client.get("/help/organisers", headers={"Accept-Language": "zh"})
    assert '<article class="span-9 prose" lang="en" dir="ltr">' in answer.text


def test_a_guide_in_arabic_is_from_right_to_left_but_for_code(site: Site) -> None:
    arabic, client = {"Accept-Language": "ar"}, Browser(site.app).client
    page = BeautifulSoup(client.get("/help/exhibitors", headers=arabic).text, "html.parser")
    assert page.select_one('html[dir="rtl"] article[lang="ar"][dir="rtl"] #busy-times')
    codes = page.select("article code")
    assert codes and all(code["dir"] == "ltr" for code in codes)
    assert page.select_one("article b") and not page.select("article em"), "its script has no italics"
    page = BeautifulSoup(client.get("/help/organisers", headers=arabic).text, "html.parser")
    assert page.select_one('html[dir="rtl"] article[lang="en"][dir="ltr"]'), "not translated"


def test_a_guide_has_no_dead_link_and_no_empty_paragraph() -> None:
    for name in manual.GUIDES:
        for language in languages():
            body = BeautifulSoup(manual.read_guide(name, language).body, "html.parser")
            for link in body.find_all("a"):
                href = str(link["href"])
                assert href.startswith("http") or body.find(id=href[1:]) is not None, href
            assert all(each.get_text(strip=True) for each in body.find_all("p"))


def test_a_guide_without_a_translation_says_in_the_language_of_the_reader_that_it_is_english(
    site: Site,
) -> None:
    for name, is_said in (("organisers", True), ("exhibitors", False)):
        answer = Browser(site.app).client.get(f"/help/{name}", headers={"Accept-Language": "zh"})
        assert ("本指南只有英文版。" in answer.text) == is_said
