"""Digest links: they show, ask for confirmation, respond, and unsubscribe; subscription settings."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from email import message_from_bytes

import pytest

from scheduler.domain.entities import RequestState
from scheduler.services.delivery import delivery
from scheduler.services.requests.digests import digest_sending, digest_settings
from scheduler.services.requests.digests.digest_settings import HowOften
from scheduler.storage.database import Database
from scheduler.storage.models import Attendee, DigestPreference, Event, MeetingRequest
from tests.integration.delivery.test_sending import to
from tests.support.factories import NOW, make_event, make_request
from tests.support.publishing import SETTINGS
from tests.support.site import Site
from tests.support.web import Browser, web_app
from tests.unit.invites.test_transport import Catcher, serving

pytestmark = pytest.mark.smtp
AT_ONCE, DAILY, OFF = HowOften


@dataclass
class Letter:
    """A digest as received over SMTP, with what the page needs."""

    site: Site
    plain: str
    headers: dict[str, str]
    request: MeetingRequest

    def path(self, which: str) -> str:
        found = re.search(rf"{SETTINGS.base_url}(/{which})", self.plain)
        assert found is not None, self.plain
        return found[1]

    def state(self) -> RequestState:
        with self.site.database.read() as session:
            return session.get_one(MeetingRequest, self.request.id).state


@pytest.fixture
def letter(database: Database, broker_url: str) -> Letter:
    """A must-have from firm 0 to firm 1, and the email to its exhibitor."""
    now = database.now()
    with database.write() as session:
        expo = make_event(
            session, people=2, digest_mails=True, digests_since=now - timedelta(days=1),
            mail_per_minute=60_000, first_day=(now + timedelta(days=30)).date(),
        )  # fmt: skip
        request = make_request(
            session, expo, 0, 1, state=RequestState.PENDING, priority=5, topic="Graphite blocks",
            message="With references.", created_at=now, expires_at=now + timedelta(days=9),
        )  # fmt: skip
        assert digest_sending.queue_due_digests(session, SETTINGS, now=now) == 1
    with serving(Catcher()) as catcher:
        assert delivery.deliver_emails(database, to(catcher), worker="w", now=database.now) == 1
    _, recipients, octets = catcher.taken[0]
    assert recipients == [expo.people[1][0].email]
    mail = message_from_bytes(octets)
    text = next(part for part in mail.walk() if part.get_content_type() == "text/plain")
    plain = text.get_payload(decode=True).decode()  # type: ignore[union-attr]
    return Letter(Site(web_app(database, broker_url), database, expo), plain, dict(mail.items()), request)


def test_opening_a_link_answers_nothing_and_its_button_does(letter: Letter) -> None:
    browser = Browser(letter.site.app)
    page = browser.get(letter.path("respond/[a-z0-9]+/accept"))
    assert "Graphite blocks" in page and "With references." in page
    assert letter.state() is RequestState.PENDING
    page = browser.post(letter.path("respond/[a-z0-9]+/accept"), note="Gladly")
    assert "This request has been accepted." in page
    with letter.site.database.read() as session:
        request = session.get_one(MeetingRequest, letter.request.id)
        assert (request.state, request.response_note) == (RequestState.ACCEPTED, "Gladly")
        assert request.responded_by == letter.site.expo.people[1][0].id


def test_an_answer_by_a_link_can_be_taken_back(letter: Letter) -> None:
    browser = Browser(letter.site.app)
    browser.get(letter.path("respond/[a-z0-9]+/decline"))
    assert "This request has been declined." in browser.post(letter.path("respond/[a-z0-9]+/decline"))
    undo = letter.path("respond/[a-z0-9]+/decline").replace("decline", "undo")
    assert "needs your response" in browser.post(undo)
    assert letter.state() is RequestState.PENDING


def test_what_was_answered_meanwhile_is_said(letter: Letter) -> None:
    browser = Browser(letter.site.app)
    browser.get(letter.path("respond/[a-z0-9]+/accept"))
    with letter.site.database.write() as session:
        session.get_one(MeetingRequest, letter.request.id).state = RequestState.WITHDRAWN
    page = browser.post(letter.path("respond/[a-z0-9]+/accept"), 409)
    assert "The request has changed in the meantime." in page and "This request was cancelled." in page
    assert "<textarea" not in page


@pytest.mark.parametrize("change", ["address", "role"])
def test_a_link_ends_with_the_address_or_the_role(letter: Letter, change: str) -> None:
    with letter.site.database.write() as session:
        person = session.get_one(Attendee, letter.site.expo.people[1][0].id)
        if change == "address":
            person.email = "new@firm.example"
        else:
            person.is_exhibitor = False
    browser = Browser(letter.site.app)
    browser.get(letter.path("respond/[a-z0-9]+/accept"), status=404)
    assert browser.client.post(letter.path("respond/[a-z0-9]+/accept")).status_code in (400, 403, 404)


def test_a_mail_program_stops_the_mails_by_one_press(letter: Letter) -> None:
    path = letter.headers["List-Unsubscribe"].strip("<>").removeprefix(SETTINGS.base_url)
    stranger = letter.site.app.test_client()
    assert "gets an email when other companies request a meeting" in stranger.get(path).text
    answer = stranger.post(path, data={"List-Unsubscribe": "One-Click"})
    assert answer.status_code == 200 and "no longer gets emails about requests" in answer.text
    with letter.site.database.read() as session:
        assert session.get_one(DigestPreference, letter.site.expo.people[1][0].id).stopped_at is not None
    assert stranger.post(f"{path}/again").status_code == 303
    with letter.site.database.read() as session:
        assert session.get_one(DigestPreference, letter.site.expo.people[1][0].id).stopped_at is None


def test_a_person_chooses_what_to_be_told(letter: Letter) -> None:
    browser = letter.site.exhibitor(1)
    page = browser.get(letter.site.path("/preferences"))
    assert page.count('value="daily" checked') == 3, "as it is without a choice"
    page = browser.post(
        letter.site.path("/preferences/emails"), asked="at-once", reminders="off", answers="x"
    )
    assert page.count('value="at-once" checked') == page.count('value="off" checked') == 1
    with letter.site.database.read() as session:
        wishes = digest_settings.read_own_settings(session, letter.site.expo.actor(1), now=NOW)
    assert wishes is not None
    assert (wishes.asked, wishes.reminders, wishes.answers) == (AT_ONCE, OFF, DAILY), (
        "another text changes nothing"
    )


def test_a_person_chooses_by_whose_clock_the_daily_email_comes(letter: Letter) -> None:
    site = letter.site
    browser, path = site.exhibitor(1), site.path("/preferences/emails")
    with site.database.write() as session:
        session.get_one(Attendee, site.expo.people[1][0].id).timezone = "Europe/Budapest"
    page = browser.get(site.path("/preferences"))
    assert '<option value="own" selected>08:00 in Budapest</option>' in page
    assert '<option value="venue">08:00 at the venue</option>' in page
    for clock in ("venue", "neither"):
        page = browser.post(path, clock=clock)
        assert '<option value="venue" selected>' in page, "another text changes nothing"
    assert '<option value="own" selected>' in browser.post(path, clock="own")
    with site.database.write() as session:
        session.get_one(Attendee, site.expo.people[1][0].id).timezone = site.expo.event.timezone
    page = browser.get(site.path("/preferences"))
    assert 'name="clock"' not in page and "is sent at <b>08:00 in Shanghai</b>" in page


def test_only_who_answers_for_the_firm_has_that_choice(letter: Letter) -> None:
    page = letter.site.browser(letter.site.expo.people[1][1]).get(letter.site.path("/preferences"))
    assert "New requests" not in page and 'name="asked"' not in page


def test_links_of_an_archived_event_say_that_it_is_over(letter: Letter) -> None:
    browser = Browser(letter.site.app)
    paths = (letter.path("respond/[a-z0-9]+/accept"), letter.path("digests/[a-z0-9]+"))
    for path in paths:
        browser.get(path)
    with letter.site.database.write() as session:
        session.get_one(Event, letter.site.expo.event.id).archived_at = NOW
    for path in paths:
        assert "This event is over" in browser.post(path, status=410)
        assert "This event is over" in browser.get(path, status=410)
    assert letter.state() is RequestState.PENDING
