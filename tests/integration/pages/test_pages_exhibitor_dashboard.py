"""The exhibitor's dashboard page."""

from __future__ import annotations

import re
from datetime import timedelta

from scheduler.domain.entities import RequestState
from scheduler.services.replies import decline_effects
from tests.support.factories import make_firms, make_request, make_version
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
    page = browser.get(site.path("/dashboard"))
    assert "<b>1 request needs your response.</b>" in page and "Graphite blocks" in page
    assert "They're coming to the event to meet you" in page
    assert 'class="count count-due">1<' in page
    (request,) = site.stored()
    page = browser.post(site.path(f"/requests/{request.key}/accept"), side="to", back=site.path("/dashboard"))
    assert "Request accepted. The next scheduling run will look for a time" in page
    assert "<b>Nothing to do.</b>" in page


def test_a_new_firm_reads_its_first_steps(site: Site) -> None:
    page = site.exhibitor(0).get(site.path("/dashboard"))
    assert "Welcome. Find companies to meet" in page and "First steps" in page


def test_seen_clears_the_changes_that_the_page_showed(site: Site) -> None:
    now = site.database.now()
    with site.database.write() as session:
        make_firms(session, site.expo, 7)
        for i in range(1, 9):
            make_request(
                session, site.expo, 0, i, state=RequestState.DECLINED,
                responded_at=now - timedelta(minutes=i), response_note=f"Note {i}.",
            )  # fmt: skip
    browser = site.exhibitor(0)
    page = browser.get(site.path("/dashboard"))
    assert "8 new changes" in page and "Showing 6 of 8." in page
    assert "Note 6." in page and "Note 7." not in page
    everything = browser.get(site.path("/dashboard/changes"))
    assert '<h1 id="news">8 new changes</h1>' in everything and "Note 8." in everything
    seen = re.findall(r'name="seen" value="([^"]+)"', page)
    page = browser.post(site.path("/dashboard/seen"), seen=seen)
    assert "6 changes marked as seen." in page and "2 new changes" in page
    assert "Note 6." not in page and "Note 7." in page and "Note 8." in page
    page = browser.post(site.path("/dashboard/seen"), seen=seen)
    assert "These changes were already marked as seen." in page and "2 new changes" in page


def test_a_colleague_who_cannot_come_stands_on_the_first_page(site: Site) -> None:
    with site.database.write() as session:
        request = make_request(session, site.expo, 1, 0)
        colleague = session.merge(site.expo.people[0][1])
        decline_effects.exclude_person(
            request, colleague, note="My flight is <late>", now=site.database.now()
        )
    page = site.exhibitor(0).get(site.path("/dashboard"))
    assert "1 new change" in page and "F0-P1 can't attend:" in page and "My flight is &lt;late&gt;" in page
    assert "The next schedule assigns a colleague if one is available." in page
    assert "can't attend:" not in site.exhibitor(1).get(site.path("/dashboard"))


def test_more_than_the_page_shows_is_counted_and_linked(site: Site) -> None:
    now = site.database.now()
    with site.database.write() as session:
        make_firms(session, site.expo, 20)
        for i in range(1, 14):
            make_request(session, site.expo, i, 0, state=PENDING, expires_at=now + timedelta(days=9))
        left = [make_request(session, site.expo, 0, i).key for i in (14, 15, 16, 17)]
        left += [make_request(session, site.expo, i, 0).key for i in (18, 19)]
        version = make_version(session, site.expo, [], now=now + timedelta(days=1))
        version.unscheduled = [
            {"request": key, "reason": "people-busy", "detail": "", "blockers": [], "remedies": []}
            for key in left
        ]
    page = site.exhibitor(0).get(site.path("/dashboard"))
    assert "Showing 12 of 13." in page and "Showing 5 of 6." in page
    assert f'{site.path("/requests/received?state=unscheduled")}">2 received</a>' in page
    assert f'{site.path("/requests/sent?state=unscheduled")}">4 sent</a>' in page


def test_a_decline_on_the_first_page_asks_first_and_can_be_undone_there(site: Site) -> None:
    now = site.database.now()
    with site.database.write() as session:
        make_request(session, site.expo, 1, 0, state=PENDING, expires_at=now + timedelta(days=2))
    browser = site.exhibitor(0)
    page = browser.get(site.path("/dashboard"))
    fold = page.partition('<details class="ask">')[2].partition("</details>")[0]
    assert "Decline<span" in fold.partition("</summary>")[0] and "…</span></summary>" in fold
    assert (
        "Firm 1 will see that you declined." in fold and 'name="note"' in fold and "Decline request" in fold
    )
    assert page.count('/decline"') == 1
    (request,) = site.stored()
    back = site.path("/dashboard")
    page = browser.post(site.path(f"/requests/{request.key}/decline"), back=back, note="")
    assert "Request declined.</p>" in page and "your note" not in page
    undo = page.partition('class="undo-bar"')[2].partition("</form>")[0]
    assert f'value="{back}?"' in undo or f'value="{back}"' in undo
    at = undo.partition('name="at" value="')[2].partition('"')[0]
    page = browser.post(site.path("/ranked-requests/answers/undo"), at=at, back=back)
    assert "1 action undone." in page and "1 request needs your response" in page
    page = browser.post(site.path(f"/requests/{request.key}/decline"), back=back, note="Not before 2029")
    assert "Request declined. The other company can read your note." in page
    assert "Not before 2029" in site.exhibitor(1).get(site.path("/dashboard"))


def test_many_answers_are_undone_by_one_press_in_the_list(site: Site) -> None:
    with site.database.write() as session:
        for i in (1, 2):
            make_request(session, site.expo, i, 0, state=PENDING)
    browser, here = site.exhibitor(0), site.path("/requests/received")
    page = browser.get(here)
    fold = page.partition('id="several"')[2].partition("</form>")[0].partition('<details class="ask">')[2]
    assert (
        'name="note"' in fold
        and 'value="decline"' in fold
        and "The companies will see that you declined." in fold
    )
    keys = [each.key for each in site.stored()]
    page = browser.post(
        site.path("/ranked-requests/answers"), keys=keys, answer="decline", note="Full", back=here
    )
    assert "2 requests declined. The other companies can read your note." in page
    at = page.partition('name="at" value="')[2].partition('"')[0]
    page = browser.post(site.path("/ranked-requests/answers/undo"), at=at, back=here)
    assert "2 actions undone." in page and "2 requests." in page
    assert {each.state for each in site.stored()} == {PENDING}
    page = browser.post(site.path("/ranked-requests/answers/undo"), at=at, back=here)
    assert "There&#39;s nothing left to undo." in page
    page = browser.post(
        site.path("/ranked-requests/answers"), keys=keys, answer="accept", note="Full", back=here
    )
    assert "2 requests accepted.</p>" in page
    assert {each.response_note for each in site.stored()} == {""}


def test_an_attendee_has_a_menu_without_the_page(site: Site) -> None:
    page = site.browser(site.expo.people[0][1]).get(site.path("/agenda"))
    assert '<nav class="topbar-nav' in page and site.path("/dashboard") not in page
