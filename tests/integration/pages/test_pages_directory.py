"""The directory of firms, and a firm's page."""

from __future__ import annotations

import html
import io
import re

import pymupdf
import pytest

from scheduler.domain.entities import RequestState
from scheduler.storage.models import Attendee
from tests.support import clocks
from tests.support.factories import (
    NOW,
    make_firm,
    make_firms,
    make_request,
)
from tests.support.site import Site


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Freeze the clock before the event."""
    clocks.hold(monkeypatch, NOW)


def test_the_directory_names_firms_in_the_readers_script_first(site: Site) -> None:
    with site.database.write() as session:
        make_firm(session, site.expo, name="深圳电芯", latin_name="Shenzhen Cells")
        make_firm(session, site.expo, name="Müller Zellen", latin_name="Mueller Zellen")
        session.get_one(Attendee, site.expo.people[0][0].id).mail_language = "zh"
    chinese = site.exhibitor(0).get(site.path("/firms"))
    other = site.exhibitor(1).get(site.path("/firms"))
    cells = '<span lang="zh">深圳电芯</span>'
    assert cells in chinese and "Shenzhen Cells" not in chinese, "who reads Chinese reads it once"
    assert f'Shenzhen Cells <span class="other">\u2068({cells})\u2069</span>' in other
    assert "Müller Zellen<" in other


def count(page: str, name: str, value: str) -> int:
    """Return the count of a filter value."""
    found = re.search(rf'name="{name}" value="{value}".*?<span class="number">(\d+)</span>', page, re.DOTALL)
    assert found, (name, value)
    return int(found[1])


def test_the_directory_searches_filters_and_counts(site: Site) -> None:
    with site.database.write() as session:
        make_firm(session, site.expo, name="深圳电芯", latin_name="Shenzhen Cells", areas=["chips"])
        make_firm(session, site.expo, latin_name="Cellule <SA>", name="Cellule <SA>", country="FR")
    browser = site.exhibitor(0)
    page = browser.get(site.path("/firms"))
    assert "5 companies" in page and count(page, "country", "CN") == 4 and count(page, "country", "FR") == 1
    assert count(page, "area", "chips") == 1
    assert (
        'Shenzhen Cells <span class="other">\u2068(<span lang="zh">深圳电芯</span>)\u2069</span>' in page
        and "Cellule &lt;SA&gt;" in page
    )
    page = browser.get(site.path("/firms?text=cell"))
    assert "2 companies" in page and count(page, "country", "CN") == 1 and "Firm 1" not in page
    page = browser.get(site.path("/firms?text=cell&country=FR"))
    assert "1 company<" in page and "Shenzhen" not in page and 'value="FR" checked' in page
    page = browser.get(site.path("/firms?text=nothing&country=FR"))
    assert "No companies match “nothing” with these filters" in page and "Show all companies" in page


def test_the_directory_lists_tiers_along_the_chain_and_countries_by_their_firms(site: Site) -> None:
    with site.database.write() as session:
        for country, tier in (
            ("CN", "midstream"),
            ("AT", "downstream"),
            ("DE", "upstream"),
            ("AE", "upstream"),
        ):
            make_firm(session, site.expo, country=country, tier=tier)
    page = site.exhibitor(0).get(site.path("/firms"))
    for names in (
        ("Upstream", "Midstream", "Downstream"),
        ("China", "United Arab Emirates", "Austria", "Germany"),
    ):
        places = [page.index(f"{name}</span><span class=") for name in names]
        assert places == sorted(places)


def test_the_directory_goes_on_to_the_next_page(site: Site) -> None:
    with site.database.write() as session:
        for _ in range(30):
            make_firm(session, site.expo, people=0, booth=False)
    browser = site.exhibitor(0)
    page = browser.get(site.path("/firms?tier=midstream"))
    link = page.partition('rel="next" href="')[2].partition('"')[0]
    assert "1 to 30 of 33" in page and 'rel="prev"' not in page
    page = browser.get(html.unescape(link))
    assert (
        page.count('<li class="company firm">') == 3 and "31 to 33 of 33" in page and 'rel="next"' not in page
    )
    assert f'rel="prev" href="{site.path("/firms?tier=midstream")}"' in page


def test_the_directory_says_who_asked_whom_already(site: Site) -> None:
    with site.database.write() as session:
        make_request(session, site.expo, 0, 1, state=RequestState.PENDING)
        make_request(session, site.expo, 2, 0, state=RequestState.PENDING)
    page = site.exhibitor(0).get(site.path("/firms"))
    assert page.count("</span>Waiting for their response</a>") == 1 and page.count("Respond to request") == 1
    assert "Your company" in page
    assert site.path("/firms/f1/request") not in page and site.path("/firms/f2/request") not in page


def test_a_firm_shows_its_people_but_not_their_addresses(site: Site) -> None:
    browser = site.exhibitor(0)
    page = browser.get(site.path("/firms/f1"))
    assert "F1-P0" in page and "F1-P1" in page and "Speaks English" in page
    assert site.expo.people[1][0].email not in page
    assert site.expo.people[0][1].email in browser.get(site.path("/firms/f0"))
    browser.get(site.path("/firms/nobody"), status=404)


@pytest.mark.parametrize(
    ("asked", "shown"),
    [
        ("page=2", "31 to 33 of 33"),
        ("page=99", "31 to 33 of 33"),
        ("page=0", "1 to 30 of 33"),
        ("page=-1", "1 to 30 of 33"),
        ("page=two", "1 to 30 of 33"),
        ("page=99999999999999999999", "1 to 30 of 33"),
        ("cursor=WyJmaXJtcyIsImEiLCIxIl0", "1 to 30 of 33"),
    ],
)
def test_an_address_with_a_page_that_is_not_there_shows_one_that_is(
    site: Site, asked: str, shown: str
) -> None:
    with site.database.write() as session:
        for _ in range(30):
            make_firm(session, site.expo, people=0, booth=False)
    assert shown in site.exhibitor(0).get(site.path(f"/firms?tier=midstream&{asked}"))


def test_a_firm_is_saved_from_the_list_and_found_again(site: Site) -> None:
    browser = site.exhibitor(0)
    here = site.path("/firms?order=name")
    browser.get(here)
    page = browser.post(site.path("/firms/f1/save"), saved="1", back=here)
    assert page.count('aria-pressed="true"') == 1 and count(page, "relation", "saved") == 1
    page = browser.get(site.path("/firms?relation=saved"))
    assert "1 company<" in page and "Firm 1" in page
    assert 'aria-pressed="true"' not in site.exhibitor(2).get(here)  # the firm itself
    browser.get(here)
    page = browser.post(site.path("/firms/f1/save"), saved="0", back=here)
    assert 'aria-pressed="true"' not in page


def test_a_note_is_for_the_own_firm_alone(site: Site) -> None:
    browser = site.exhibitor(0)
    browser.get(site.path("/firms/f1"))
    page = browser.post(site.path("/firms/f1/note"), note="Ask about delivery")
    assert "Ask about delivery</textarea>" in page
    assert "Ask about delivery" not in site.exhibitor(1).get(site.path("/firms/f0"))
    assert "enter at most" in browser.post(site.path("/firms/f1/note"), 422, note="x" * 1_001)


def test_firms_that_are_never_to_meet_read_it_kindly_and_organisers_see_what_is_lost(site: Site) -> None:
    own, other = site.exhibitor(0), site.exhibitor(1)
    own.get(site.path("/firms/f1"))
    page = own.post(site.path("/firms/f1/exclude"), never="1")
    assert "Requests blocked" in page and site.path("/firms/f1/request") not in page
    other.get(site.path("/firms/f2/request"))  # a form whose token the next request uses
    asked = {"topic": "Cells", "priority": "3", "length": "1", "place": "any"}
    page = other.post(site.path("/firms/f0/request"), status=422, **asked)
    assert (
        "this company doesn&#39;t accept requests from your company at this event" in page
        and 'name="topic"' not in page
    )
    listed = site.organiser().get(site.path("/exclusions"))
    assert "Firm 0" in listed and "Tue, 24 Nov" in listed and ">–</td>" in listed
    other.get(site.path("/firms/f0/request"))
    other.post(site.path("/firms/f0/wanted-meeting"))
    assert ">–</td>" not in site.organiser().get(site.path("/exclusions"))
    own.get(site.path("/firms/f1"))
    assert "can send each other requests again" in own.post(site.path("/firms/f1/exclude"), never="0")
    assert 'name="topic"' in other.get(site.path("/firms/f0/request"))


def test_a_firm_that_is_marked_never_to_meet_says_so_where_its_form_would_be(site: Site) -> None:
    browser = site.exhibitor(0)
    browser.get(site.path("/firms/f1"))
    browser.post(site.path("/firms/f1/exclude"), never="1")
    told = "You blocked requests with Firm 1."
    assert told in browser.get(site.path("/firms/f1"))
    page = browser.get(site.path("/firms/f1/request"))
    assert told in page and 'name="topic"' not in page and "Allow requests again" in page
    back = re.search(r'name="back" value="([^"]+)"', page)
    assert back and back[1] == site.path("/firms/f1/request")
    page = browser.post(site.path("/firms/f1/exclude"), never="0", back=back[1])
    assert 'name="topic"' in page and told not in page


def test_the_next_page_is_within_ten_stops_of_the_keyboard(site: Site) -> None:
    with site.database.write() as session:
        make_firms(session, site.expo, 60)
    page = site.exhibitor(0).get(site.path("/firms?page=2"))
    stop = re.compile(r'<(?:a\b[^>]*\bhref|button|select|textarea|summary|input(?![^>]*type="hidden"))[^>]*>')
    stops = [(match.start(), match.group()) for match in stop.finditer(page)]
    skip = next(i for i, (_, tag) in enumerate(stops) if 'href="#found"' in tag)
    behind = [tag for place, tag in stops if place > page.index('id="found"')]
    following = next(i for i, tag in enumerate(behind) if 'rel="next"' in tag)
    assert skip + 1 + following + 1 <= 10


def test_a_logo_stands_beside_the_name_at_an_address_that_names_its_octets(site: Site) -> None:
    browser = site.exhibitor(0)
    assert 'type="file" accept="image/png' in browser.get(site.path("/profile"))

    def send(octets: bytes, status: int = 200) -> str:
        return browser.post(site.path("/profile/logo"), status, logo=(io.BytesIO(octets), "logo.png"))

    assert "</span>Save it as PNG; an SVG file can contain programs." in send(b"<svg/>", 422)
    assert "</span>Choose a file of at most 1 MB." in send(b"x" * (5 << 20), 413)
    pixmap = pymupdf.Pixmap(pymupdf.csRGB, (0, 0, 80, 80), 0)
    assert "Logo uploaded. It now appears next to your company name." in send(pixmap.tobytes("png"))
    other = site.exhibitor(1)
    (address,) = set(
        re.findall(r'src="([^"]+/firms/f0/logo/[0-9a-f]{16}\.png)"', other.get(site.path("/firms")))
    )
    assert address in other.get(site.path("/firms/f0"))
    answer = other.client.get(address)
    assert answer.data.startswith(b"\x89PNG") and answer.mimetype == "image/png"
    assert answer.headers["Cache-Control"] == "private, max-age=31536000, immutable"
    assert answer.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert "Logo removed." in browser.post(site.path("/profile/logo/remove"))
    assert other.client.get(address).status_code == 404


def test_an_exhibitor_changes_what_the_firm_says_of_itself(site: Site) -> None:
    browser = site.exhibitor(0)
    assert "Others find you by this information." in browser.get(site.path("/profile"))
    page = browser.post(site.path("/profile"), status=422, description="Keep <this>", website="nowhere")
    assert "Keep &lt;this&gt;</textarea>" in page and "</span>Enter a web address" in page
    page = browser.post(site.path("/profile"), status=422, needs="x" * 81)
    assert "</span>Shorten the line “xxx" in page and f"{'x' * 81}</textarea>" in page
    typed = {
        "needs": "Bearings\nCooling oil",
        "description": "We make gearboxes",
        "website": "https://gears.example",
        "title-f0-p0": "Sales",
    }
    assert "Profile saved. The directory now shows your changes." in browser.post(
        site.path("/profile"), **typed
    )
    shown = site.exhibitor(1).get(site.path("/firms/f0"))
    assert '/firms?text=Cooling+oil">Cooling oil</a>' in shown and "Products</h2>" not in shown
    assert "We make gearboxes" in shown and "https://gears.example" in shown and "Sales" in shown
    site.browser(site.expo.people[0][1]).get(site.path("/profile"), status=403)
