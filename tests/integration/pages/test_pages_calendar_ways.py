"""Calendar options after a reply by link and beside each meeting, and which one was used."""

from __future__ import annotations

import html
import re
from datetime import timedelta

import icalendar
import pytest
from sqlalchemy import select

from scheduler.domain.emails.calendar_imports import CalendarImportMethod
from scheduler.services.emails.calendar_status import calendar_methods
from scheduler.services.schedule import feed_addresses
from scheduler.storage.database import Database
from scheduler.storage.models import Account, Attendee, CalendarUse
from tests.support import replies
from tests.support.factories import NOW, SECRET_KEY
from tests.support.published import Published
from tests.support.web import Browser, web_app

NOWHERE = "redis://127.0.0.1:1"
WECHAT = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) MicroMessenger/8.0.50 NetType/WIFI Language/zh_CN"
)


class Scene:
    def __init__(self, database: Database) -> None:
        self.published = Published(database)
        self.app = web_app(database, NOWHERE)
        self.visitor = Browser(self.app)
        self.link = f"/answers/{replies.token(self.published.mail_to(0))}"
        self.event = f"/events/{self.published.expo.event.key}"
        self.person = self.published.person(0)

    def browser(self, account_id: int) -> Browser:
        with self.published.database.read() as session:
            return Browser(self.app, session.get_one(Account, account_id))

    @property
    def used(self) -> set[CalendarImportMethod]:
        with self.published.database.read() as session:
            rows = session.execute(select(CalendarUse.way, CalendarUse.attendee_id)).all()
        assert {attendee_id for _, attendee_id in rows} <= {self.person.id}
        return {way for way, _ in rows}


@pytest.fixture
def scene(database: Database) -> Scene:
    return Scene(database)


def test_an_answer_by_link_offers_every_way(scene: Scene) -> None:
    assert 'id="ways-title"' not in scene.visitor.get(f"{scene.link}/")
    page = scene.visitor.post(f"{scene.link}/accept", sequence=0)
    assert '<h2 id="ways-title">Add to calendar</h2>' in page and "Open in browser" not in page
    for said in ("Calendar file", "Google Calendar", "Outlook.com", "Microsoft 365", "Copy text", "<svg"):
        assert said in page
    assert f'href="webcal://127.0.0.1:8000{scene.link}/follow.ics"' in page
    assert scene.used == set(), "to look at ways is to use none"


def test_the_file_is_the_meeting_of_the_invitation(scene: Scene) -> None:
    response = scene.visitor.client.get(f"{scene.link}/meeting.ics")
    (event,) = icalendar.Calendar.from_ical(response.data).walk("VEVENT")
    mail = scene.published.mail_to(0)
    assert (event["UID"], event["SEQUENCE"]) == (mail.uid, mail.sequence)
    assert response.mimetype == "text/calendar" and ".ics" in response.headers["Content-Disposition"]
    scene.published.publish_again(slot=3)
    (later,) = icalendar.Calendar.from_ical(scene.visitor.client.get(f"{scene.link}/meeting.ics").data).walk(
        "VEVENT"
    )
    assert later["UID"] == event["UID"] and later["SEQUENCE"] > event["SEQUENCE"]
    assert later["DTSTART"].dt != event["DTSTART"].dt
    assert scene.used == {CalendarImportMethod.FILE}


@pytest.mark.parametrize("way", ["google", "outlook", "microsoft365"])
def test_a_form_elsewhere_is_given_no_token(scene: Scene, way: str) -> None:
    response = scene.visitor.client.get(f"{scene.link}/to/{way}")
    token = scene.link.rpartition("/")[2]
    assert response.status_code == 303 and response.headers["Referrer-Policy"] == "no-referrer"
    assert response.location.startswith("https://") and token not in response.location
    assert scene.used == {CalendarImportMethod(way)}


def test_ways_are_refused_where_there_is_none(scene: Scene) -> None:
    for rest in ("to/yahoo", "to/file", "to/copy"):
        assert scene.visitor.client.get(f"{scene.link}/{rest}").status_code == 404
    for rest in ("meeting.ics", "follow.ics", "to/google"):
        assert scene.visitor.client.get(f"/answers/{'a' * 32}/{rest}").status_code == 404
    assert scene.used == set()


def test_a_meeting_that_is_off_is_cancelled_for_subscribers_and_has_no_other_way(scene: Scene) -> None:
    scene.published.answer(0, "DECLINED")
    scene.published.publish_again()
    assert "Add to calendar" not in scene.visitor.get(f"{scene.link}/calendar")
    assert scene.visitor.client.get(f"{scene.link}/meeting.ics").status_code == 404
    followed = scene.visitor.client.get(f"{scene.link}/follow.ics")
    (event,) = icalendar.Calendar.from_ical(followed.data).walk("VEVENT")
    assert event["STATUS"] == "CANCELLED"


def test_an_app_that_opens_pages_itself_is_told_to_let_the_browser_do_it(scene: Scene) -> None:
    scene.visitor.client.environ_base["HTTP_USER_AGENT"] = WECHAT
    page = scene.visitor.get(f"{scene.link}/calendar")
    assert "This page opened inside WeChat" in page
    address = html.unescape(re.search(r'id="ways-address"[^>]*value="([^"]+)"', page)[1])  # type: ignore[index]
    assert address.endswith(f"{scene.link}/calendar")


def test_each_way_is_one_row_a_person_however_often_it_is_used(scene: Scene) -> None:
    for _ in range(3):
        scene.visitor.get(f"{scene.link}/calendar?by=code")
        scene.visitor.post(f"{scene.link}/copied", status=204)
        scene.visitor.client.get(f"{scene.link}/follow.ics")
    with scene.published.database.read() as session:
        person = session.get_one(Attendee, scene.person.id)
        feed = feed_addresses.feed_token(feed_addresses.build_owner(person), SECRET_KEY)
    assert scene.visitor.client.get(f"/calendar/{feed}.ics").status_code == 200
    mine = scene.browser(scene.person.account_id)
    assert mine.client.get(f"{scene.event}/agenda.pdf").status_code == 200
    used = {
        CalendarImportMethod.CODE,
        CalendarImportMethod.COPY,
        CalendarImportMethod.FOLLOW,
        CalendarImportMethod.FEED,
        CalendarImportMethod.PRINT,
    }
    assert scene.used == used and scene.published.count(CalendarUse) == len(used)
    organiser = scene.browser(scene.published.expo.organiser.id)
    board, page = (
        organiser.get(f"{scene.event}/calendar-status/{rest}") for rest in ("", f"people/{scene.person.key}")
    )
    for way in used:
        assert calendar_methods.WORDS[way] in board and calendar_methods.WORDS[way] in page


def test_a_use_is_written_again_after_half_a_day(scene: Scene) -> None:
    token = scene.link.rpartition("/")[2]
    seen = []
    for hours in (0, 11, 12, 13):
        with scene.published.database.write() as session:
            calendar_methods.record_link_use(
                session, token, CalendarImportMethod.FILE, now=NOW + timedelta(hours=hours)
            )
        with scene.published.database.read() as session:
            seen.append(session.scalars(select(CalendarUse.last_used_at)).one() - NOW)
    assert seen == [timedelta(hours=hours) for hours in (0, 0, 12, 12)]


def test_the_agenda_and_my_day_lead_to_the_ways_of_each_meeting(scene: Scene) -> None:
    mine = scene.browser(scene.person.account_id)
    for page in ("agenda", "my-day", f"week?meeting={scene.published.request.key}"):
        assert f"{scene.link}/calendar" in mine.get(f"{scene.event}/{page}"), page
