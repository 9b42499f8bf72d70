"""The exhibitor's and attendee's pages: find firms, ask, answer, take back, agendas and the calendar feed."""

from __future__ import annotations

import html
import logging
from dataclasses import dataclass
from datetime import timedelta
from urllib.robotparser import RobotFileParser

import pymupdf
import pytest
from flask import Flask
from sqlalchemy import select

from api import context
from api.pages import presentation
from scheduler.domain.entities import PlaceWish, RequestState, Side, VersionState
from scheduler.invites.ical.feed import etag
from scheduler.services.schedule import feed_addresses
from scheduler.storage.database import Database
from scheduler.storage.models import Account, Attendee, Firm, MeetingRequest, Slot
from tests.support import clocks
from tests.support.factories import (
    NOW,
    SECRET_KEY,
    Expo,
    make_attendee,
    make_event,
    make_firm,
    make_request,
    make_version,
    meet,
)
from tests.support.publishing import publish_version
from tests.support.web import Browser, web_app


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """The event is ahead whenever these tests run."""
    clocks.hold(monkeypatch, NOW)


@dataclass
class Site:
    app: Flask
    database: Database
    expo: Expo

    def browser(self, person: Attendee) -> Browser:
        with self.database.read() as session:
            return Browser(self.app, session.get_one(Account, person.account_id))

    def exhibitor(self, firm: int) -> Browser:
        return self.browser(self.expo.people[firm][0])

    def path(self, rest: str) -> str:
        return f"/events/{self.expo.event.key}{rest}"

    def stored(self) -> list[MeetingRequest]:
        with self.database.read() as session:
            return list(session.scalars(select(MeetingRequest).order_by(MeetingRequest.id)))


@pytest.fixture
def site(database: Database, broker_url: str) -> Site:
    """An event of two days with three firms, of two people each."""
    with database.write() as session:
        expo = make_event(session, firms=3, people=2, slots="2 2")
    return Site(web_app(database, broker_url), database, expo)


def test_the_directory_names_firms_in_the_readers_script_first(site: Site) -> None:
    with site.database.write() as session:
        make_firm(session, site.expo, name="深圳电芯", latin_name="Shenzhen Cells")
        make_firm(session, site.expo, name="Müller Zellen", latin_name="Mueller Zellen")
        session.get_one(Attendee, site.expo.people[0][0].id).mail_language = "zh"
    chinese = site.exhibitor(0).get(site.path("/firms"))
    other = site.exhibitor(1).get(site.path("/firms"))
    assert '<span lang="zh">深圳电芯</span> (\u2068Shenzhen Cells\u2069)' in chinese
    assert 'Shenzhen Cells (\u2068<span lang="zh">深圳电芯</span>\u2069)' in other
    assert "Müller Zellen<" in other


def test_the_directory_searches_filters_and_counts(site: Site) -> None:
    with site.database.write() as session:
        make_firm(session, site.expo, name="深圳电芯", latin_name="Shenzhen Cells", areas=["chips"])
        make_firm(session, site.expo, latin_name="Cellule <SA>", name="Cellule <SA>", country="FR")
    browser = site.exhibitor(0)
    page = browser.get(site.path("/firms"))
    assert "5 firms" in page and "China (4)" in page and "France (1)" in page and "Chips (1)" in page
    assert (
        'Shenzhen Cells (\u2068<span lang="zh">深圳电芯</span>\u2069)' in page
        and "Cellule &lt;SA&gt;" in page
    )
    page = browser.get(site.path("/firms?text=cell"))
    assert "2 firms" in page and "China (1)" in page and "Firm 1" not in page
    page = browser.get(site.path("/firms?text=cell&country=FR"))
    assert "1 firm<" in page and "Shenzhen" not in page and 'value="FR" selected' in page
    page = browser.get(site.path("/firms?text=nothing&country=FR"))
    assert "No firm fits “nothing” with these filters" in page and "Show all firms" in page


def test_the_directory_lists_tiers_along_the_chain_and_countries_by_name(site: Site) -> None:
    with site.database.write() as session:
        for country, tier in (
            ("CN", "midstream"),
            ("AT", "downstream"),
            ("DE", "upstream"),
            ("AE", "upstream"),
        ):
            make_firm(session, site.expo, country=country, tier=tier)
    page = site.exhibitor(0).get(site.path("/firms"))
    for names in (("Upstream", "Midstream", "Downstream"), ("Austria", "China", "United Arab Emirates")):
        places = [page.index(f">{name} (") for name in names]
        assert places == sorted(places)


def test_the_directory_goes_on_to_the_next_page(site: Site) -> None:
    with site.database.write() as session:
        for _ in range(30):
            make_firm(session, site.expo, people=0, booth=False)
    browser = site.exhibitor(0)
    page = browser.get(site.path("/firms?tier=midstream"))
    link = page.partition("Next page")[0].rpartition('href="')[2].partition('"')[0]
    page = browser.get(html.unescape(link))
    assert page.count('class="card firm"') == 3 and "First page" in page and "Next page" not in page


def test_the_directory_says_who_asked_whom_already(site: Site) -> None:
    with site.database.write() as session:
        make_request(session, site.expo, 0, 1, state=RequestState.PENDING)
        make_request(session, site.expo, 2, 0, state=RequestState.PENDING)
    page = site.exhibitor(0).get(site.path("/firms"))
    assert page.count("You asked, no answer yet") == 1 and page.count("They asked you: answer") == 1
    assert "Your firm" in page
    assert site.path("/firms/f1/ask") not in page and site.path("/firms/f2/ask") not in page


def test_a_firm_shows_its_people_but_not_their_addresses(site: Site) -> None:
    browser = site.exhibitor(0)
    page = browser.get(site.path("/firms/f1"))
    assert "F1-P0" in page and "F1-P1" in page and "speaks English" in page
    assert site.expo.people[1][0].email not in page
    assert site.expo.people[0][1].email in browser.get(site.path("/firms/f0"))
    browser.get(site.path("/firms/nobody"), status=404)


def test_a_request_is_stored_as_it_was_typed(site: Site) -> None:
    browser = site.exhibitor(0)
    assert "Ask for a meeting with Firm 1" in browser.get(site.path("/firms/f1/ask"))
    page = browser.post(
        site.path("/firms/f1/ask"),
        topic="Cells",
        message="A word\r\nand another",
        priority="5",
        length="1",
        place="booth",
        from_attendees=["f0-p1"],
        to_attendees=["f1-p0"],
        days=["2026-12-08"],
        slots=["s0"],
    )
    assert "Firm 1 was asked." in page and "Requests sent" in page
    (stored,) = site.stored()
    assert (stored.topic, stored.message, stored.priority) == ("Cells", "A word\nand another", 5)
    assert (stored.place, stored.slots, stored.length) == (PlaceWish.BOOTH, ["s0", "s2", "s3"], 1)
    with site.database.read() as session:
        people = {(p.side, p.attendee_id) for p in session.get_one(MeetingRequest, stored.id).people}
    assert people == {(Side.FROM, site.expo.people[0][1].id), (Side.TO, site.expo.people[1][0].id)}
    assert "Mon, 7 December 2026: 09:00; Tue, 8 December 2026<" in page.replace("\n", "")


def test_a_request_with_faults_shows_them_at_their_fields_and_keeps_what_was_typed(site: Site) -> None:
    browser = site.exhibitor(0)
    browser.get(site.path("/firms/f1/ask"))
    page = browser.post(
        site.path("/firms/f1/ask"),
        422,
        topic=" ",
        message="Keep this",
        priority="9",
        length="three",
        place="booth",
        from_attendees=["f1-p0"],
        to_attendees=["f1-p1"],
        days=["2026-12-08"],
        slots=["s1"],
    )
    for field, sentence in {
        "topic": "Topic is missing; say in a line what the meeting is about.",
        "priority": "Priority must be from 1 to 5.",
        "length": "Length must be from 1 to 2 slots.",
        "from_attendees": "People of your firm &#39;f1-p0&#39; is not a person of this firm.",
    }.items():
        assert f'<p class="fault" id="{field}-fault">{sentence}</p>' in page
        assert f'<a href="#{field}">{sentence}</a>' in page and f'id="{field}"' in page
    assert "These 4 things are missing or wrong" in page
    assert ">Keep this</textarea>" in page and '<option value="booth" selected>' in page
    for value in ("f1-p1", "2026-12-08", "s1"):
        assert f'value="{value}" checked' in page
    assert site.stored() == []


def test_a_second_request_to_the_same_firm_is_refused(site: Site) -> None:
    with site.database.write() as session:
        request = make_request(session, site.expo, 0, 1, state=RequestState.PENDING)
    browser = site.exhibitor(0)
    browser.get(site.path("/firms/f1/ask"))
    page = browser.post(site.path("/firms/f1/ask"), 422, topic="Again", priority="3", length="1", place="any")
    assert page.count("You have asked Firm 1 already.") == 1 and f"({request.key})" not in page
    assert f'href="{site.path(f"/requests/{request.key}")}"' in page.partition('role="alert"')[2]
    assert len(site.stored()) == 1


def test_a_firm_that_was_asked_has_a_link_instead_of_a_form(site: Site) -> None:
    with site.database.write() as session:
        request = make_request(session, site.expo, 0, 1, state=RequestState.PENDING)
    page = site.exhibitor(0).get(site.path("/firms/f1/ask"))
    assert "You have asked Firm 1 already." in page and site.path(f"/requests/{request.key}") in page
    assert 'id="topic"' not in page


def test_asking_back_accepts_the_request(site: Site) -> None:
    with site.database.write() as session:
        request = make_request(session, site.expo, 1, 0, state=RequestState.PENDING, length=2)
    browser = site.exhibitor(0)
    page = browser.get(site.path("/firms/f1/ask"))
    assert "Firm 1 has asked you already" in page and "Accept and send" in page
    fields = {"topic": "Tools", "message": "Ours", "priority": "3", "length": "1", "place": "any"}
    page = browser.post(site.path("/firms/f1/ask"), **fields)
    assert "You and Firm 1 agree to meet." in page
    assert "Cells" in page and "asked back:</span> Tools" in page and "Ours" in page
    (stored,) = site.stored()
    assert (stored.key, stored.state, stored.length) == (request.key, RequestState.ACCEPTED, 2)


def test_nobody_asks_the_own_firm(site: Site) -> None:
    assert "This is your own firm." in site.exhibitor(0).get(site.path("/firms/f0/ask"), 403)


def test_single_times_of_a_day_win_over_the_whole_day(site: Site) -> None:
    browser = site.exhibitor(0)
    browser.get(site.path("/firms/f1/ask"))
    fields = {"topic": "Tools", "priority": "3", "length": "1", "place": "any"}
    browser.post(site.path("/firms/f1/ask"), **fields, days=["2026-12-07", "2026-12-08"], slots=["s1"])
    assert site.stored()[0].slots == ["s1", "s2", "s3"]


def test_lengths_are_those_that_calendars_will_show(database: Database, broker_url: str) -> None:
    with database.write() as session:
        expo = make_event(session, firms=2, slots="3")
        for slot in expo.slots:  # 25 minutes, and five to walk
            session.get_one(Slot, slot.id).end -= timedelta(minutes=5)
    site = Site(web_app(database, broker_url), database, expo)
    page = site.exhibitor(0).get(site.path("/firms/f1/ask"))
    assert [f">{n} minutes</option>" in page for n in (25, 55, 85)] == [True] * 3


def test_a_request_says_when_and_where_it_is_held(site: Site) -> None:
    expo = site.expo
    with site.database.write() as session:
        request = make_request(session, expo, 1, 0)
        meeting = meet(
            request, expo, slot=3, place=expo.booths[0], people=[expo.people[1][0], expo.people[0][1]]
        )
        make_version(session, expo, [meeting])
    page = site.exhibitor(0).get(site.path(f"/requests/{request.key}"))
    assert "Held Tue, 8 December 2026, " in page and "Booth b0, Hall 0" in page
    assert "Cancel this meeting" in page
    assert "Held Tue, 8 December 2026, " in site.exhibitor(1).get(site.path("/requests/sent"))


def test_a_request_says_why_it_is_not_held_without_telling_of_the_other_firm(site: Site) -> None:
    with site.database.write() as session:
        request, late = make_request(session, site.expo, 1, 0), make_request(session, site.expo, 2, 0)
        version = make_version(session, site.expo, [])
        version.unscheduled = [
            {
                "request": request.key,
                "reason": "people-busy",
                "detail": f"Request {request.key} did not fit: f1-p0 is in r9 at s1.",
                "blockers": ["f1-p0", "r9"],
                "remedies": ["Make f1-p0 available in s1"],
            }
        ]
    page = site.exhibitor(0).get(site.path("/requests/received?state=all"))
    assert "at every time that suits both firms, the people it needs are in other meetings" in page
    assert "Look at your busy times" in page
    assert "f1-p0 is in" not in page and "Cancel this meeting" not in page
    page = site.exhibitor(2).get(site.path(f"/requests/{late.key}"))
    assert "Accepted since the schedule was published." in page


def test_an_answer_can_be_undone_for_ten_minutes(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    with site.database.write() as session:
        request = make_request(session, site.expo, 1, 0, state=RequestState.PENDING)
    browser, path = site.exhibitor(0), site.path(f"/requests/{request.key}")
    browser.get(path)
    page = browser.post(f"{path}/decline", note="No time")
    assert ">Undo<" in page and ", Firm 0</dd>" in page and "Accept after all" in page
    assert "Undo" not in site.exhibitor(1).get(path)
    page = browser.post(f"{path}/undo")
    assert "Undone. The request stands as it was before." in page and "No time" not in page
    browser.post(f"{path}/decline")
    clocks.hold(monkeypatch, NOW + timedelta(minutes=10))
    assert ">Undo<" not in browser.get(path)
    assert "declined for good; it cannot be undone" in browser.post(f"{path}/undo")


def test_only_exhibitors_ask_and_answer(site: Site) -> None:
    with site.database.write() as session:
        request = make_request(session, site.expo, 1, 0, state=RequestState.PENDING)
    browser = site.browser(site.expo.people[0][1])
    page = browser.get(site.path("/requests/received"))
    assert "You see your firm&#39;s requests" in page or "You see your firm's requests" in page
    assert "Accept" not in page.replace("Accepted", "")
    browser.get(site.path("/firms/f1/ask"), 403)
    browser.post(site.path(f"/requests/{request.key}/accept"), 403)
    assert site.stored()[0].state is RequestState.PENDING


def test_other_firms_and_events_are_not_there(site: Site) -> None:
    with site.database.write() as session:
        request = make_request(session, site.expo, 1, 2, state=RequestState.PENDING)
        other = make_event(session)
    browser = site.exhibitor(0)
    browser.get(site.path("/firms"))
    browser.get(site.path(f"/requests/{request.key}"), 404)
    browser.post(site.path(f"/requests/{request.key}/withdraw"), 404)
    browser.get(f"/events/{other.event.key}/firms", 404)
    browser.get(site.path("/firms/f1/agenda"), 403)


def test_a_request_is_accepted_on_the_page_and_the_reader_comes_back_to_the_list(site: Site) -> None:
    with site.database.write() as session:
        request = make_request(session, site.expo, 1, 0, state=RequestState.PENDING, topic="Our cells")
    browser = site.exhibitor(0)
    page = browser.get(site.path("/requests/received"))
    assert "Our cells" in page and "Tue, 8 Dec, 16:00" in page and "Asia/Shanghai (GMT+08:00)" in page
    assert "by F1-P0" in page
    back = site.path("/requests/received?state=pending")
    page = browser.post(site.path(f"/requests/{request.key}/accept"), back=back)
    assert "Accepted. The next schedule looks for a time" in page
    assert "Nothing waits for your answer." in page
    (stored,) = site.stored()
    assert stored.state is RequestState.ACCEPTED and stored.answered_by == site.expo.people[0][0].id
    assert "Withdraw the request" in browser.get(site.path(f"/requests/{request.key}"))


def test_a_declined_request_shows_its_note_to_the_other_firm(site: Site) -> None:
    with site.database.write() as session:
        request = make_request(session, site.expo, 1, 0, state=RequestState.PENDING)
    browser = site.exhibitor(0)
    browser.get(site.path("/requests/received"))
    browser.post(site.path(f"/requests/{request.key}/decline"), note="Not <this> year")
    page = site.exhibitor(1).get(site.path("/requests/sent"))
    assert "Not &lt;this&gt; year" in page and "Ask again" in page
    assert 'id="count-declined" class="count">1<' in page


def test_htmx_gets_the_row_the_counts_and_the_message(site: Site) -> None:
    with site.database.write() as session:
        request = make_request(session, site.expo, 1, 0, state=RequestState.PENDING)
    browser = site.exhibitor(0)
    browser.get(site.path("/requests/received"))
    answer = browser.client.post(
        site.path(f"/requests/{request.key}/accept"),
        data={"csrf_token": browser.token, "side": "to"},
        headers={"HX-Request": "true"},
    )
    assert answer.status_code == 200 and "<html" not in answer.text
    assert answer.text.count('<li class="card request"') == 1 and "autofocus" in answer.text
    assert '<span id="count-accepted" class="count" hx-swap-oob="true">1</span>' in answer.text
    assert '<span id="count-pending" class="count" hx-swap-oob="true">0</span>' in answer.text
    assert '<div id="messages" hx-swap-oob="innerHTML">' in answer.text


def test_an_agreed_meeting_is_not_cancelled_by_a_page_that_showed_it_pending(site: Site) -> None:
    with site.database.write() as session:
        request = make_request(session, site.expo, 0, 1, state=RequestState.ACCEPTED)
    browser = site.exhibitor(0)
    browser.get(site.path("/requests/sent"))
    path = site.path(f"/requests/{request.key}/withdraw")
    assert "is accepted; it cannot be withdrawn" in browser.post(path, seen="pending")
    assert site.stored()[0].state is RequestState.ACCEPTED
    assert "Withdrawn. The next schedule holds no meeting for it." in browser.post(path, seen="accepted")
    assert site.stored()[0].state is RequestState.WITHDRAWN


def test_a_form_leads_back_inside_the_event_only(site: Site) -> None:
    with site.database.write() as session:
        request = make_request(session, site.expo, 1, 0, state=RequestState.PENDING)
    browser = site.exhibitor(0)
    browser.get(site.path("/requests/received"))
    for target in ("https://evil.example/", "//evil.example", site.path("/\\evil.example"), ""):
        answer = browser.client.post(
            site.path(f"/requests/{request.key}/accept"),
            data={"csrf_token": browser.token, "back": target},
        )
        assert answer.location == site.path(f"/requests/{request.key}")


def test_requests_are_searched_within_a_state(site: Site) -> None:
    with site.database.write() as session:
        make_request(session, site.expo, 0, 1, topic="Solid cells")
        make_request(session, site.expo, 0, 2, topic="Wafers", state=RequestState.DECLINED)
    browser = site.exhibitor(0)
    page = browser.get(site.path("/requests/sent"))
    assert "Solid cells" in page and "Wafers" in page
    page = browser.get(site.path("/requests/sent?state=declined"))
    assert "Solid cells" not in page and "Wafers" in page
    assert "No declined request has “cells”" in browser.get(
        site.path("/requests/sent?state=declined&text=cells")
    )
    browser.get(site.path("/requests/sent?cursor=nonsense"), 422)


def test_the_agenda_is_empty_before_the_first_publishing(site: Site) -> None:
    browser = site.exhibitor(0)
    assert "No schedule is published yet" in browser.get(site.path("/agenda"))
    assert "No schedule is published yet" in browser.get(site.path("/agenda/firm"))


def test_agendas_show_who_meets_whom_when_and_where(site: Site) -> None:
    with site.database.write() as session:
        request = make_request(session, site.expo, 0, 1, topic="Solid cells")
        colleague = site.expo.people[0][1]
        people = [colleague, site.expo.people[1][0]]
        make_version(session, site.expo, [meet(request, site.expo, slot=2, people=people)])
    page = site.browser(colleague).get(site.path("/agenda"))
    assert "Tue, 8 December 2026" in page and ">09:00</time>" in page and ">09:30</time>" in page
    assert "Asia/Shanghai (GMT+08:00)" in page and "Table t0" in page and "Hall 0" in page
    assert "Firm 1" in page and "F1-P0" in page and "Solid cells" in page
    exhibitor = site.exhibitor(0)
    assert "You have no meeting in the published schedule" in exhibitor.get(site.path("/agenda"))
    page = exhibitor.get(site.path("/agenda/firm"))
    assert "Solid cells" in page and "F0-P1" in page
    assert "Solid cells" in exhibitor.get(site.path("/people/f0-p1/agenda"))
    exhibitor.get(site.path("/people/f1-p0/agenda"), 403)
    organiser = Browser(site.app, site.expo.organiser)
    page = organiser.get(site.path("/firms/f1"))
    for path in ("/firms/f1/agenda", "/people/f1-p0/agenda"):
        assert f'href="{site.path(path)}"' in page and "Solid cells" in organiser.get(site.path(path))


def _pdf(browser: Browser, page: str, path: str, status: int = 200) -> str:
    """The text of the PDF that a page offers to download."""
    assert f'href="{path}" download' in browser.get(page)
    answer = browser.client.get(path)
    assert answer.status_code == status
    assert (answer.mimetype, answer.headers["Cache-Control"]) == ("application/pdf", "private, no-store")
    assert answer.headers["Content-Disposition"].startswith("attachment; ")
    return "\n".join(sheet.get_text() for sheet in pymupdf.open("pdf", answer.data))


def test_each_agenda_can_be_downloaded_as_a_pdf_by_those_who_may_read_it(site: Site) -> None:
    with site.database.write() as session:
        request = make_request(session, site.expo, 0, 1, topic="Solid cells")
        people = [*site.expo.people[0], site.expo.people[1][0]]
        make_version(session, site.expo, [meet(request, site.expo, slot=2, people=people)])
    colleague, exhibitor = site.browser(site.expo.people[0][1]), site.exhibitor(0)
    organiser = Browser(site.app, site.expo.organiser)
    said = _pdf(colleague, site.path("/agenda"), site.path("/agenda.pdf"))
    for words in ("Agenda of F0-P1", "Tuesday, 8 December 2026", "09:00–09:30", "With you: F0-P0", "Firm 1"):
        assert words in said
    said = _pdf(exhibitor, site.path("/agenda/firm"), site.path("/agenda/firm.pdf"))
    assert "Agenda of Firm 0" in said and "Firm 0: F0-P0, F0-P1" in said
    for browser, path in (
        (exhibitor, "/people/f0-p1/agenda"),
        (organiser, "/people/f1-p0/agenda"),
        (organiser, "/firms/f1/agenda"),
    ):
        assert "Topic: Solid cells" in _pdf(browser, site.path(path), site.path(f"{path}.pdf"))
    for path in ("/people/f1-p0/agenda.pdf", "/firms/f1/agenda.pdf"):
        exhibitor.get(site.path(path), 403)


def test_a_pdf_is_written_in_the_language_that_its_reader_chose(site: Site) -> None:
    with site.database.write() as session:
        session.get_one(Attendee, site.expo.people[0][0].id).mail_language = "zh"
        make_version(session, site.expo, [meet(make_request(session, site.expo), site.expo)])
    said = _pdf(site.exhibitor(0), site.path("/agenda"), site.path("/agenda.pdf"))
    assert "F0-P0的日程" in said and "北京时间" in said


def _publish(site: Site) -> None:
    """Firms 0 and 1 meet, with their exhibitors' invitations in the outbox."""
    with site.database.write() as session:
        meeting = meet(make_request(session, site.expo), site.expo)
        make_version(session, site.expo, [meeting], state=VersionState.DRAFT)
    with site.database.write() as session, site.app.app_context():
        publish_version(
            session,
            event_id=site.expo.event.id,
            number=1,
            compared_with=None,
            by=None,
            settings=context.settings(),
            now=NOW,
        )


def _feed(owner: feed_addresses.FeedOwner) -> str:
    return f"/calendar/{feed_addresses.feed_token(owner, SECRET_KEY)}.ics"


def test_trap_20_the_feed_needs_no_cookie_and_is_a_calendar_whatever_is_asked_for(site: Site) -> None:
    _publish(site)
    client = site.app.test_client()
    for headers in ({}, {"Accept": "text/html"}, {"Accept": "application/json"}, {"Accept": "*/*"}):
        answer = client.get(_feed(site.expo.people[0][0]), headers=headers)
        assert answer.status_code == 200
        assert answer.headers["Content-Type"] == "text/calendar; charset=utf-8"
        assert answer.headers["Cache-Control"] == "private, max-age=300"
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert answer.headers["X-Robots-Tag"] == "noindex, nofollow"
        assert "Last-Modified" not in answer.headers, "If-Modified-Since is not answered"
        assert answer.headers["ETag"] == etag(answer.data)
        assert "Set-Cookie" not in answer.headers and "Cookie" not in answer.headers.get("Vary", "")
        assert answer.data.count(b"BEGIN:VEVENT") == 1
    head = client.head(_feed(site.expo.people[0][0]))
    assert head.status_code == 200 and head.data == b"" and head.headers["ETag"] == answer.headers["ETag"]


def test_1_9_an_unchanged_feed_is_not_sent_again_by_weak_tag_list_or_star(site: Site) -> None:
    _publish(site)
    client = site.app.test_client()
    path = _feed(site.expo.people[0][0])
    tag = client.get(path).headers["ETag"]
    for same in (tag, f"W/{tag}", f'"other", {tag}', f'W/"other",W/{tag}', "*"):
        answer = client.get(path, headers={"If-None-Match": same})
        assert (answer.status_code, answer.data, answer.headers["ETag"]) == (304, b"", tag), same
        assert client.head(path, headers={"If-None-Match": same}).status_code == 304
    assert client.get(path, headers={"If-None-Match": '"other"'}).status_code == 200
    since = {"If-Modified-Since": "Tue, 24 Nov 2026 08:00:00 GMT"}
    assert client.get(path, headers=since).status_code == 200


def test_1_9_a_feed_without_meetings_is_still_a_calendar(site: Site) -> None:
    answer = site.app.test_client().get(_feed(site.expo.people[0][0]))
    assert answer.data.startswith(b"BEGIN:VCALENDAR\r\n") and b"BEGIN:VTIMEZONE" in answer.data


def test_a_wrong_or_renewed_address_is_not_found(site: Site) -> None:
    person = site.expo.people[0][0]
    browser = site.browser(person)
    page = browser.get(site.path("/agenda"))
    address = "127.0.0.1:8000" + _feed(person)
    assert f'value="http://{address}"' in page and f'value="webcal://{address}"' in page
    page = browser.post(site.path("/agenda/feed"))
    assert "Your calendar has a new address" in page and _feed(person) not in page
    client = site.app.test_client()
    assert client.get(_feed(person)).status_code == 404
    assert client.get("/calendar/wrong.ics").status_code == 404
    with site.database.read() as session:
        renewed = session.get_one(Attendee, person.id)
    assert client.get(_feed(renewed)).status_code == 200


def test_the_firms_calendar_has_an_address_when_an_exhibitor_wants_one_and_until_it_ends(site: Site) -> None:
    _publish(site)
    browser, client = site.exhibitor(0), site.app.test_client()
    path = site.path("/agenda/firm")
    assert "Make an address" in browser.get(path) and "/calendar/" not in browser.get(path)
    page = browser.post(f"{path}/feed")
    with site.database.read() as session:
        address = _feed(session.get_one(Firm, site.expo.firms[0].id))
    for scheme in ("http", "webcal"):
        assert f'value="{scheme}://127.0.0.1:8000{address}"' in page
    answer = client.get(address)
    assert answer.status_code == 200 and answer.data.count(b"BEGIN:VEVENT") == 1
    assert address not in browser.post(f"{path}/feed")
    assert client.get(address).status_code == 404
    assert "Make an address" in browser.post(f"{path}/feed/end")


def test_only_exhibitors_see_the_address_of_the_firms_calendar(site: Site) -> None:
    with site.database.write() as session:
        feed_addresses.renew_firm_feed(session, site.expo.actor(0), secret_key=SECRET_KEY)
        colleague = make_attendee(session, site.expo, 0)
    page = site.browser(colleague).get(site.path("/agenda/firm"))
    assert "/calendar/" not in page and "Make an address" not in page
    site.browser(colleague).get(site.path("/agenda"))
    browser = site.browser(colleague)
    browser.get(site.path("/agenda"))
    for step in ("feed", "feed/end"):
        browser.post(site.path(f"/agenda/firm/{step}"), status=403)


@pytest.mark.parametrize("service", ["Google", "Outlook", "Apple", "Thunderbird"])
def test_1_9_the_page_says_how_to_add_the_feed_to_a_calendar(site: Site, service: str) -> None:
    page = site.exhibitor(0).get(site.path("/agenda"))
    assert f"<dt>{service}</dt>" in page
    assert "only a few times a day" in page


def test_trap_20_robots_may_fetch_feeds_and_nothing_else(site: Site) -> None:
    answer = site.app.test_client().get("/robots.txt")
    rules = RobotFileParser()
    rules.parse(answer.text.splitlines())
    assert rules.can_fetch("Google-Calendar-Importer", "https://meet.example/calendar/abc.ics")
    assert not rules.can_fetch("Googlebot", "https://meet.example/events/expo")


def test_1_9_no_secret_address_is_logged(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    token = feed_addresses.feed_token(site.expo.people[0][0], SECRET_KEY)
    client = site.app.test_client()
    for path in (f"/calendar/{token}.ics", f"/calendar/{token[1:]}x.ics"):
        client.get(path)
    assert token[5:] not in caplog.text


def test_whoever_is_signed_out_is_sent_to_sign_in(site: Site) -> None:
    client = site.app.test_client()
    answer = client.get(site.path("/firms"))
    assert answer.status_code == 302 and answer.location.startswith("/sign-in")
    answer = client.get(site.path("/firms"), headers={"HX-Request": "true"})
    assert (answer.status_code, answer.headers["HX-Redirect"]) == (204, "/sign-in")


def test_a_form_without_its_token_does_nothing(site: Site) -> None:
    with site.database.write() as session:
        request = make_request(session, site.expo, 1, 0, state=RequestState.PENDING)
    answer = site.exhibitor(0).client.post(site.path(f"/requests/{request.key}/accept"))
    assert answer.status_code == 400 and "This form has expired" in answer.text
    assert site.stored()[0].state is RequestState.PENDING


def test_what_people_type_is_shown_as_text(site: Site) -> None:
    evil = "<script>alert(1)</script>"
    with site.database.write() as session:
        make_attendee(session, site.expo, 1, name=evil, latin_name=evil, title=evil)
        make_request(session, site.expo, 1, 0, state=RequestState.PENDING, topic=evil, message=evil)
    browser = site.exhibitor(0)
    for path in ("/requests/received", "/requests/received?text=%3Cscript%3E", "/firms/f1", "/firms/f1/ask"):
        page = browser.get(site.path(path))
        assert evil not in page and "&lt;script&gt;" in page


def test_a_withdrawn_meeting_says_by_whom_and_why_on_the_partner_s_agenda_and_request(site: Site) -> None:
    with site.database.write() as session:
        request = make_request(session, site.expo, 0, 1)
        make_version(session, site.expo, [meet(request, site.expo)])
    path = site.path(f"/requests/{request.key}")
    mine = site.exhibitor(0)
    mine.get(path)
    mine.post(f"{path}/withdraw", note="We <move> booth", seen="accepted")
    who = f"by {site.expo.people[0][0].name}, {site.expo.firms[0].name}"
    for page in (site.path("/agenda"), site.path("/agenda/firm"), path):
        text = site.exhibitor(1).get(page)
        assert who in text and "We &lt;move&gt; booth" in text, page


def test_requests_that_are_not_held_have_a_tab_of_their_own(site: Site) -> None:
    with site.database.write() as session:
        held = make_request(session, site.expo, 0, 1, topic="Cells")
        make_request(session, site.expo, 0, 2, topic="Tools")
        make_version(session, site.expo, [meet(held, site.expo)])
    page = site.exhibitor(0).get(site.path("/requests/sent?state=not-held"))
    assert "Tools" in page and "Cells" not in page
    assert 'aria-current="page">Not held <span id="count-not-held" class="count">1<' in page
    assert "Every accepted request has its meeting" in site.exhibitor(1).get(
        site.path("/requests/received?state=not-held")
    )


@pytest.mark.parametrize(
    ("text", "tag"),
    [
        ("动力电池回收", "zh"),
        ("动力电池 (battery packs) 回收和梯次利用的合作", "zh"),
        ("電池のリサイクル", "ja"),
        ("배터리 재활용", "ko"),
        ("Battery packs <for> Lǐ Wěi 李伟 and his colleagues", ""),
        ("Akkumulátor", ""),
        ("123", ""),
    ],
)
def test_what_people_write_in_another_script_says_its_language(text: str, tag: str) -> None:
    shown = str(presentation.spoken(text))
    plain = html.escape(text)
    assert shown == (f'<span lang="{tag}">{plain}</span>' if tag else plain)


def test_a_chinese_request_is_marked_as_chinese_on_its_page(site: Site) -> None:
    with site.database.write() as session:
        key = make_request(session, site.expo, 1, 0, topic="动力电池回收", message="我们想谈谈").key
    page = site.exhibitor(0).get(site.path(f"/requests/{key}"))
    assert '<span lang="zh">动力电池回收</span>' in page and '<span lang="zh">我们想谈谈</span>' in page


@pytest.mark.parametrize("path", ["/firms", "/requests/sent"])
def test_a_page_of_a_list_that_is_not_there_is_said_in_plain_words_and_leads_to_the_first(
    site: Site, path: str
) -> None:
    page = site.exhibitor(0).get(site.path(f"{path}?text=cells&cursor=x"), 422)
    assert "The list has no page at this address." in page and "cursor:" not in page
    assert f'href="{site.path(path)}?text=cells"' in page
