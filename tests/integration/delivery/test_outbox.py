"""The outbox: each email is claimed once, sent at the event's rate, and identical on retry."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from scheduler.domain.entities import EmailFailure, OutboxState, VersionState
from scheduler.services.delivery import claims, refusal_handling, rendering
from scheduler.services.identity import sign_in
from scheduler.services.outbox import outbox
from scheduler.storage.database import Database
from scheduler.storage.models import Invitation, OutboxEmail
from tests.support.factories import (
    NOW,
    SECRET_KEY,
    Expo,
    make_event,
    make_request,
    make_version,
    meet,
)
from tests.support.publishing import SETTINGS, publish_version


def publish_some(session: Session, meetings: int = 3, **columns: int) -> Expo:
    """Create an event with two queued emails for each of some meetings."""
    expo = make_event(session, firms=meetings + 1, slots="12", **columns)
    planned = [meet(make_request(session, expo, 0, i + 1), expo, slot=i) for i in range(meetings)]
    version = make_version(session, expo, planned, state=VersionState.DRAFT)
    publish_version(
        session,
        event_id=expo.event.id,
        number=version.number,
        compared_with=None,
        by=None,
        settings=SETTINGS,
        now=NOW,
    )
    return expo


def claim(session: Session, minutes: float = 0, limit: int = 100, worker: str = "w") -> list[OutboxEmail]:
    now = NOW + timedelta(minutes=minutes)
    return claims.claim_emails(session, worker=worker, limit=limit, secret_key=SECRET_KEY, now=now)


def test_a_mail_is_claimed_once(database: Database) -> None:
    with database.write() as session:
        publish_some(session, mail_per_minute=60_000)
    with database.write() as session:
        first = claim(session, worker="a", limit=4)
    with database.write() as session:
        second = claim(session, worker="b", minutes=1)
        third = claim(session, worker="b", minutes=2)
    assert (len(first), len(second), third) == (4, 2, [])
    assert not {row.id for row in first} & {row.id for row in second}


def test_mails_go_out_at_the_rate_of_the_event(database: Database) -> None:
    with database.write() as session:
        publish_some(session, meetings=6, mail_per_minute=120)
        let_out = [len(claim(session, minutes=tick / 60)) for tick in range(5)]
        assert let_out == [2, 2, 2, 2, 2]


def test_a_sign_in_mail_does_not_wait_behind_invitations(database: Database) -> None:
    with database.write() as session:
        expo = publish_some(session, mail_per_minute=60_000)
        email = expo.people[0][0].email
        sign_in.queue_sign_in_email(
            session, email, secret_key=SECRET_KEY, mail_domain="expo.example", now=NOW
        )
        assert [row.kind for row in claim(session, limit=2)] == ["sign_in", "invitation"]


def test_a_calendar_counts_as_told_from_the_claim_on(database: Database) -> None:
    with database.write() as session:
        publish_some(session, meetings=1, mail_per_minute=60_000)
        assert session.scalars(select(Invitation)).all() == []
        rows = claim(session)
        told = {(row.uid, row.attendee_id) for row in session.scalars(select(Invitation))}
        assert told == {(row.uid, row.attendee_id) for row in rows}


def test_r8_a_retry_is_the_same_mail_to_the_byte(database: Database) -> None:
    with database.write() as session:
        publish_some(session, meetings=1, mail_per_minute=60_000)
        row = claim(session)[0]
        once = rendering.render_invitation_email(SETTINGS, row)
        refusal_handling.mark_failed(session, row, "try later", permanent=False, now=NOW)
        again = next(r for r in claim(session, minutes=2) if r.id == row.id)
        assert rendering.render_invitation_email(SETTINGS, again) == once


def test_a_temporary_failure_waits_longer_each_time_and_gives_up(database: Database) -> None:
    with database.write() as session:
        publish_some(session, meetings=1, mail_per_minute=60_000)
        row_id, now, waits = claim(session)[0].id, NOW, []
        for _ in range(len(refusal_handling.BACKOFF) + 1):
            row = session.get_one(OutboxEmail, row_id)
            refusal_handling.mark_failed(session, row, "451 try later", permanent=False, now=now)
            session.refresh(row)
            if row.state is OutboxState.FAILED:
                break
            waits.append(row.next_attempt_at - now)
            now = row.next_attempt_at
            claims.claim_emails(session, worker="w", limit=100, secret_key=SECRET_KEY, now=now)
        assert (tuple(waits), row.state, row.error) == (
            refusal_handling.BACKOFF,
            OutboxState.FAILED,
            "451 try later",
        )


def test_a_mail_that_is_held_waits_longer_each_time_and_is_given_up_after_the_last_wait(
    database: Database,
) -> None:
    with database.write() as session:
        publish_some(session, meetings=1, mail_per_minute=60_000)
        row, now, waits = claim(session)[0], NOW, []
        while len(waits) < len(refusal_handling.HELD_FOR):
            refusal_handling.hold_email(session, row, "554 spam", now=now)
            session.refresh(row)
            waits.append(row.next_attempt_at - now)
            assert (row.state, row.failure) == (OutboxState.QUEUED, EmailFailure.DEFERRED.value)
            now = row.next_attempt_at
            claims.claim_emails(session, worker="w", limit=100, secret_key=SECRET_KEY, now=now)
        assert tuple(waits) == refusal_handling.HELD_FOR
        refusal_handling.hold_email(session, row, "554 spam", now=now)
        session.refresh(row)
        assert (row.state, row.failure) == (OutboxState.FAILED, EmailFailure.PERMANENT.value)


def test_a_permanent_failure_is_not_tried_again(database: Database) -> None:
    with database.write() as session:
        expo = publish_some(session, meetings=1, mail_per_minute=60_000)
        refusal_handling.mark_failed(session, claim(session)[0], "550 no such user", permanent=True, now=NOW)
        assert outbox.count_mails(session, expo.event.id) == outbox.OutboxCounts(
            queued=0, sending=1, sent=0, failed=1
        )


def test_the_sweep_returns_mails_of_a_dead_sender(database: Database) -> None:
    with database.write() as session:
        publish_some(session, meetings=1, mail_per_minute=60_000)
        claim(session)
        assert claims.requeue_stale(session, now=NOW + timedelta(seconds=2 * claims.CLAIM_SECONDS - 1)) == 0
        assert claims.requeue_stale(session, now=NOW + timedelta(seconds=2 * claims.CLAIM_SECONDS + 1)) == 2
        assert len(claim(session, minutes=3)) == 2


def test_a_mail_that_a_sender_lost_is_not_marked_by_it(database: Database) -> None:
    with database.write() as session:
        publish_some(session, meetings=1, mail_per_minute=60_000)
        row_id = claim(session, worker="dead")[0].id
        claims.requeue_stale(session, now=NOW + timedelta(minutes=5))
        claim(session, minutes=6, worker="new")
        claims.mark_sent(session, row_id, worker="dead", now=NOW)
        assert session.get_one(OutboxEmail, row_id, populate_existing=True).state is OutboxState.SENDING
