"""The page My day: content, delay reports, and offline caching."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from html import unescape

import pytest
from sqlalchemy import update

from scheduler.domain.entities import RequestState
from scheduler.services.agendas.my_day import lateness
from scheduler.services.identity import preferences
from scheduler.storage.database import Database
from scheduler.storage.models import PlannedMeeting
from tests.support import clocks
from tests.support.factories import NOW, make_firm, make_request, meet
from tests.support.publishing import draft, publish
from tests.support.running_event import Fair, before, make_fair
from tests.support.site import Site
from tests.support.web import web_app

MakeSite = Callable[..., tuple[Site, Fair]]


@pytest.fixture
def make_site(database: Database, broker_url: str, monkeypatch: pytest.MonkeyPatch) -> MakeSite:
    """Return a factory of a site ten minutes before its first meeting."""

    def make(*, minutes: int = 10, **of_fair: int | bool) -> tuple[Site, Fair]:
        with database.write() as session:
            fair = make_fair(session, **of_fair)  # type: ignore[arg-type]
            preferences.save_preferences(session, fair.expo.actor(0), language="", timezone="Asia/Shanghai")
        now: list[datetime] = [before(fair, minutes=minutes)]
        clocks.hold(monkeypatch, lambda: now[0])
        return Site(web_app(database, broker_url), database, fair.expo), fair

    return make


def test_the_page_says_time_place_walk_and_people(make_site: MakeSite) -> None:
    site, fair = make_site(each=3, days=1, told=True)
    page = site.exhibitor(0).get(site.path("/my-day"))
    first = page[page.index("<article") : page.index("</article>")]
    for words in ("Next meeting", ">09:00</time>", "Table t0, Hall 0", "Song Wanqing", "Interpreter",
                  "speaks Chinese and English", "Running late", "I can't attend", "Accept"):  # fmt: skip
        assert words in first, words
    assert "Same hall as your booth" in first
    assert "Leave at 09:21" in page and "9 min walk from Hall 0" in page and "9 min walk" in page
    assert page.count("<article") == 3 and len(re.findall(r"<article[^>]* hidden>", page)) == 2
    partner = site.exhibitor(1).get(site.path("/my-day"))
    assert "Table t0, Hall 0" in partner and "Attending with you" not in partner and "Ulmenbr" in partner
    assert fair.requests[0].key in partner


@pytest.mark.parametrize(("minutes", "first"), [(10, "Running late"), (60 * 24, "Accept")])
def test_before_the_day_accepting_comes_first_and_on_the_day_being_late(
    make_site: MakeSite, minutes: int, first: str
) -> None:
    site, _ = make_site(each=1, days=1, told=True, minutes=minutes)
    page = site.exhibitor(0).get(site.path("/my-day"))
    steps = page[page.index('<div class="acts">') : page.index("</article>")]
    there = {words: steps.find(words) for words in ("Running late", "Accept", "I can't attend")}
    assert min((at, words) for words, at in there.items() if at >= 0)[1] == first
    assert ("button-primary" in steps) == (first == "Accept")


def test_an_empty_day_and_no_schedule_say_what_comes(make_site: MakeSite, site: Site) -> None:
    assert "No schedule is published yet" in site.exhibitor(0).get(site.path("/my-day"))
    full, fair = make_site(each=1, days=2)
    last = fair.expo.slots[-1].start.date()
    browser = full.exhibitor(0)
    assert "You have no meetings on Tue, 8 December 2026" in browser.get(full.path(f"/my-day?day={last}"))
    assert 'aria-current="page">Mon 7' in browser.get(full.path("/my-day?day=no-day"))


@pytest.fixture
def site(database: Database, broker_url: str, monkeypatch: pytest.MonkeyPatch) -> Site:
    clocks.hold(monkeypatch, NOW)
    return Site.of_three_firms(database, broker_url)


def test_running_late_is_said_with_three_buttons_and_read_by_the_others(make_site: MakeSite) -> None:
    site, fair = make_site(each=1, days=1)
    path, late = site.path("/my-day"), site.path(f"/my-day/{fair.requests[0].key}/late")
    mine, theirs = site.exhibitor(0), site.exhibitor(1)
    assert [f'value="{minutes}"' in mine.get(path) for minutes in (*lateness.CHOICES, 0)] == [1, 1, 1, 0]
    page = unescape(mine.post(late, minutes="10"))
    assert "The other attendees see that you'll be 10 minutes late." in page
    assert "At 08:50, you reported that you'll be 10 minutes late." in mine.get(path)
    assert "will be 10 minutes late (reported at 08:50)." in theirs.get(path)
    assert "Choose one of the delays shown." in mine.post(late, minutes="7")
    mine.post(late, minutes="0")
    assert "will be 10 minutes late" not in theirs.get(path)


def test_accepting_on_my_day_comes_back_to_it_and_shows_the_contact(make_site: MakeSite) -> None:
    site, fair = make_site(each=1, days=1, told=True)
    key = fair.requests[0].key
    mine, theirs = site.exhibitor(0), site.exhibitor(1)
    for browser in (mine, theirs):
        page = browser.get(site.path("/my-day"))
        sequence = re.search(r'name="sequence" value="(\d+)"', page)
        back = re.search(r'name="back" value="([^"]+)"', page)
        assert sequence and back and "mailto:" not in page
        answer = browser.client.post(
            site.path(f"/agenda/{key}/accept"),
            data={"csrf_token": token(page), "sequence": sequence[1], "back": back[1]},
        )
        assert (answer.status_code, answer.location) == (303, back[1])
    assert f'href="mailto:{fair.expo.people[1][0].email}"' in mine.get(site.path("/my-day"))
    assert f'href="mailto:{fair.expo.people[0][0].email}"' in theirs.get(site.path("/my-day"))


def test_i_cannot_come_says_what_it_does_and_keeps_a_note_that_is_too_long(make_site: MakeSite) -> None:
    site, fair = make_site(each=2, days=1, told=True)
    key = fair.requests[1].key
    path, mine = site.path(f"/my-day/{key}/answer"), site.exhibitor(0)
    page = mine.get(site.path("/my-day"))
    assert (
        page.count("You decide for your company. If you decline, the meeting is cancelled.") == 4
    )  # two cards, two rows
    fields = {"answer": "decline", "sequence": "0"}
    again = mine.post(path, status=422, comment="x" * 5_000, **fields)
    assert "x" * 5_000 in again and "Note" in again
    assert "Declined. Your note was sent." in mine.post(path, comment="On fire.", **fields)
    assert "Cancelled. It won't be in the next schedule." in mine.get(site.path("/my-day"))
    for _ in range(2):  # a phone resends it until it is confirmed
        answer = mine.client.post(
            path,
            data={"csrf_token": mine.token, "comment": "On fire.", **fields},
            headers={"Accept": "application/json"},
        )
        assert (answer.status_code, answer.json) == (200, {"said": "Declined. Your note was sent."})


def test_a_word_is_answered_in_json_and_what_never_will_arrive_with_a_reason(make_site: MakeSite) -> None:
    site, fair = make_site(each=1, days=1, told=True)
    mine, key = site.exhibitor(0), fair.requests[0].key
    given = mine.client.get(site.path("/my-day/token")).json
    assert given["person"] == mine.client.get(site.path("/my-day")).headers["X-Kept-For"]

    def send(rest: str, **fields: object) -> tuple[int, str]:
        answer = mine.client.post(
            site.path(f"/my-day/{rest}"),
            data={"csrf_token": given["token"], **fields},
            headers={"Accept": "application/json"},
        )
        return answer.status_code, answer.json["said"]

    late = f"{key}/late"
    assert send(late, minutes=10) == (200, "The other attendees see that you'll be 10 minutes late.")
    assert send(late, minutes=7) == (422, "Choose one of the delays shown.")
    assert send("no-such/late", minutes=10) == (404, "You're no longer an attendee of this meeting.")
    changed = "The meeting was changed or cancelled. Check its details and try again."
    assert send(f"{key}/answer", answer="accept", sequence=7) == (409, changed)


def test_what_is_said_of_a_meeting_that_is_over_or_far_ahead_has_its_reason(make_site: MakeSite) -> None:
    for minutes, why in (
        (-31, "This meeting is over."),
        (60 * 13, "You can report a delay from 12 hours before"),
    ):
        site, fair = make_site(each=1, days=1, told=True, minutes=minutes)
        mine = site.exhibitor(0)
        mine.get(site.path("/my-day"))
        path = site.path(f"/my-day/{fair.requests[0].key}")
        assert why in mine.post(f"{path}/late", minutes="10")
        if minutes < 0:
            assert why in mine.post(f"{path}/answer", answer="decline", sequence="0")


def test_between_meetings_at_the_own_booth_no_way_is_told(make_site: MakeSite, database: Database) -> None:
    site, fair = make_site(each=3, days=1)
    booth = fair.expo.booths[0].id
    with database.write() as session:
        session.execute(update(PlannedMeeting).values(place_id=booth))
    page = site.exhibitor(0).get(site.path("/my-day"))
    assert page.count("Your booth, Hall 0") >= 3
    assert "Same hall" not in page and "Same hall as your" not in page


def test_what_is_over_stands_below_a_heading_also_where_nothing_is_left(make_site: MakeSite) -> None:
    site, _ = make_site(each=1, days=1, minutes=-60)
    page = site.exhibitor(0).get(site.path("/my-day"))
    assert "No more meetings today." in page and "<summary><h2>1 earlier meeting</h2>" in page


def test_a_meeting_that_moved_says_where_and_when_it_was(make_site: MakeSite, database: Database) -> None:
    site, fair = make_site(each=3, days=1)
    with database.write() as session:
        make_firm(session, fair.expo)
        session.flush()
        late = make_request(session, fair.expo, 0, len(fair.expo.firms) - 1)
        planned = [
            fair.meetings[0],
            meet(fair.requests[1], fair.expo, slot=4, place=fair.expo.tables[1]),
            meet(fair.requests[2], fair.expo, slot=2, place=fair.expo.tables[5]),
            meet(late, fair.expo, slot=5, place=fair.expo.tables[0]),
        ]
        publish(session, fair.expo, draft(session, fair.expo, planned), 1, minutes=1)
    page = site.exhibitor(0).get(site.path("/my-day"))
    cards = {
        key: page[page.index(f'id="now-{key}"') :] for key in (*(r.key for r in fair.requests), late.key)
    }
    cards = {key: text[: text.index("</article>")] for key, text in cards.items()}
    assert "tag-info" not in cards[fair.requests[0].key]
    assert "New time, was 09:30" in cards[fair.requests[1].key]
    assert "New location, was Table t2, Hall 2" in cards[fair.requests[2].key]
    assert "New meeting" in cards[late.key]
    assert [page.count(words) for words in ("New time, was", "New location, was", "New meeting")] == [2, 2, 2]


def test_the_first_page_of_an_attendee_on_a_day_of_the_event_is_my_day(make_site: MakeSite) -> None:
    for minutes, first in ((10, "/my-day"), (60 * 24, "/agenda")):
        site, fair = make_site(each=1, days=1, people=2, minutes=minutes)
        attendee, exhibitor = (site.browser(person) for person in reversed(fair.expo.people[0]))
        assert attendee.client.get(site.path("")).location == site.path(first)
        assert exhibitor.client.get(site.path("")).location.startswith(site.path("/dashboard"))


def test_requests_are_counted_in_the_menu_of_those_who_can_respond(make_site: MakeSite) -> None:
    site, fair = make_site(each=1, days=1, people=2)
    with site.database.write() as session:
        make_firm(session, fair.expo)
        make_request(session, fair.expo, len(fair.expo.firms) - 1, 0, state=RequestState.PENDING)
    exhibitor, attendee = (site.browser(person) for person in fair.expo.people[0])
    count = '1<span class="visually-hidden"> to do</span>'
    assert count in exhibitor.get(site.path("/week")) and count not in attendee.get(site.path("/week"))


def token(page: str) -> str:
    found = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert found
    return found[1]


def test_a_page_says_for_whom_it_may_be_kept_and_no_two_readers_are_one(make_site: MakeSite) -> None:
    site, _ = make_site(each=1, days=1)
    mine, theirs = site.exhibitor(0), site.exhibitor(1)
    kept = [
        browser.client.get(site.path("/my-day")).headers["X-Kept-For"] for browser in (mine, mine, theirs)
    ]
    assert kept[0] == kept[1] != kept[2] and len(kept[0]) == 16
    assert "X-Kept-For" not in mine.client.get(site.path("/agenda")).headers


def test_the_worker_controls_this_page_alone_and_signing_out_clears_what_is_kept(make_site: MakeSite) -> None:
    site, _ = make_site(each=1, days=1)
    browser = site.exhibitor(0)
    worker = browser.client.get(site.path("/my-day/worker.js"))
    assert worker.headers["Service-Worker-Allowed"] == site.path("/my-day")
    assert (worker.mimetype, worker.headers["Cache-Control"]) == ("text/javascript", "no-cache")
    manifest = browser.client.get(site.path("/my-day/manifest.webmanifest"))
    assert manifest.mimetype == "application/manifest+json"
    assert manifest.json["start_url"] == site.path("/my-day") and manifest.json["display"] == "standalone"
    for each in manifest.json["icons"]:
        assert browser.client.get(each["src"]).status_code == 200
    page = browser.get(site.path("/my-day"))
    left = browser.client.post("/sign-out", data={"csrf_token": token(page)})
    assert left.headers["Clear-Site-Data"] == '"storage"'


def test_a_day_of_twelve_meetings_is_small(make_site: MakeSite) -> None:
    site, _ = make_site(each=12, days=1, slots=12, told=True)
    response = site.exhibitor(0).client.get(site.path("/my-day"), headers={"Accept-Encoding": "gzip"})
    assert response.headers["Content-Encoding"] == "gzip"
    assert len(response.data) < 15_000
