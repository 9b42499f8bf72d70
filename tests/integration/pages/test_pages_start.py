"""Start, as an exhibitor opens it."""

from __future__ import annotations

from datetime import timedelta

from scheduler.domain.entities import RequestState
from tests.support.factories import make_request
from tests.support.site import Site

PENDING = RequestState.PENDING


def test_an_exhibitor_lands_on_what_waits_and_answers_there(site: Site) -> None:
    now = site.database.now()
    with site.database.write() as session:
        make_request(
            session, site.expo, 1, 0, state=PENDING, topic="Graphite blocks", priority=5,
            created_at=now, expires_at=now + timedelta(days=2),
        )  # fmt: skip
    browser = site.exhibitor(0)
    page = browser.get("/")
    assert "<h1>1 firm waits for your answer</h1>" in page and "Graphite blocks" in page
    assert "They come to the event for you" in page
    assert 'class="n">1<' in page
    (request,) = site.stored()
    page = browser.post(site.path(f"/requests/{request.key}/accept"), side="to", back=site.path("/start"))
    assert "Accepted. The next schedule looks for a time" in page
    assert "<h1>Nothing waits for you</h1>" in page


def test_a_new_firm_reads_its_first_steps(site: Site) -> None:
    page = site.exhibitor(0).get(site.path("/start"))
    assert "Welcome: find whom you want to meet" in page and "First steps" in page


def test_what_is_new_is_gone_once_it_was_seen(site: Site) -> None:
    now = site.database.now()
    with site.database.write() as session:
        make_request(
            session,
            site.expo,
            0,
            1,
            state=RequestState.DECLINED,
            answered_at=now,
            answer_note="Not before 2029",
        )
    browser = site.exhibitor(0)
    assert "Not before 2029" in browser.get(site.path("/start"))
    page = browser.post(site.path("/start/seen"))
    assert "Not before 2029" not in page and "Marked as seen." in page


def test_an_attendee_has_a_menu_without_the_page(site: Site) -> None:
    page = site.browser(site.expo.people[0][1]).get(site.path("/agenda"))
    assert 'class="menu"' in page and site.path("/start") not in page
