"""On an organiser's request, each firm gets at most one reminder of pending requests a day."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from scheduler.domain.entities import OutboxKind, RequestState
from scheduler.domain.errors import NotAllowed
from scheduler.domain.team import TeamRole
from scheduler.services.identity import actors
from scheduler.services.identity.tokens import answer_token
from scheduler.services.requests import requests
from scheduler.services.requests.digests import digest_links, reminders
from scheduler.services.requests.digests.reminders import Reminder
from scheduler.storage.database import Database
from scheduler.storage.models import Attendee, DigestPreference, OutboxEmail
from tests.support.factories import (
    NOW,
    SECRET_KEY,
    Expo,
    make_attendee,
    make_event,
    make_member,
    make_request,
)
from tests.support.publishing import SETTINGS
from tests.support.races import race
from tests.support.web import Browser, web_app

PENDING = RequestState.PENDING
DAY = timedelta(days=1)


def scene(session: Session) -> Expo:
    """Two requests wait for a firm with two exhibitors, and one each for two others. Digests are off."""
    expo = make_event(session, firms=4)
    make_attendee(session, expo, 1, is_exhibitor=True)
    for sender, receiver in ((0, 1), (2, 1), (0, 2), (0, 3)):
        make_request(session, expo, sender, receiver, state=PENDING)
    return expo


def remind(database: Database, expo: Expo, days: float = 0) -> int:
    with database.write() as session:
        return reminders.send_reminders(session, expo.organiser_actor(), SETTINGS, now=NOW + days * DAY)


def mails(database: Database) -> list[OutboxEmail]:
    with database.read() as session:
        found = select(OutboxEmail).where(OutboxEmail.kind == OutboxKind.DIGEST).order_by(OutboxEmail.id)
        return list(session.scalars(found))


def test_each_firm_gets_one_mail_with_all_that_waits_there(database: Database) -> None:
    with database.write() as session:
        expo = scene(session)
        assert reminders.preview_reminder(session, expo.organiser_actor(), now=NOW) == Reminder(3, 4, 0, 0)
    assert remind(database, expo) == 3
    said = [(mail.to_name, [item["kind"] for item in mail.payload["items"]]) for mail in mails(database)]
    assert said == [("F1-P0", ["asked", "asked"]), ("F2-P0", ["asked"]), ("F3-P0", ["asked"])]


def test_its_links_answer(database: Database) -> None:
    with database.write() as session:
        expo = scene(session)
    remind(database, expo)
    item = mails(database)[1].payload["items"][0]
    with database.write() as session:
        person = session.get_one(Attendee, expo.people[2][0].id)
        token = answer_token(SECRET_KEY, item["key"], person.id, person.email)
        answered = digest_links.respond_to_request(session, token, "accept", secret_key=SECRET_KEY, now=NOW)
    assert answered is RequestState.ACCEPTED


def test_nobody_is_reminded_twice_a_day_and_again_the_day_after(database: Database) -> None:
    with database.write() as session:
        expo = scene(session)
    assert [remind(database, expo, days) for days in (0, 0.9, 1)] == [3, 0, 3]
    with database.read() as session:
        found = reminders.preview_reminder(session, expo.organiser_actor(), now=NOW + DAY)
    assert found == Reminder(0, 0, 3, 0)


def test_who_takes_no_such_mails_is_left_out_and_counted(database: Database) -> None:
    with database.write() as session:
        expo = scene(session)
        ids = [expo.people[firm][0].id for firm in (2, 3)]
        session.add(DigestPreference(attendee_id=ids[0], stopped_at=NOW))
        session.execute(update(Attendee).where(Attendee.id == ids[1]).values(bounced_at=NOW))
        assert reminders.preview_reminder(session, expo.organiser_actor(), now=NOW) == Reminder(1, 2, 0, 2)
    assert remind(database, expo) == 1


def test_what_was_answered_is_not_reminded_of(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session)
        asked = make_request(session, expo, 0, 1, state=PENDING)
        requests.decline_request(session, expo.actor(1), asked.key, now=NOW)
    assert remind(database, expo) == 0


def test_of_two_who_press_at_once_one_reminds(database: Database) -> None:
    with database.write() as session:
        expo = scene(session)

    def step(session: Session) -> int:
        return reminders.send_reminders(session, expo.organiser_actor(), SETTINGS, now=NOW)

    assert set(race(database, step, step)) == {0, 3} and len(mails(database)) == 3


def test_only_organisers_remind(database: Database) -> None:
    with database.write() as session:
        expo = scene(session)
        reader = make_member(session, expo, TeamRole.VIEWER)
        for actor in (expo.actor(0), actors.actor_for(session, reader.id, expo.event.key, now=NOW)):
            with pytest.raises(NotAllowed):
                reminders.send_reminders(session, actor, SETTINGS, now=NOW)


def test_the_page_says_what_goes_out_before_it_does(database: Database, broker_url: str) -> None:
    with database.write() as session:
        expo = scene(session)
    browser, path = Browser(web_app(database, broker_url), expo.organiser), f"/events/{expo.event.key}"
    assert "Send reminders" in browser.get(path)
    assert "<b>3 emails</b>, one per exhibitor." in browser.get(f"{path}/reminders") and not mails(database)
    assert "3 reminders queued, one per exhibitor." in browser.post(f"{path}/reminders")
    again = browser.get(f"{path}/reminders")
    assert "No exhibitor needs a reminder now." in again
    assert "3 exhibitors got an email about requests in the last 24 hours and get none today." in again
    assert "No exhibitor was reminded." in browser.post(f"{path}/reminders")
