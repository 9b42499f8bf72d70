"""Request pages: send, respond, undo, search."""

from __future__ import annotations

import html
from datetime import timedelta

import pytest

from api.pages import formatting
from scheduler.domain.entities import PlaceWish, RequestState, Side
from scheduler.storage.database import Database
from scheduler.storage.models import MeetingRequest, Slot
from tests.support import clocks
from tests.support.factories import (
    NOW,
    make_event,
    make_request,
    make_version,
    meet,
)
from tests.support.site import Site
from tests.support.web import web_app


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Freeze the clock before the event."""
    clocks.hold(monkeypatch, NOW)


def test_a_request_is_stored_as_it_was_typed(site: Site) -> None:
    browser = site.exhibitor(0)
    assert "Meeting request to Firm 1" in browser.get(site.path("/firms/f1/request"))
    page = browser.post(
        site.path("/firms/f1/request"),
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
    assert "Request sent to Firm 1." in page and "Sent requests" in page
    (stored,) = site.stored()
    assert (stored.topic, stored.message, stored.priority) == ("Cells", "A word\nand another", 5)
    assert (stored.place, stored.slots, stored.length) == (PlaceWish.BOOTH, ["s0", "s2", "s3"], 1)
    with site.database.read() as session:
        people = {(p.side, p.attendee_id) for p in session.get_one(MeetingRequest, stored.id).people}
    assert people == {(Side.FROM, site.expo.people[0][1].id), (Side.TO, site.expo.people[1][0].id)}
    assert "Mon, 7 December 2026: 09:00; Tue, 8 December 2026<" in page.replace("\n", "")


def test_a_request_with_faults_shows_them_at_their_fields_and_keeps_what_was_typed(site: Site) -> None:
    browser = site.exhibitor(0)
    browser.get(site.path("/firms/f1/request"))
    page = browser.post(
        site.path("/firms/f1/request"),
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
        "topic": "Topic: enter what the meeting is about, in one line.",
        "priority": "Priority: enter a value from 1 to 5.",
        "length": "Duration: choose 1 to 2 slots.",
        "from_attendees": "Attendees from your company: select only people from this company; "
        "&#39;f1-p0&#39; isn&#39;t one.",
    }.items():
        assert f"{sentence}</p>" in page.partition(f'<p class="error" id="{field}-error">')[2]
        assert f'<a href="#{field}">{sentence}</a>' in page and f'id="{field}"' in page
    assert "Fix these 4 problems:" in page
    assert ">Keep this</textarea>" in page and 'name="place" value="booth" checked' in page
    for value in ("f1-p1", "2026-12-08", "s1"):
        assert f'value="{value}" checked' in page
    assert site.stored() == []


def test_a_second_request_to_the_same_firm_is_refused(site: Site) -> None:
    with site.database.write() as session:
        request = make_request(session, site.expo, 0, 1, state=RequestState.PENDING)
    browser = site.exhibitor(0)
    browser.get(site.path("/firms/f1/request"))
    page = browser.post(
        site.path("/firms/f1/request"), 422, topic="Again", priority="3", length="1", place="any"
    )
    assert page.count("You've already sent a request to Firm 1.") == 1 and f"({request.key})" not in page
    assert f'href="{site.path(f"/requests/{request.key}")}"' in page.partition('role="alert"')[2]
    assert len(site.stored()) == 1


def test_a_firm_that_was_asked_has_a_link_instead_of_a_form(site: Site) -> None:
    with site.database.write() as session:
        request = make_request(session, site.expo, 0, 1, state=RequestState.PENDING)
    page = site.exhibitor(0).get(site.path("/firms/f1/request"))
    assert (
        "You've already sent a request to Firm 1." in page and site.path(f"/requests/{request.key}") in page
    )
    assert 'id="topic"' not in page


@pytest.mark.parametrize("state", [RequestState.PENDING, RequestState.ACCEPTED])
def test_where_nothing_is_to_ask_the_request_stands_with_what_can_be_done(
    site: Site, state: RequestState
) -> None:
    with site.database.write() as session:
        request = make_request(session, site.expo, 0, 1, state=state)
    page = site.exhibitor(0).get(site.path("/firms/f1/request"))
    said = (
        "You've agreed to meet Firm 1."
        if state is RequestState.ACCEPTED
        else "You've already sent a request to Firm 1."
    )
    assert said in page and request.topic in page and 'id="topic"' not in page
    assert site.path(f"/requests/{request.key}/withdraw") in page and f'href="{site.path("/firms")}"' in page


def test_asking_back_accepts_the_request(site: Site) -> None:
    with site.database.write() as session:
        request = make_request(session, site.expo, 1, 0, state=RequestState.PENDING, length=2)
    browser = site.exhibitor(0)
    page = browser.get(site.path("/firms/f1/request"))
    assert "Firm 1 has already sent you a request" in page and "Accept and send" in page
    fields = {"topic": "Tools", "message": "Ours", "priority": "3", "length": "1", "place": "any"}
    page = browser.post(site.path("/firms/f1/request"), **fields)
    assert "You and Firm 1 agreed to meet." in page
    assert "Cells" in page and "Topic from Firm 0:</span> Tools" in page and "Ours" in page
    (stored,) = site.stored()
    assert (stored.key, stored.state, stored.length) == (request.key, RequestState.ACCEPTED, 2)


def test_nobody_asks_the_own_firm(site: Site) -> None:
    assert "This is your own company." in site.exhibitor(0).get(site.path("/firms/f0/request"), 403)


def test_single_times_of_a_day_win_over_the_whole_day(site: Site) -> None:
    browser = site.exhibitor(0)
    browser.get(site.path("/firms/f1/request"))
    fields = {"topic": "Tools", "priority": "3", "length": "1", "place": "any"}
    browser.post(site.path("/firms/f1/request"), **fields, days=["2026-12-07", "2026-12-08"], slots=["s1"])
    assert site.stored()[0].slots == ["s1", "s2", "s3"]


def test_lengths_are_those_that_calendars_will_show(database: Database, broker_url: str) -> None:
    with database.write() as session:
        expo = make_event(session, firms=2, slots="3")
        for slot in expo.slots:  # 25 minutes, and five to walk
            session.get_one(Slot, slot.id).end -= timedelta(minutes=5)
    site = Site(web_app(database, broker_url), database, expo)
    page = site.exhibitor(0).get(site.path("/firms/f1/request"))
    assert [f">{n} minutes</label>" in page for n in (25, 55, 85)] == [True] * 3


def test_a_request_says_when_and_where_it_is_held(site: Site) -> None:
    expo = site.expo
    with site.database.write() as session:
        request = make_request(session, expo, 1, 0)
        meeting = meet(
            request, expo, slot=3, place=expo.booths[0], people=[expo.people[1][0], expo.people[0][1]]
        )
        make_version(session, expo, [meeting])
    page = site.exhibitor(0).get(site.path(f"/requests/{request.key}"))
    fate = page.partition('class="fate-head fate-good"')[2].partition("</section>")[0]
    assert (
        "Meeting scheduled" in fate
        and "Tue, 8 December 2026<" in fate
        and "Booth b0</strong>, Hall 0" in fate
    )
    assert "Cancel meeting" in page
    assert "<b>Tue, 8 December 2026, " in site.exhibitor(1).get(site.path("/requests/sent"))


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
    assert "required attendees are in other meetings at every time that suits both companies" in page
    assert "View your busy times" in page
    assert "f1-p0 is in" not in page and "Cancel meeting" not in page
    page = site.exhibitor(0).get(site.path(f"/requests/{request.key}"))
    assert "Accepted, but not scheduled" in page and "Required attendees are in other meetings" in page
    page = site.exhibitor(2).get(site.path(f"/requests/{late.key}"))
    assert "Accepted after the schedule was published." in page


@pytest.mark.parametrize(
    ("state", "asker", "word"),
    [
        (RequestState.PENDING, 1, "Waiting for your response"),
        (RequestState.PENDING, 0, "Waiting for their response"),
        (RequestState.DECLINED, 1, "Declined"),
        (RequestState.EXPIRED, 1, "Expired"),
    ],
)
def test_the_first_word_on_a_request_is_what_became_of_it(
    site: Site, state: RequestState, asker: int, word: str
) -> None:
    with site.database.write() as session:
        key = make_request(session, site.expo, asker, 1 - asker, state=state, topic="Coating lines").key
    page = site.exhibitor(0).get(site.path(f"/requests/{key}"))
    fate = page.partition('class="fate-head')[2].partition("</section>")[0]
    assert word in fate.partition("<h2>")[0]
    assert "Coating lines" in fate.partition("</h2>")[0]


def test_an_attendee_who_cannot_respond_is_not_asked_to(site: Site) -> None:
    with site.database.write() as session:
        make_request(session, site.expo, 1, 0, state=RequestState.PENDING)
    colleague = site.browser(site.expo.people[0][1])
    page = colleague.get(site.path("/requests/received"))
    assert "Waiting for a response" in page and "Waiting for your response" not in page


def test_an_answer_can_be_undone_for_ten_minutes(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    with site.database.write() as session:
        request = make_request(session, site.expo, 1, 0, state=RequestState.PENDING)
    browser, path = site.exhibitor(0), site.path(f"/requests/{request.key}")
    browser.get(path)
    page = browser.post(f"{path}/decline", note="No common time")
    assert ">Undo<" in page and ", Firm 0</dd>" in page and "Accept after all" in page
    assert ">Undo<" not in site.exhibitor(1).get(path)
    page = browser.post(f"{path}/undo")
    assert "Undone. The request is as it was before." in page and "No common time" not in page
    browser.post(f"{path}/decline")
    clocks.hold(monkeypatch, NOW + timedelta(minutes=10))
    assert ">Undo<" not in browser.get(path)
    assert "The last action can no longer be undone." in browser.post(f"{path}/undo")


def test_a_request_is_accepted_on_the_page_and_the_reader_comes_back_to_the_list(site: Site) -> None:
    with site.database.write() as session:
        request = make_request(session, site.expo, 1, 0, state=RequestState.PENDING, topic="Our cells")
    browser = site.exhibitor(0)
    page = browser.get(site.path("/requests/received"))
    assert "Our cells" in page and "Tue, 8 Dec, 16:00" in page and "Beijing time, UTC+08:00" in page
    assert "by F1-P0" in page
    back = site.path("/requests/received?state=pending")
    page = browser.post(site.path(f"/requests/{request.key}/accept"), back=back)
    assert "Request accepted. The next scheduling run will look for a time" in page
    assert "No requests need your response." in page
    (stored,) = site.stored()
    assert stored.state is RequestState.ACCEPTED and stored.responded_by == site.expo.people[0][0].id
    assert "Withdraw request" in browser.get(site.path(f"/requests/{request.key}"))


def test_a_declined_request_shows_its_note_to_the_other_firm(site: Site) -> None:
    with site.database.write() as session:
        request = make_request(session, site.expo, 1, 0, state=RequestState.PENDING)
    browser = site.exhibitor(0)
    browser.get(site.path("/requests/received"))
    browser.post(site.path(f"/requests/{request.key}/decline"), note="Not <this> year")
    page = site.exhibitor(1).get(site.path("/requests/sent"))
    assert "Not &lt;this&gt; year" in page and "Request again" in page
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
    assert answer.text.count('<li class="request"') == 1 and "autofocus" in answer.text
    assert '<span id="count-accepted" class="count" hx-swap-oob="true">1</span>' in answer.text
    assert '<span id="count-pending" class="count" hx-swap-oob="true">0</span>' in answer.text
    assert '<div id="messages" hx-swap-oob="innerHTML">' in answer.text
    on_its_page = browser.client.post(
        site.path(f"/requests/{request.key}/withdraw"),
        data={"csrf_token": browser.token, "side": "to"},
        headers={
            "HX-Request": "true",
            "HX-Current-URL": f"http://localhost{site.path(f'/requests/{request.key}')}?x",
        },
    )
    assert on_its_page.status_code == 200 and "count-" not in on_its_page.text  # there are no tabs
    assert on_its_page.text.count("<article id=") == 1 and '<li class="request"' not in on_its_page.text
    nowhere = browser.client.post(
        site.path(f"/requests/{request.key}/undo"),
        data={"csrf_token": browser.token, "side": "to"},
        headers={"HX-Request": "true", "HX-Current-URL": "http://[::1"},
    )
    assert nowhere.status_code == 200


def test_an_agreed_meeting_is_not_cancelled_by_a_page_that_showed_it_pending(site: Site) -> None:
    with site.database.write() as session:
        request = make_request(session, site.expo, 0, 1, state=RequestState.ACCEPTED)
    browser = site.exhibitor(0)
    browser.get(site.path("/requests/sent"))
    path = site.path(f"/requests/{request.key}/withdraw")
    assert "The request has already been accepted." in browser.post(path, seen="pending")
    assert site.stored()[0].state is RequestState.ACCEPTED
    assert "Request withdrawn. The next schedule won&#39;t include this meeting." in browser.post(
        path, seen="accepted"
    )
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
    assert "No requests here contain “cells”" in browser.get(
        site.path("/requests/sent?state=declined&text=cells")
    )
    assert "Solid cells" in browser.get(site.path("/requests/sent?page=nonsense"))


def test_requests_that_are_not_held_have_a_tab_of_their_own(site: Site) -> None:
    with site.database.write() as session:
        held = make_request(session, site.expo, 0, 1, topic="Cells")
        make_request(session, site.expo, 0, 2, topic="Tools")
        make_version(session, site.expo, [meet(held, site.expo)])
    page = site.exhibitor(0).get(site.path("/requests/sent?state=unscheduled"))
    assert "Tools" in page and "Cells" not in page
    assert 'aria-current="page">Not scheduled <span id="count-unscheduled" class="count">1<' in page
    assert "All accepted requests are scheduled" in site.exhibitor(1).get(
        site.path("/requests/received?state=unscheduled")
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
        ("maybe next year. ", ""),
    ],
)
def test_what_people_write_in_another_script_says_its_language(text: str, tag: str) -> None:
    shown = str(formatting.with_language(text))
    plain = html.escape(text).strip()
    assert shown == (f'<span lang="{tag}">{plain}</span>' if tag else plain)


def test_a_chinese_request_is_marked_as_chinese_on_its_page(site: Site) -> None:
    with site.database.write() as session:
        key = make_request(session, site.expo, 1, 0, topic="动力电池回收", message="我们想谈谈").key
    page = site.exhibitor(0).get(site.path(f"/requests/{key}"))
    assert '<span lang="zh">动力电池回收</span>' in page and '<span lang="zh">我们想谈谈</span>' in page
