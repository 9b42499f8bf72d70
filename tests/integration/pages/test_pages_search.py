"""The search of a whole event: companies, people, requests and meetings, within the reader's rights."""

from __future__ import annotations

import pytest
from bs4 import BeautifulSoup

from scheduler.domain.entities import RequestState
from tests.support import clocks
from tests.support.factories import NOW, make_request, make_version, meet
from tests.support.site import Site
from tests.support.web import Browser


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> None:
    clocks.hold(monkeypatch, NOW)


@pytest.fixture
def found(site: Site) -> Site:
    """A request between other firms, and a scheduled meeting of the first two firms."""
    with site.database.write() as session:
        held = make_request(session, site.expo, 0, 1, topic="Solid cells")
        make_request(session, site.expo, 1, 2, topic="Solid magnets", state=RequestState.PENDING)
        people = [site.expo.people[0][0], site.expo.people[1][0]]
        make_version(session, site.expo, [meet(held, site.expo, slot=2, people=people)])
    return site


def groups(browser: Browser, site: Site, text: str) -> dict[str, str]:
    """Return the text of each group of results by its heading."""
    page = BeautifulSoup(browser.get(site.path(f"/search?text={text}")), "html.parser")
    return {
        section.h2.get_text(strip=True): section.get_text(" ", strip=True)
        for section in page.select("section[aria-labelledby]")
        if section.h2
    }


def test_an_exhibitor_finds_companies_people_and_own_requests_with_the_time_of_the_meeting(
    found: Site,
) -> None:
    exhibitor = found.exhibitor(0)
    assert "Firm 1" in groups(exhibitor, found, "Firm")["Companies"]
    assert "F1-P0" in groups(exhibitor, found, "F1-P0")["People"]
    results = groups(exhibitor, found, "solid")["Requests and meetings"]
    assert "Scheduled" in results and "09:00" in results and "Table t0" in results


def test_an_exhibitor_finds_no_request_of_other_companies(found: Site) -> None:
    assert "magnets" not in str(groups(found.exhibitor(0), found, "solid"))
    assert "No results" in found.exhibitor(0).get(found.path("/search?text=magnets"))


def test_an_organiser_finds_requests_of_all_companies(found: Site) -> None:
    results = groups(found.organiser(), found, "solid")["Requests and meetings"]
    assert "Solid cells" in results and "Solid magnets" in results and "Waiting for a response" in results


def test_each_result_leads_to_a_page(found: Site) -> None:
    for browser in (found.exhibitor(0), found.organiser()):
        for text in ("Firm", "F1-P0", "solid"):
            page = BeautifulSoup(browser.get(found.path(f"/search?text={text}")), "html.parser")
            links = [str(link["href"]) for link in page.select("main section a")]
            assert links
            for link in links:
                browser.get(link)


def test_the_field_refuses_a_text_that_is_too_long_and_says_so(site: Site) -> None:
    page = site.exhibitor(0).get(site.path(f"/search?text={'x' * 2000}"))
    assert "Enter a shorter text." in page


def test_without_words_it_says_what_to_enter(site: Site) -> None:
    assert "Enter part of a name" in site.exhibitor(0).get(site.path("/search"))
