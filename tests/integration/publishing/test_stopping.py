"""Summaries: unsubscribing by link or mail client, and resubscribing by the same link."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from api import context
from scheduler.domain.consents import ConsentPurpose
from scheduler.domain.errors import NotFound
from scheduler.services.delivery import rendering, sent_records
from scheduler.services.emails.email_addresses import address_corrections
from scheduler.services.identity import summary_subscriptions
from scheduler.storage.database import Database
from scheduler.storage.models import Attendee, Event, OutboxEmail
from tests.integration.identity.test_readers import read, text
from tests.integration.publishing.test_summaries import address, claim, make, queued, two_meetings
from tests.support.factories import NOW, SECRET_KEY, Expo
from tests.support.notices import ask_consent, consent
from tests.support.publishing import SETTINGS, publish
from tests.support.web import web_app


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(context, "now", lambda: NOW)


def sent(database: Database) -> tuple[Expo, OutboxEmail, str]:
    """Return an event whose first summaries are sent, firm 0's summary, and its token."""
    with database.write() as session:
        expo = make(session)
        publish(session, expo, two_meetings(session, expo, (0, 1)), None)
        rows = claim(session)
    row = next(row for row in rows if row.kind == "summary" and row.to_address == address(expo, 0))
    return expo, row, sent_records.summary_token(row, SECRET_KEY)


def summed_up(database: Database, expo: Expo, version: int) -> set[str]:
    """Return the recipients of a version's summary in which the meetings move."""
    with database.write() as session:
        publish(
            session, expo, two_meetings(session, expo, (version, version + 1)), version, minutes=9 * version
        )
        found = set(queued(session))
        claim(session, minutes=9 * version + 1)
    return found


def test_the_link_stops_by_post_alone_without_cookie_or_page_and_leads_back(
    database: Database, broker_url: str
) -> None:
    expo, _, token = sent(database)
    client, path = web_app(database, broker_url).test_client(), f"/summaries/{token}"
    page = client.get(path, headers={"Accept-Encoding": "gzip"})
    assert "Content-Encoding" not in page.headers, "the page holds what opens something"
    assert page.status_code == 200 and "gets one summary of each new schedule" in page.text
    assert address(expo, 0) in summed_up(database, expo, 1), "a look stops nothing"
    answer = client.post(path, data={"List-Unsubscribe": "One-Click"})
    assert answer.status_code == 200 and "no longer gets summaries" in answer.text
    assert "no longer gets summaries" in client.get(path).text
    assert summed_up(database, expo, 2) == {address(expo, 1), address(expo, 2)}
    assert client.post(f"{path}/again").status_code == 303
    assert address(expo, 0) in summed_up(database, expo, 3)


def test_resubscribing_without_consent_says_that_no_emails_follow_and_none_do(
    database: Database, broker_url: str
) -> None:
    expo, _, token = sent(database)
    client, path = web_app(database, broker_url).test_client(), f"/summaries/{token}"
    with database.write() as session:
        ask_consent(session, expo, ConsentPurpose.NOTIFICATIONS)
    client.post(path)
    page = client.post(f"{path}/again", follow_redirects=True).text
    assert "because you haven't agreed to them" in page and "gets one summary" not in page
    assert address(expo, 0) not in summed_up(database, expo, 1)
    with database.write() as session:
        consent(session, expo, 0, ConsentPurpose.NOTIFICATIONS)
    page = client.get(path).text
    assert "because you haven't agreed to them" not in page and "gets one summary" in page
    assert address(expo, 0) in summed_up(database, expo, 2)


def test_m13_the_mail_has_the_link_for_programs_and_people_and_the_database_its_hash_only(
    database: Database,
) -> None:
    _, row, token = sent(database)
    mail = read(rendering.render_summary_email(SETTINGS, row).data)
    url = f"{SETTINGS.base_url}/summaries/{token}"
    assert mail["List-Unsubscribe"] == f"<{url}>" and url in text(mail)
    assert mail["List-Id"].split()[-1] == f"<summaries.{SETTINGS.mail_domain}>"
    with database.read() as session:
        person = session.get_one(Attendee, row.attendee_id)
        assert person.summary_hash is None and token not in str(row.payload)
        invitations = session.scalars(select(OutboxEmail).where(OutboxEmail.kind == "invitation")).all()
    for other in invitations:
        head = read(rendering.render_invitation_email(SETTINGS, other).data)
        assert (head["List-Unsubscribe"], head["List-Id"]) == (None, None)


def test_a_wrong_link_one_of_an_old_address_and_one_of_a_past_event_stop_nothing(database: Database) -> None:
    expo, row, token = sent(database)
    with database.write() as session, pytest.raises(NotFound):
        summary_subscriptions.unsubscribe(session, "a" * 32, secret_key=SECRET_KEY, now=NOW)
    with database.write() as session, pytest.raises(NotFound):
        summary_subscriptions.unsubscribe(
            session, token, secret_key=SECRET_KEY, now=NOW + timedelta(days=400)
        )
    with database.write() as session:
        summary_subscriptions.unsubscribe(session, token, secret_key=SECRET_KEY, now=NOW)
        key = expo.people[0][0].key
        new = "new@firm.example"
        address_corrections.correct_address(
            session, expo.organiser_actor(), key, new, settings=SETTINGS, now=NOW
        )
        assert session.get_one(Attendee, row.attendee_id).summaries_stopped_at is None
    with database.write() as session, pytest.raises(NotFound):
        summary_subscriptions.unsubscribe(session, token, secret_key=SECRET_KEY, now=NOW)


@pytest.mark.parametrize(
    ("language", "said"), [("zh", "退订汇总邮件"), ("hu", "Leiratkozás az összefoglalókról")]
)
def test_the_page_is_in_the_persons_language(
    database: Database, broker_url: str, language: str, said: str
) -> None:
    _, row, token = sent(database)
    with database.write() as session:
        session.get_one(Attendee, row.attendee_id).mail_language = language
    page = web_app(database, broker_url).test_client().get(f"/summaries/{token}").text
    assert said in page and re.search(rf'<html[^>]*lang="{language}"', page)


def test_of_an_archived_event_the_link_says_so_in_the_persons_language_and_stops_nothing(
    database: Database, broker_url: str
) -> None:
    expo, row, token = sent(database)
    with database.write() as session:
        session.get_one(Event, expo.event.id).archived_at = NOW
        session.get_one(Attendee, row.attendee_id).mail_language = "hu"
    client, path = web_app(database, broker_url).test_client(), f"/summaries/{token}"
    for answer in (client.get(path), client.post(path), client.post(f"{path}/again")):
        assert answer.status_code == 410 and "Ez a rendezvény véget ért" in answer.text
    with database.read() as session:
        assert session.get_one(Attendee, row.attendee_id).summaries_stopped_at is None
