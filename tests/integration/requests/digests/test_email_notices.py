"""What pages and emails say about emails follows from the event's settings and the outbox."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select, update

from chainmeet.demo import load_sample
from scheduler.domain.entities import OutboxState
from scheduler.samples.expo import make_expo
from scheduler.services.delivery import rendering
from scheduler.services.requests.digests import digest_settings
from scheduler.services.requests.digests.digest_settings import RequestMails
from scheduler.storage.database import Database
from scheduler.storage.models import DigestPreference, Event, OutboxEmail
from tests.integration.identity.test_readers import read
from tests.integration.requests.digests.test_digests import DAY, HOUR, MORNING, PENDING, expo_of, kinds, tell
from tests.support.factories import NOW, SECRET_KEY, make_request
from tests.support.publishing import SETTINGS
from tests.support.site import Site
from tests.support.web import web_app


def send(database: Database, *mails: OutboxEmail) -> None:
    """Mark these emails as sent."""
    with database.write() as session:
        ids = [mail.id for mail in mails]
        values: dict[str, Any] = {"attempts": 1, "state": OutboxState.SENT}
        session.execute(update(OutboxEmail).where(OutboxEmail.id.in_(ids)).values(**values))


@pytest.mark.parametrize(
    ("settings", "mails", "said", "not_said"),
    [
        ({}, RequestMails.DAILY, "You get an email about them once a day, at 8:00", "right away"),
        (
            {"asked_at_once": True},
            RequestMails.AT_ONCE,
            "You get an email about them right away",
            "once a day",
        ),
        ({"asked": False}, RequestMails.STOPPED, "You chose not to get emails about them.", "You get an"),
        (
            {"stopped_at": NOW},
            RequestMails.STOPPED,
            "You chose not to get emails about them.",
            "You get an",
        ),
        ({"digest_mails": False}, RequestMails.NEVER, "as soon as they arrive.", "email"),
        ({"bounced_at": NOW}, RequestMails.NEVER, "as soon as they arrive.", "email"),
    ],
)
def test_the_first_page_says_what_then_happens(
    settings: dict[str, Any],
    mails: RequestMails,
    said: str,
    not_said: str,
    database: Database,
    broker_url: str,
) -> None:
    with database.write() as session:
        expo = expo_of(session)
        make_request(session, expo, 1, 2)  # so that the firm is not new
        own = {name: value for name, value in settings.items() if hasattr(DigestPreference, name)}
        if own:
            session.add(DigestPreference(attendee_id=expo.people[1][0].id, **own))
        if "digest_mails" in settings:
            session.merge(expo.event).digest_mails = False
        if "bounced_at" in settings:
            session.merge(expo.people[1][0]).bounced_at = NOW
        session.flush()
        assert digest_settings.new_request_emails(session, expo.actor(1), now=NOW) is mails
    site = Site(web_app(database, broker_url), database, expo)
    page = site.exhibitor(1).get(site.path("/dashboard"))
    sentence = page.partition("Requests from other companies")[2].partition("</p>")[0]
    assert said in sentence and not_said not in sentence
    with database.write() as session:
        make_request(session, expo, 0, 1, state=PENDING, created_at=NOW)
    at_once, daily = (kinds(tell(database, at)) for at in (NOW + HOUR, MORNING))
    expected = {RequestMails.AT_ONCE: (1, 0), RequestMails.DAILY: (0, 1)}.get(mails, (0, 0))
    assert tuple(sum("asked" in items for _, items in made) for made in (at_once, daily)) == expected


def test_the_first_mail_says_so_and_how_to_stop_and_no_later_one_does(database: Database) -> None:
    with database.write() as session:
        expo = expo_of(session, firms=4)
        make_request(session, expo, 0, 1, state=PENDING)
    (first,) = tell(database, MORNING)
    assert first.payload["first"] == "daily"
    with database.write() as session:
        make_request(session, expo, 2, 1, state=PENDING, created_at=MORNING + HOUR)
    (again,) = tell(database, MORNING + DAY)
    assert again.payload["first"] == "daily"  # the first one was never sent
    send(database, again)
    with database.write() as session:
        make_request(session, expo, 3, 1, state=PENDING, created_at=MORNING + DAY + HOUR)
    (third,) = tell(database, MORNING + 2 * DAY)
    assert third.payload["first"] == ""


def test_that_a_mail_told_before_is_said_of_what_a_sent_mail_told(database: Database) -> None:
    with database.write() as session:
        expo = expo_of(session, firms=5)
        make_request(session, expo, 4, 1, state=PENDING, created_at=NOW - 2 * DAY)  # before digests started
        make_request(session, expo, 0, 1, state=PENDING)
    (first,) = tell(database, MORNING)
    assert (first.payload["others"], first.payload["unsaid"]) == (0, 1)
    with database.write() as session:
        make_request(session, expo, 2, 1, state=PENDING, created_at=MORNING + HOUR)
    (second,) = tell(database, MORNING + DAY)
    assert (second.payload["others"], second.payload["unsaid"]) == (0, 2)
    send(database, first)
    with database.write() as session:
        make_request(session, expo, 3, 1, state=PENDING, created_at=MORNING + DAY + HOUR)
    (third,) = tell(database, MORNING + 2 * DAY)
    assert (third.payload["others"], third.payload["unsaid"]) == (1, 2)


def test_digests_are_on_in_new_events(database: Database) -> None:
    with database.write() as session:
        made = Event(key="new", name="New", timezone="Asia/Shanghai", created_at=NOW, areas={"a": "A"})
        session.add(made)
        session.flush()
        assert made.digest_mails


def test_digests_are_on_in_the_demo(database: Database) -> None:
    sample = make_expo(firms=24, requests=20, seed=1)
    with database.write() as session:
        event = load_sample.load(
            session, sample, organiser_email="o@example.org", secret_key=SECRET_KEY, now=NOW
        )
        assert event.digest_mails and event.digests_since == NOW


def test_the_link_of_a_digest_stops_and_resumes_without_a_cookie(database: Database, broker_url: str) -> None:
    """As by a mail client (RFC 8058), and by a browser without cookies."""
    with database.write() as session:
        make_request(session, expo_of(session), 0, 1, state=PENDING)
    (mail,) = tell(database, MORNING)
    made = read(rendering.render_email(SETTINGS, mail, {}).data)
    path = str(made["List-Unsubscribe"]).strip("<>").partition(SETTINGS.base_url)[2]
    client = web_app(database, broker_url).test_client(use_cookies=False)
    assert "Unsubscribe from these emails" in client.get(path).text
    answer = client.post(path, data={"List-Unsubscribe": "One-Click"})
    assert answer.status_code == 200 and "Set-Cookie" not in answer.headers
    with database.read() as session:
        assert session.scalars(select(DigestPreference.stopped_at)).one() is not None
    assert client.post(f"{path}/again").status_code == 303
    with database.read() as session:
        assert session.scalars(select(DigestPreference.stopped_at)).one() is None
