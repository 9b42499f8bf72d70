"""The dashboard's forecast of emails equals what is then sent, if nothing changes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import inspect, select
from sqlalchemy.orm import Session

from scheduler.domain.entities import MUST, AfterRun, OutboxKind, OutboxState, RequestState
from scheduler.services.events import upcoming_emails
from scheduler.services.events.upcoming_emails import EmailBatch, EmailGroup
from scheduler.services.requests.digests import digest_sending, due
from scheduler.services.requests.transitions import UNDO_TIME
from scheduler.storage.database import Database
from scheduler.storage.models import DigestPreference, Event, OutboxEmail
from tests.support.factories import NOW, Expo, make_event, make_firms, make_night, make_request
from tests.support.publishing import SETTINGS
from tests.support.queries import count_selects
from tests.support.web import Browser, web_app

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
MORNING = datetime(2026, 11, 25, 0, tzinfo=UTC)
"""The morning after NOW, 08:00 in Shanghai."""
PENDING = RequestState.PENDING


@pytest.fixture
def app(database: Database) -> Flask:
    return web_app(database, "redis://127.0.0.1:1")


def queue_email(session: Session, expo: Expo, kind: OutboxKind, *, firm: int | None, **columns: Any) -> None:
    """Queue an email to the exhibitor of a firm, or to another address."""
    attendee = None if firm is None else expo.people[firm][0]
    number = len(session.scalars(select(OutboxEmail.id)).all())
    values = {
        "event_id": expo.event.id,
        "attendee_id": attendee.id if attendee else None,
        "to_address": attendee.email if attendee else "interpreter@expo.example",
        "message_id": f"<{number}@expo.example>",
        "state": OutboxState.QUEUED,
        "created_at": NOW,
        "next_attempt_at": NOW,
        **columns,
    }
    session.add(OutboxEmail(kind=kind, **values))
    session.flush()


def digest_expo(session: Session, **columns: Any) -> Expo:
    return make_event(session, digest_mails=True, digests_since=NOW - 30 * DAY, **columns)


def test_queued_emails_are_counted_by_group_with_their_recipients(database: Database) -> None:
    with database.write() as session:
        expo, other = make_event(session), make_event(session)
        queue_email(session, expo, OutboxKind.INVITATION, firm=0, next_attempt_at=NOW + HOUR)
        queue_email(session, expo, OutboxKind.INVITATION, firm=1)
        queue_email(session, expo, OutboxKind.RESEND, firm=1, state=OutboxState.SENDING)
        queue_email(session, expo, OutboxKind.SUMMARY, firm=0)
        queue_email(session, expo, OutboxKind.BRIEFING, firm=None)
        for left_out in (
            {"state": OutboxState.SENT},
            {"state": OutboxState.FAILED},
            {"stopped_at": NOW},
            {"next_attempt_at": NOW + DAY + HOUR},
        ):
            queue_email(session, expo, OutboxKind.INVITATION, firm=2, **left_out)
        queue_email(session, other, OutboxKind.INVITATION, firm=2)
    with database.read() as session:
        found = upcoming_emails.forecast_emails(session, expo.event.id, now=NOW)
    assert found.batches == (
        EmailBatch(EmailGroup.MEETINGS, 3, NOW),
        EmailBatch(EmailGroup.CHANGES, 1, NOW),
        EmailBatch(EmailGroup.INTERPRETERS, 1, NOW),
    )
    assert (found.emails, found.people, found.is_paused) == (5, 3, False)


def test_a_digest_is_expected_in_the_morning_and_one_with_a_must_have_now(database: Database) -> None:
    with database.write() as session:
        expo = digest_expo(session, firms=4)
        make_request(session, expo, 0, 1, state=PENDING)
        make_request(session, expo, 0, 2, state=PENDING, priority=MUST)
        make_request(session, expo, 3, 2, state=PENDING)
        queue_email(session, expo, OutboxKind.SUMMARY, firm=1)
    with database.read() as session:
        expected = due.forecast_digests(session, expo.event.id, now=NOW, until=NOW + DAY)
        found = upcoming_emails.forecast_emails(session, expo.event.id, now=NOW)
    assert expected == {expo.people[1][0].id: MORNING, expo.people[2][0].id: NOW}
    assert found.batches == (
        EmailBatch(EmailGroup.CHANGES, 1, NOW),
        EmailBatch(EmailGroup.REQUESTS, 2, NOW),
    )
    assert (found.emails, found.people) == (3, 2), "one of them gets both"


def test_an_event_without_digests_expects_none(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session)
        make_request(session, expo, 0, 1, state=PENDING)
    with database.read() as session:
        assert upcoming_emails.forecast_emails(session, expo.event.id, now=NOW).batches == ()


def test_the_clock_then_sends_the_expected_digests_to_the_same_people(database: Database) -> None:
    """Requests in all states, half of which change their state for a digest only during the day."""
    with database.write() as session:
        expo = digest_expo(session, firms=12)
        other = digest_expo(session, firms=2)
        make_request(session, other, 0, 1, state=PENDING)
        make_request(session, expo, 0, 1, state=PENDING)
        make_request(session, expo, 2, 3, state=RequestState.DECLINED, responded_at=NOW - HOUR)
        make_request(session, expo, 4, 5, responded_at=NOW - UNDO_TIME / 2)
        old = {"state": PENDING, "created_at": NOW - 20 * DAY}
        for at, receiver in ((60, 6), (30, 7), (100, 8), (20, 9), (200, 10)):
            reminded = make_request(session, expo, 11, receiver, **old, expires_at=NOW + at * HOUR)
            reminded.quiet_until = reminded.created_at
        session.add(DigestPreference(attendee_id=expo.people[7][0].id, reminders=False))
        session.add(DigestPreference(attendee_id=expo.people[1][0].id, asked_at_once=True))
    with database.read() as session:
        expected = due.forecast_digests(session, expo.event.id, now=NOW, until=NOW + DAY)
    sent: dict[int, datetime] = {}
    for minutes in range(0, 24 * 60 + 1, 10):
        now = NOW + timedelta(minutes=minutes)
        with database.write() as session:
            digest_sending.queue_due_digests(session, SETTINGS, now=now)
    with database.read() as session:
        query = select(OutboxEmail.attendee_id, OutboxEmail.created_at).order_by(OutboxEmail.id.desc())
        for attendee_id, created_at in session.execute(
            query.where(OutboxEmail.event_id == expo.event.id, OutboxEmail.kind == OutboxKind.DIGEST)
        ):
            sent[attendee_id or 0] = created_at
    people = {person.id: i for i, members in enumerate(expo.people) for person in members}
    assert {people[who]: at for who, at in expected.items()} == {people[who]: at for who, at in sent.items()}
    assert len(sent) >= 6


def test_the_number_of_queries_does_not_grow(database: Database) -> None:
    with database.write() as session:
        small, large = digest_expo(session), digest_expo(session)
        make_firms(session, large, 40, booth=False)
        for i in range(1, 40):
            make_request(session, large, 0, i, state=PENDING)
            queue_email(session, large, OutboxKind.SUMMARY, firm=i)
    counts = [
        count_selects(
            database,
            lambda session, expo=expo: upcoming_emails.forecast_emails(session, expo.event.id, now=NOW),
        )
        for expo in (small, large)
    ]
    assert counts == [5, 5]


def test_the_panel_says_how_many_emails_go_out_to_whom_and_when(database: Database, app: Flask) -> None:
    with database.write() as session:
        expo = digest_expo(session)
    browser, path = Browser(app, expo.organiser), f"/events/{expo.event.key}"
    page = panel(browser.get(path))
    assert "No emails are due." in page and "Paused" not in page
    with database.write() as session:
        make_request(session, expo, 0, 1, state=PENDING, created_at=NOW)
        queue_email(session, expo, OutboxKind.INVITATION, firm=0)
        make_night(session, expo, then=AfterRun.PUBLISH, next_at=NOW + HOUR)
        session.get_one(Event, expo.event.id).live_at = None
    page = panel(browser.get(path))
    for said in (
        "<b>2</b> emails to 2 people",
        "Invitations and updates",
        "Being sent now",
        "Request digests",
        "From Wed, 25 Nov, 08:00",
        "emails reach only organisers",
        "Its emails aren't counted.",
        "Preview emails",
    ):
        assert said in page, said
    with database.write() as session:
        session.get_one(Event, expo.event.id).mails_paused_at = NOW
    page = panel(browser.get(path))
    assert "Emails are paused." in page and "Being sent now" not in page


def test_the_panel_says_when_the_last_email_goes_out_if_that_takes_longer(
    database: Database, app: Flask
) -> None:
    with database.write() as session:
        expo = make_event(session)
        session.get_one(Event, expo.event.id).mail_per_minute = 1
        for _ in range(3):
            queue_email(session, expo, OutboxKind.INVITATION, firm=0, domain="firm.example")
    browser, path = Browser(app, expo.organiser), f"/events/{expo.event.key}"
    assert "The last email goes out" not in panel(browser.get(path))
    with database.write() as session:
        last = session.scalars(select(OutboxEmail).order_by(OutboxEmail.id.desc())).first()
        assert last is not None
        copied = {column.key: getattr(last, column.key) for column in inspect(OutboxEmail).column_attrs}
        del copied["id"]
        session.add_all(OutboxEmail(**copied | {"message_id": f"<more-{n}@x>"}) for n in range(36 * 60 - 3))
    page = panel(browser.get(path))
    assert "<b>2,160</b> emails to 1 person" in page
    assert "The last email goes out in about <strong>36 hours</strong>" in page


def panel(page: str) -> str:
    return page.partition('aria-labelledby="emails"')[2].partition("</section>")[0]
