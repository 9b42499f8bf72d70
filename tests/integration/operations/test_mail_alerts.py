"""Stuck emails and an unreadable mailbox raise one alert until they recover."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import insert, update

from scheduler.domain.entities import AlertKind, OutboxKind, OutboxState
from scheduler.services.delivery import email_alerts
from scheduler.services.operations import alerts
from scheduler.storage.database import Database
from scheduler.storage.models import OutboxEmail
from tests.integration.operations.test_alerts import mails
from tests.integration.workers.test_workers import queued
from tests.support.factories import NOW, make_account, make_event


def minutes(count: float) -> timedelta:
    return timedelta(minutes=count)


@pytest.fixture
def waiting(database: Database) -> Database:
    """A queued email of NOW, and an operator."""
    with database.write() as session:
        make_account(session, is_operator=True)
        session.execute(insert(OutboxEmail), [queued(make_event(session), 1)])
    return database


def watch(database: Database, after: timedelta) -> list[str]:
    with database.write() as session:
        email_alerts.update_outbox_alert(session, now=NOW + after)
        return [alert.reason for alert in alerts.list_open_alerts(session, None)]


def change(database: Database, **columns: object) -> None:
    with database.write() as session:
        session.execute(update(OutboxEmail).where(OutboxEmail.kind != OutboxKind.ALERT).values(**columns))


def test_mails_that_nobody_sends_are_told_of_once_and_over_when_one_goes_out(waiting: Database) -> None:
    said = "No email has been sent for 15 minutes, although some are waiting. "
    said += "No email worker has tried. Check that one is running."
    assert watch(waiting, minutes(14)) == []
    assert watch(waiting, minutes(15)) == watch(waiting, minutes(16)) == [said]
    with waiting.read() as session:
        assert len([mail for mail in mails(session) if mail.kind == OutboxKind.ALERT]) == 1
    change(waiting, state=OutboxState.SENT, sent_at=NOW + minutes(17))
    assert watch(waiting, minutes(18)) == []


def test_the_reason_is_the_mail_servers(waiting: Database) -> None:
    change(waiting, error="The mail server refuses the password.")
    (said,) = watch(waiting, minutes(15))
    assert said.endswith("although some are waiting. The mail server refuses the password.")


def test_a_queue_that_moves_slowly_does_not_stand(waiting: Database) -> None:
    with waiting.write() as session:
        sent = queued(make_event(session), 2) | {"state": OutboxState.SENT, "sent_at": NOW + minutes(10)}
        session.execute(insert(OutboxEmail), [sent])
    assert watch(waiting, minutes(20)) == []


def test_a_mail_that_waits_for_its_third_try_is_no_standing_outbox(waiting: Database) -> None:
    change(waiting, attempts=2, next_attempt_at=NOW + minutes(60))
    assert watch(waiting, minutes(30)) == []


def test_a_mailbox_is_told_of_when_it_stays_unread_and_over_when_it_is_read(database: Database) -> None:
    def told(after: timedelta, *, fails: bool) -> bool:
        now = NOW + after
        with database.write() as session:
            if fails:
                email_alerts.record_mailbox_failure(
                    session, "The mailbox cannot be read: no such folder", now=now
                )
            else:
                email_alerts.record_mailbox_read(session, now=now)
            return bool(alerts.list_open_alerts(session, None))

    assert told(minutes(0), fails=True)  # never read: the settings are wrong
    assert not told(minutes(1), fails=False)
    assert not told(minutes(10), fails=True)
    assert told(minutes(11), fails=True)
    assert not told(minutes(12), fails=False)
    with database.read() as session:
        assert not [
            alert for alert in alerts.list_open_alerts(session, None) if alert.kind is AlertKind.MAILBOX
        ]
