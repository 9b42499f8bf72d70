"""Queued emails: paused, resumed, stopped, sent later, or replaced by the next publication."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from scheduler.domain.entities import OutboxState, VersionState
from scheduler.domain.errors import NotAllowed, PublishingInProgress
from scheduler.services.delivery import claims, delivery, delivery_estimates, email_alerts, email_queue
from scheduler.services.identity import sign_in
from scheduler.services.outbox import outbox
from scheduler.services.publishing.job_execution import JobEnding
from scheduler.services.schedule import versions
from scheduler.storage.database import Database
from scheduler.storage.models import OutboxEmail
from tests.integration.delivery.test_outbox import claim, publish_some
from tests.integration.delivery.test_sending import Sender
from tests.integration.publishing.scene import Scene
from tests.support.factories import NOW, SECRET_KEY, make_account, make_version
from tests.support.publishing import SETTINGS, publish_version
from tests.support.threads import Step
from tests.unit.invites.test_transport import Catcher, serving


def test_a_paused_event_sends_nothing_but_what_a_person_waits_for(database: Database) -> None:
    with database.write() as session:
        expo = publish_some(session, mail_per_minute=60_000)
        other = publish_some(session, mail_per_minute=60_000)
        assert email_queue.pause_emails(session, expo.organiser_actor(), now=NOW)
        assert not email_queue.pause_emails(session, expo.organiser_actor(), now=NOW), "it was paused already"
        sign_in.queue_sign_in_email(
            session, make_account(session).email, secret_key=SECRET_KEY, mail_domain="expo.example", now=NOW
        )
    with database.write() as session:
        taken = claim(session, minutes=1)
        assert Counter(row.event_id for row in taken) == {None: 1, other.event.id: 6}
        assert not claims.is_email_due(session, now=NOW + timedelta(minutes=2))
        assert email_queue.resume_emails(session, expo.organiser_actor(), now=NOW)
        assert claims.is_email_due(session, now=NOW + timedelta(minutes=2))
        assert len(claim(session, minutes=2)) == 6


def test_a_rate_beyond_all_sense_stops_no_mail(database: Database) -> None:
    with database.write() as session:
        fast = publish_some(session, mail_per_minute=2_000_000_000)
        other = publish_some(session, mail_per_minute=60_000)
    with database.write() as session:
        taken = Counter(row.event_id for row in claim(session, minutes=1))
        assert taken == {fast.event.id: 6, other.event.id: 6}


def test_paused_and_stopped_mails_are_no_failure_of_the_outbox(database: Database) -> None:
    later = NOW + timedelta(hours=1)
    with database.write() as session:
        expo = publish_some(session)
        assert email_alerts.update_outbox_alert(session, now=later)
        assert email_alerts.find_oldest_due(session, now=NOW) is not None
        email_queue.pause_emails(session, expo.organiser_actor(), now=NOW)
        assert not email_alerts.update_outbox_alert(session, now=later)
        assert email_alerts.find_oldest_due(session, now=NOW) is None
        email_queue.stop_emails(session, expo.organiser_actor(), now=NOW)
        assert not email_alerts.update_outbox_alert(session, now=later)
        assert email_alerts.find_oldest_due(session, now=NOW) is None
        assert (
            delivery_estimates.estimate_queue(session, expo.event, rates=SETTINGS.rates, now=later).mails == 0
        )


def test_stopped_mails_stay_until_they_are_sent_after_all(database: Database) -> None:
    with database.write() as session:
        expo = publish_some(session, mail_per_minute=60_000)
        actor = expo.organiser_actor()
        claim(session, limit=2)
        email_queue.pause_emails(session, actor, now=NOW)
        assert email_queue.stop_emails(session, actor, now=NOW) == 4
        counts = outbox.count_mails(session, expo.event.id)
        assert (counts.queued, counts.sending, counts.stopped) == (0, 2, 4)
        assert claim(session, minutes=1) == []
        assert not outbox.is_event_paused(session, expo.event.id), "what comes later goes out"
        assert email_queue.requeue_stopped_emails(session, actor, now=NOW) == 4
        assert len(claim(session, minutes=2)) == 4


def test_the_next_publishing_tells_the_net_effect_of_what_was_stopped(database: Database) -> None:
    with database.write() as session:
        expo = publish_some(session, mail_per_minute=60_000)
        first = versions.find_published_version(session, expo.event.id)
        assert first is not None
        email_queue.stop_emails(session, expo.organiser_actor(), now=NOW)
        meetings = versions.list_meetings(session, first.id)
        moved = [replace(meetings[0], slot=expo.slots[9].key), *meetings[1:]]
        make_version(session, expo, moved, state=VersionState.DRAFT)
        mails = publish_version(session, event_id=expo.event.id, number=2, compared_with=1)
        assert mails == 6
        rows = session.scalars(select(OutboxEmail)).all()
        assert len(rows) == 6, "the stopped ones are gone"
        assert {row.payload["kind"] for row in rows} == {"new"}
        assert outbox.count_mails(session, expo.event.id).stopped == 0


def test_a_summary_that_was_stopped_is_said_anew(database: Database) -> None:
    scene = Scene(database)
    scene.do(scene.ask())
    with database.write() as session:
        for row in session.scalars(select(OutboxEmail).where(OutboxEmail.kind == "invitation")):
            row.state = OutboxState.SENT
            row.attempts = 1
        stopped = email_queue.stop_emails(session, scene.expo.organiser_actor(), now=database.now())
        assert stopped == 8
        make_version(session, scene.expo, [], state=VersionState.DRAFT)
        publish_version(session, event_id=scene.expo.event.id, number=2, compared_with=1, now=database.now())
        summaries = session.scalars(select(OutboxEmail).where(OutboxEmail.kind == "summary")).all()
        assert all(row.stopped_at is None for row in summaries)


def test_while_mails_are_written_they_are_paused_and_not_stopped(database: Database) -> None:
    scene = Scene(database)
    job = scene.ask()
    ended = scene.do(job, should_stop=lambda: scene.state() is VersionState.PUBLISHED)
    assert ended is JobEnding.PUT_BACK
    actor = scene.expo.organiser_actor()
    with database.write() as session, pytest.raises(PublishingInProgress):
        email_queue.stop_emails(session, actor, now=database.now())
    with database.write() as session:
        email_queue.pause_emails(session, actor, now=database.now())
    assert scene.do(job) is JobEnding.DONE
    with database.write() as session:
        assert (
            claims.claim_emails(session, worker="w", limit=50, secret_key=SECRET_KEY, now=database.now())
            == []
        )
        assert email_queue.stop_emails(session, actor, now=database.now()) == 16


@pytest.mark.parametrize(
    "step",
    [
        lambda session, actor: email_queue.pause_emails(session, actor, now=NOW),
        lambda session, actor: email_queue.resume_emails(session, actor, now=NOW),
        lambda session, actor: email_queue.stop_emails(session, actor, now=NOW),
        lambda session, actor: email_queue.requeue_stopped_emails(session, actor, now=NOW),
    ],
)
def test_only_organisers_steer_mails(database: Database, step: Any) -> None:
    with database.write() as session:
        expo = publish_some(session, meetings=1)
        with pytest.raises(NotAllowed):
            step(session, expo.actor(0))


def test_stopped_while_a_sender_claims_each_mail_is_claimed_or_stopped(database: Database) -> None:
    with database.write() as session:
        expo = publish_some(session, meetings=10, mail_per_minute=60_000)
    gate = threading.Barrier(2)

    def send() -> int:
        gate.wait()
        with database.write() as session:
            return len(claim(session, limit=7, minutes=1))

    def stop() -> int:
        gate.wait()
        with database.write() as session:
            return email_queue.stop_emails(session, expo.organiser_actor(), now=NOW)

    sender, stopper = Step(send), Step(stop)
    claimed, stopped = sender.done(), stopper.done()
    with database.read() as session:
        rows = session.scalars(select(OutboxEmail)).all()
        both = [row for row in rows if row.stopped_at and row.state is not OutboxState.QUEUED]
        assert both == []
    assert (claimed, stopped) in ((7, 13), (0, 20))


@pytest.mark.smtp
def test_a_pause_ends_the_batch_that_a_sender_has_in_hand(database: Database) -> None:
    with database.write() as session:
        expo = publish_some(session, mail_per_minute=60_000)

    class Pausing(Catcher):
        async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
            with database.write() as own:
                email_queue.pause_emails(own, expo.organiser_actor(), now=NOW)
            return await super().handle_DATA(server, session, envelope)

    with serving(Pausing()) as catcher:
        sender = Sender(database, replace(SETTINGS, smtp_port=catcher.port, smtp_security="none"))
        assert sender.deliver() == 1
        assert sender.states() == {OutboxState.SENT: 1, OutboxState.QUEUED: 5}
        assert sender.deliver(1) == 0
        with database.write() as session:
            email_queue.resume_emails(session, expo.organiser_actor(), now=NOW)
        catcher.__class__ = Catcher
        assert sender.deliver(2) == 5
        assert len({envelope for _, _, envelope in catcher.taken}) == 6
    assert delivery.BATCH >= 6, "one batch held them all"
