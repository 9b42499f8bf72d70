"""Subscribers get each audit entry after its commit, in order; failed deliveries are retried."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from scheduler.domain.entities import AlertKind
from scheduler.plugins import AuditEvent
from scheduler.services.audit_log import recording
from scheduler.services.audit_log.acts import Act
from scheduler.services.audit_log.subjects import AuditSubject
from scheduler.services.operations import subscribers
from scheduler.services.operations.subscribers import TOLD_AFTER
from scheduler.storage.database import Database
from scheduler.storage.models import Alert, AuditCursor, OutboxEmail
from tests.support.factories import Expo, make_event


class Receiver:
    """A subscriber that records entries, after failing `fails` times."""

    def __init__(self, fails: int = 0) -> None:
        self.taken: list[AuditEvent] = []
        self.fails, self.asked = fails, 0

    def __call__(self, event: AuditEvent) -> None:
        self.asked += 1
        if self.fails:
            self.fails -= 1
            raise ConnectionError("the receiver is away")
        self.taken.append(event)

    @property
    def told(self) -> list[str]:
        return [each.about for each in self.taken]


@pytest.fixture
def expo(database: Database) -> Expo:
    with database.write() as session:
        expo = make_event(session)
        act(session, expo, "before anybody listened")
        return expo


def act(session: object, expo: Expo, about: str, **values: object) -> None:
    now = expo.event.created_at
    recording.record_act(
        session, expo.organiser_actor(), Act.SETTINGS, AuditSubject(about), now=now, **values
    )  # type: ignore[arg-type]


def do(database: Database, expo: Expo, *abouts: str) -> None:
    for about in abouts:
        with database.write() as session:
            act(session, expo, about)


def give(database: Database, **receivers: Receiver) -> int:
    return subscribers.deliver(database, receivers, should_stop=lambda: False)


def let_pauses_pass(database: Database) -> None:
    with database.write() as session:
        session.execute(update(AuditCursor).values(retry_at=database.now() - timedelta(seconds=1)))


def test_entries_come_in_order_from_when_the_plugin_is_there_and_once(database: Database, expo: Expo) -> None:
    receiver = Receiver()
    assert give(database, crm=receiver) == 0
    do(database, expo, "one", "two", "three")
    with database.write() as session:
        other = make_event(session, key="other")
        act(session, other, "of an event that came later")
    assert give(database, crm=receiver) == 4
    assert receiver.told == ["one", "two", "three", "of an event that came later"]
    assert [each.event for each in receiver.taken] == [expo.event.key] * 3 + ["other"]
    assert [each.number for each in receiver.taken] == [2, 3, 4, 1]
    assert give(database, crm=receiver) == 0


def test_an_entry_has_what_the_page_shows(database: Database, expo: Expo) -> None:
    receiver = Receiver()
    give(database, crm=receiver)
    with database.write() as session:
        act(session, expo, "settings", before={"name": "Old", "same": 1}, after={"name": "New", "same": 1})
    give(database, crm=receiver)
    (event,) = receiver.taken
    (change,) = event.changes
    assert (change.name, change.before, change.after) == ("name", "Old", "New")
    assert (event.act, event.role, event.for_firm) == ("settings", "owner", "")
    assert event.to_json()["at"] == event.at.isoformat()


def test_what_is_rolled_back_is_given_to_nobody(database: Database, expo: Expo) -> None:
    receiver = Receiver()
    give(database, crm=receiver)
    with database.write() as session:
        act(session, expo, "never was")
        session.rollback()
    assert give(database, crm=receiver) == 0


def test_one_that_fails_is_asked_again_after_growing_pauses_and_stops_no_other(
    database: Database, expo: Expo
) -> None:
    broken, sound = Receiver(fails=TOLD_AFTER), Receiver()
    give(database, broken=broken, sound=sound)
    do(database, expo, "one", "two")
    assert give(database, broken=broken, sound=sound) == 2
    assert sound.told == ["one", "two"]
    pauses = []
    for _ in range(TOLD_AFTER - 1):
        with database.read() as session:
            cursor = session.get_one(AuditCursor, ("broken", expo.event.id))
            assert cursor.retry_at is not None
            pauses.append(round((cursor.retry_at - database.now()) / timedelta(minutes=1)))
        assert give(database, broken=broken) == 0  # not before its time
        let_pauses_pass(database)
        give(database, broken=broken)
    assert pauses == [1, 2]
    assert broken.asked == TOLD_AFTER
    with database.read() as session:
        alert = session.scalars(select(Alert)).one()
        assert (alert.kind, alert.about, alert.event_id) == (AlertKind.SUBSCRIBER_FAILED, "broken", None)
        assert "ConnectionError: the receiver is away" in alert.reason
        assert session.scalars(select(OutboxEmail)).first() is not None
    let_pauses_pass(database)
    assert give(database, broken=broken) == 2
    assert broken.told == ["one", "two"]
    with database.read() as session:
        assert session.scalars(select(Alert)).one().resolved_at is not None


def test_a_failure_at_one_event_leaves_other_events(database: Database, expo: Expo) -> None:
    receiver = Receiver()
    give(database, crm=receiver)
    with database.write() as session:
        other = make_event(session, key="other")
    do(database, expo, "one")
    do(database, other, "elsewhere")
    receiver.fails = 1
    give(database, crm=receiver)
    assert receiver.told == ["elsewhere"]


def test_a_chain_that_another_worker_holds_is_left_to_it(database: Database, expo: Expo) -> None:
    receiver = Receiver()
    give(database, crm=receiver)
    do(database, expo, "one")
    with database.write() as session:
        session.execute(update(AuditCursor).values(held_until=database.now() + timedelta(minutes=1)))
    assert give(database, crm=receiver) == 0
    with database.write() as session:
        session.execute(update(AuditCursor).values(held_until=database.now() - timedelta(minutes=1)))
    assert give(database, crm=receiver) == 1


def test_the_alert_of_a_plugin_that_was_taken_away_ends(database: Database, expo: Expo) -> None:
    broken = Receiver(fails=99)
    give(database, broken=broken)
    do(database, expo, "one")
    for _ in range(TOLD_AFTER):
        give(database, broken=broken)
        let_pauses_pass(database)
    with database.write() as session:
        assert subscribers.is_waiting(session, ["broken"], now=database.now())
        assert not subscribers.is_waiting(session, [], now=database.now())
        assert session.scalars(select(Alert)).one().resolved_at is not None
