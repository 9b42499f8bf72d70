"""The estimated delivery time: by the event's rate, and by the slowest provider."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select

from scheduler.domain.emails.rates import EmailRates
from scheduler.domain.entities import Refusal, VersionState
from scheduler.services.delivery import claims, delivery_estimates
from scheduler.storage.database import Database
from scheduler.storage.models import EmailRoute, Event, OutboxEmail
from tests.integration.delivery.post import fill
from tests.support.factories import (
    NOW,
    SECRET_KEY,
    make_event,
    make_request,
    make_version,
    meet,
)
from tests.support.publishing import draft, publish

RATES = EmailRates.parse("qq.com,foxmail.com=2")
MINUTE = timedelta(minutes=1)


def of_queue(database: Database) -> delivery_estimates.DeliveryEstimate:
    with database.read() as session:
        event_id = session.scalars(
            select(OutboxEmail.event_id).order_by(OutboxEmail.id.desc()).limit(1)
        ).one()
        event = session.get_one(Event, event_id)
        return delivery_estimates.estimate_queue(session, event, rates=RATES, now=NOW)


def test_mails_leave_at_the_rate_of_the_event_where_no_provider_takes_longer(database: Database) -> None:
    fill(database, 28, ["firm.example", "corp.example"], per_minute=7)
    assert of_queue(database) == delivery_estimates.DeliveryEstimate(28, 4 * MINUTE, "")


def test_a_provider_with_a_rate_takes_longer_with_all_of_its_domains(database: Database) -> None:
    fill(database, 40, ["qq.com", "foxmail.com", "firm.example", "corp.example"], per_minute=40)
    assert of_queue(database) == delivery_estimates.DeliveryEstimate(40, 10 * MINUTE, "qq.com")


def test_a_pause_comes_before(database: Database) -> None:
    fill(database, 20, ["firm.example", "corp.example"], per_minute=10)
    with database.write() as session:
        until = NOW + 30 * MINUTE
        session.add(EmailRoute(name="firm.example", refusal=Refusal.HOLD, paused_until=until))
    assert of_queue(database) == delivery_estimates.DeliveryEstimate(
        20, 31 * MINUTE, "firm.example", ("firm.example",)
    )


def test_a_publishing_is_expected_to_go_where_its_meetings_do(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session, firms=4, slots="6", mail_per_minute=1_000)
        expo.people[0][0].email = "a@qq.com"
        planned = [meet(make_request(session, expo, 0, i), expo, slot=i) for i in (1, 2, 3)]
        version = make_version(session, expo, planned, state=VersionState.DRAFT)
        expected = delivery_estimates.estimate_publishing(
            session, expo.event, version.id, 60, rates=RATES, now=NOW
        )
    assert expected == delivery_estimates.DeliveryEstimate(
        60, 15 * MINUTE, "qq.com"
    )  # half of the emails, two a minute
    assert expected.minutes == 15


def test_mails_about_the_nearest_meetings_leave_first(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session, firms=6, slots="6|6", mail_per_minute=60_000)
        slots = {1: 9, 2: 1, 3: 5}
        planned = [meet(make_request(session, expo, 0, i), expo, slot=slot) for i, slot in slots.items()]
        publish(session, expo, draft(session, expo, planned), None)
        rows = claims.claim_emails(session, worker="w", limit=50, secret_key=SECRET_KEY, now=NOW)
        starts = [
            row.payload["content"]["start"]
            for row in sorted(rows, key=lambda row: row.next_attempt_at)
            if row.kind == "invitation"
        ]
    assert len(set(starts)) == 3
    assert starts == sorted(starts)
