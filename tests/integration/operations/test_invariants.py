"""The daily data check: each invariant is found broken when it is, and never when it is not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from scheduler.config import Settings
from scheduler.domain.entities import AlertKind, JobKind, JobState, Method, OutboxState, VersionState
from scheduler.services.operations import alerts, invariants
from scheduler.services.operations.invariants import BrokenInvariant, Invariant
from scheduler.storage.database import Database
from scheduler.storage.models import (
    Booking,
    Event,
    Invitation,
    MeetingRequest,
    OutboxEmail,
    PlannedAttendee,
    PlannedMeeting,
    ScheduleVersion,
    Slot,
    VersionJob,
)
from scheduler.storage.send_journal import SendJournal
from tests.support import clocks
from tests.support.everything import everything_in
from tests.support.factories import NOW, Expo, make_account, make_event, make_request, make_version, meet
from tests.support.publishing import SETTINGS, draft, publish, send_all

Change = Callable[[Session, Expo], object]


@pytest.fixture
def expo(database: Database) -> Expo:
    """A published event with three meetings, whose emails were sent."""
    with database.write() as session:
        expo = make_event(session, firms=4, slots="8", key="expo")
        held = [make_request(session, expo, 0, other + 1) for other in range(3)]
        number = draft(session, expo, [meet(each, expo, slot=i) for i, each in enumerate(held)])
        publish(session, expo, number, None)
        send_all(session, expo)
    return expo


def broken(database: Database, settings: Settings = SETTINGS) -> dict[Invariant, int]:
    return {each.invariant: each.count for each in invariants.check_invariants(database, settings)}


def after(database: Database, expo: Expo, change: Change) -> dict[Invariant, int]:
    with database.write() as session:
        change(session, expo)
    return broken(database)


def one(session: Session, column: object) -> int:
    return session.scalars(select(column).order_by(column).limit(1)).one()  # type: ignore[call-overload,no-any-return]


def test_a_published_event_breaks_none(database: Database, expo: Expo) -> None:
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(Invitation)) == 6
    assert broken(database) == {}


def test_an_event_with_one_of_everything_breaks_none(sqlite_template: Path, tmp_path: Path) -> None:
    with everything_in(tmp_path, sqlite_template) as made:
        assert broken(made.database) == {}


# What is planned


def move_to_first_slot(session: Session, expo: Expo) -> None:
    last = session.scalars(select(PlannedMeeting).order_by(PlannedMeeting.id.desc())).first()
    assert last is not None
    last.slot_id = last.last_slot_id = expo.slots[0].id


def test_a_person_in_two_meetings_at_once_is_found(database: Database, expo: Expo) -> None:
    found = after(database, expo, move_to_first_slot)
    assert found[Invariant.NO_OVERLAP] == 1
    assert set(found) == {Invariant.NO_OVERLAP, Invariant.BOOKED, Invariant.NOTIFIED}


def test_a_long_meeting_overlaps_a_later_one(database: Database, expo: Expo) -> None:
    with database.write() as session:
        first = session.scalars(select(PlannedMeeting).order_by(PlannedMeeting.id)).first()
        assert first is not None
        first.last_slot_id = expo.slots[2].id
    assert broken(database)[Invariant.NO_OVERLAP] == 2


def test_a_draft_may_have_what_a_published_version_may_not(database: Database, expo: Expo) -> None:
    with database.write() as session:
        held = session.scalars(select(MeetingRequest)).all()
        make_version(session, expo, [meet(each, expo) for each in held], state=VersionState.DRAFT)
    assert broken(database) == {}


def test_an_interpreter_in_two_meetings_at_once_is_found(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session, firms=4, interpreters=1)
        held = [make_request(session, expo, *pair) for pair in ((0, 1), (2, 3))]
        make_version(
            session,
            expo,
            [
                meet(each, expo, place=expo.tables[i], interpreter=expo.interpreters[0])
                for i, each in enumerate(held)
            ],
        )
    assert broken(database)[Invariant.NO_OVERLAP] == 1


def test_a_missing_or_left_over_booking_is_found(database: Database, expo: Expo) -> None:
    def lose(session: Session, _: Expo) -> None:
        session.execute(delete(Booking).where(Booking.holder_id == one(session, PlannedAttendee.attendee_id)))

    assert set(after(database, expo, lose)) == {Invariant.BOOKED}


def test_bookings_of_a_superseded_version_are_found(database: Database, expo: Expo) -> None:
    def supersede(session: Session, _: Expo) -> None:
        session.execute(update(ScheduleVersion).values(state=VersionState.SUPERSEDED))

    assert after(database, expo, supersede) == {Invariant.BOOKED: 9}


# What people were sent


def forget_an_email(session: Session, expo: Expo) -> None:
    which = one(session, Invitation.id)
    session.execute(delete(Invitation).where(Invitation.id == which))


def send_another_time(session: Session, expo: Expo) -> None:
    row = session.scalars(select(Invitation).order_by(Invitation.id)).first()
    assert row is not None
    row.content = {**row.content, "start": expo.slots[7].start.isoformat()}


def leave_one_out(session: Session, expo: Expo) -> None:
    meeting = one(session, PlannedAttendee.meeting_id)
    session.execute(delete(PlannedAttendee).where(PlannedAttendee.meeting_id == meeting))
    session.execute(delete(Booking).where(Booking.meeting_id == meeting))
    session.execute(delete(PlannedMeeting).where(PlannedMeeting.id == meeting))


@pytest.mark.parametrize(
    ("change", "count"), [(forget_an_email, 1), (send_another_time, 1), (leave_one_out, 2)]
)
def test_a_calendar_that_differs_from_the_plan_is_found(
    database: Database, expo: Expo, change: Change, count: int
) -> None:
    assert after(database, expo, change) == {Invariant.NOTIFIED: count}


@pytest.mark.parametrize("change", [forget_an_email, send_another_time, leave_one_out])
def test_past_meetings_are_left_alone(
    database: Database, expo: Expo, change: Change, monkeypatch: pytest.MonkeyPatch
) -> None:
    clocks.hold(monkeypatch, expo.slots[7].end)
    assert after(database, expo, change) == {}


@pytest.mark.parametrize("state", [OutboxState.QUEUED, OutboxState.SENDING])
def test_a_waiting_email_counts_as_sent(database: Database, expo: Expo, state: OutboxState) -> None:
    def wait(session: Session, _: Expo) -> None:
        session.execute(delete(Invitation))
        session.execute(update(OutboxEmail).values(state=state))

    assert after(database, expo, wait) == {}


def test_a_withdrawn_meeting_waits_for_the_next_publication(database: Database, expo: Expo) -> None:
    def withdraw(session: Session, _: Expo) -> None:
        session.execute(update(MeetingRequest).values(state="withdrawn"))

    assert after(database, expo, withdraw) == {}


def test_a_publication_that_still_notifies_people_is_left_alone(database: Database, expo: Expo) -> None:
    def begin(session: Session, expo: Expo) -> None:
        forget_an_email(session, expo)
        version = one(session, ScheduleVersion.id)
        session.add(
            VersionJob(
                event_id=expo.event.id, version_id=version, kind=JobKind.PUBLISH, state=JobState.RUNNING,
                requested_at=NOW, heartbeat_at=NOW,
            )
        )  # fmt: skip

    assert after(database, expo, begin) == {}

    def end(session: Session, _: Expo) -> None:
        session.execute(update(VersionJob).values(state=JobState.DONE))

    assert after(database, expo, end) == {Invariant.NOTIFIED: 1}


def test_an_event_that_went_live_without_telling_anyone_is_left_alone(database: Database, expo: Expo) -> None:
    def go_live(session: Session, expo: Expo) -> None:
        session.execute(delete(Invitation))
        session.execute(delete(OutboxEmail))
        session.execute(update(Event).values(live_at=NOW + timedelta(hours=1)))

    assert after(database, expo, go_live) == {}


def test_a_cancelled_person_of_a_published_meeting_is_found(database: Database, expo: Expo) -> None:
    def cancel(session: Session, _: Expo) -> None:
        row = session.get_one(Invitation, one(session, Invitation.id))
        row.method, row.sequence = Method.CANCEL, 1

    assert after(database, expo, cancel) == {}, "an address that was corrected without an email"
    assert after(
        database, expo, lambda session, _: session.execute(update(OutboxEmail).values(method=Method.CANCEL))
    ) == {Invariant.NOTIFIED: 1}


# Journal


def test_a_calendar_ahead_of_the_database_is_found(database: Database, expo: Expo, tmp_path: Path) -> None:
    settings = replace(SETTINGS, journal=str(tmp_path))
    assert broken(database, settings) == {}  # no journal yet
    journal = SendJournal(tmp_path)
    journal.begin("abc")
    with database.read() as session:
        rows = session.execute(select(Invitation.uid, Invitation.attendee_id)).all()
    journal.append([{"e": 1, "u": uid, "a": who, "s": 0} for uid, who in rows])
    journal.append([{"e": 1, "u": "gone@expo.example", "a": 1, "s": 9}, {"e": 2}])
    assert broken(database, settings) == {}
    journal.append([{"e": 2, "u": rows[0].uid, "a": rows[0].attendee_id, "s": 4}])
    journal.append([{"e": 2, "u": rows[0].uid, "a": rows[0].attendee_id, "s": 2}])
    assert broken(database, settings) == {Invariant.SEQUENCE: 1}


# Rows of their own event


def test_a_meeting_in_another_events_slot_is_found(database: Database, expo: Expo) -> None:
    def mix(session: Session, expo: Expo) -> None:
        other = make_event(session)
        session.execute(
            update(PlannedMeeting)
            .where(PlannedMeeting.id == one(session, PlannedMeeting.id))
            .values(place_id=other.tables[0].id)
        )
        session.execute(
            update(Booking).where(Booking.slot_id == expo.slots[0].id).values(event_id=other.event.id)
        )

    found = after(database, expo, mix)
    assert set(found) == {Invariant.OWN_EVENT}
    assert found[Invariant.OWN_EVENT] == 1 + 3  # the meeting's place; the slot of each booking


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_row_without_its_event_is_found(database: Database, expo: Expo) -> None:
    with database.engine.connect() as connection:
        raw = connection.connection.driver_connection
        assert raw is not None
        raw.execute("PRAGMA foreign_keys=OFF")
        raw.execute("UPDATE slot SET event_id = 999 WHERE position = 7")
        raw.commit()
        raw.execute("PRAGMA foreign_keys=ON")
    (found,) = invariants.check_invariants(database, SETTINGS)
    assert found == BrokenInvariant(Invariant.OWN_EVENT, 1, ())
    assert "Rows: 1. Events: –." in found.reason


# Alerts


def test_an_alert_is_raised_once_and_ends(database: Database, expo: Expo) -> None:
    def check(session: Session) -> list[tuple[AlertKind, str]]:
        invariants.update_alerts(session, invariants.check_invariants(database, SETTINGS), now=NOW)
        return [(each.kind, each.about) for each in alerts.list_open_alerts(session, None)]

    with database.write() as session:
        make_account(session, is_operator=True)
        forget_an_email(session, expo)
    for _ in range(2):
        with database.write() as session:
            assert check(session) == [(AlertKind.INVARIANT_BROKEN, "notified")]
    with database.read() as session:
        (alert,) = alerts.list_open_alerts(session, None)
        assert (
            "Calendar entries: 1. Events: expo." in alert.reason
            and "Publish the schedule again" in alert.reason
        )
        assert session.scalar(select(func.count()).where(OutboxEmail.kind == "alert")) == 1
    with database.write() as session:
        session.execute(update(Slot).values(start=NOW, end=NOW))  # all meetings are over
    with database.write() as session:
        assert check(session) == []
