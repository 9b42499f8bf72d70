"""Copying last year's event: selected parts with shifted days, without its history."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from scheduler.domain.compliance import ComplianceTopic
from scheduler.domain.entities import PlaceKind
from scheduler.domain.errors import InvalidInput, NotAllowed
from scheduler.domain.team import TeamRole
from scheduler.services.events.archives import event_copy
from scheduler.services.events.archives.event_copy import EventCopy
from scheduler.services.identity.actors import actor_for
from scheduler.storage.database import Database
from scheduler.storage.models import (
    Account,
    Attendee,
    AttendeeBusy,
    ComplianceAnswer,
    Event,
    Firm,
    Hall,
    Interpreter,
    InterpreterAssignment,
    MeetingRequest,
    OutboxEmail,
    Place,
    ScheduleVersion,
    Slot,
    TeamMember,
    WalkingTime,
)
from tests.support.factories import NOW, Expo, make_event, make_interpreter, make_member, make_request
from tests.support.publishing import SETTINGS
from tests.support.web import Browser, web_app

FORM = EventCopy("next-year", "Next year", date(2027, 12, 6))


@pytest.fixture
def expo(database: Database) -> Expo:
    with database.write() as session:
        expo = make_event(
            session, firms=4, people=2, slots="4|4 4", halls=2, walking=5, interpreters=1, tables=3
        )
        session.get_one(Account, expo.organiser.id).is_operator = True
        make_request(session, expo)
        session.add(AttendeeBusy(attendee_id=expo.people[0][0].id, slot_id=expo.slots[0].id))
        gone = session.get_one(Firm, expo.firms[3].id)
        gone.withdrawn_at = NOW
        session.get_one(Event, expo.event.id).solve_seconds = 77
        make_member(session, expo, TeamRole.VIEWER)
    return expo


def copy(database: Database, expo: Expo, form: EventCopy = FORM) -> int:
    key = event_copy.copy_event(database, expo.organiser_actor(), form, settings=SETTINGS, now=NOW)
    with database.read() as session:
        return session.scalars(select(Event.id).where(Event.key == key)).one()


def counted(database: Database, event_id: int) -> dict[str, int]:
    tables = (
        Slot,
        Hall,
        Place,
        Firm,
        Attendee,
        Interpreter,
        MeetingRequest,
        ScheduleVersion,
        TeamMember,
        OutboxEmail,
    )
    with database.read() as session:
        return {
            table.__name__: session.scalars(select(func.count()).where(table.event_id == event_id)).one()
            for table in tables
        }


def test_everything_chosen_comes_along_and_nothing_of_what_happened(database: Database, expo: Expo) -> None:
    made = copy(database, expo)
    booths = 3
    assert counted(database, made) == {
        "Slot": 12, "Hall": 2, "Place": 3 + booths, "Firm": 3, "Attendee": 6, "Interpreter": 1,
        "MeetingRequest": 0, "ScheduleVersion": 0, "TeamMember": 2, "OutboxEmail": 0,
    }  # fmt: skip
    with database.read() as session:
        event = session.get_one(Event, made)
        assert (event.name, event.solve_seconds, event.timezone) == ("Next year", 77, expo.event.timezone)
        assert session.scalars(select(func.count()).select_from(WalkingTime)).one() == 2
        assert session.scalars(select(func.count()).select_from(AttendeeBusy)).one() == 1
        zone = ZoneInfo(event.timezone)
        old, new = (
            session.scalars(select(Slot.start).where(Slot.event_id == each).order_by(Slot.position)).all()
            for each in (expo.event.id, made)
        )
        assert new[0].astimezone(zone).date() == FORM.first_day
        moved = {b.astimezone(zone).replace(tzinfo=None) - a.astimezone(zone).replace(tzinfo=None)
                 for a, b in zip(old, new, strict=True)}  # fmt: skip
        assert len(moved) == 1 and moved.pop() % timedelta(days=1) == timedelta(0)
        seeds = session.scalars(select(Attendee.feed_hash)).all()
        assert len(set(seeds)) == len(seeds)
        owner = session.get_one(TeamMember, (made, expo.organiser.id))
        assert owner.role is TeamRole.OWNER


def test_without_venue_and_settings_firms_have_no_hall_and_defaults_hold(
    database: Database, expo: Expo
) -> None:
    made = copy(database, expo, replace(FORM, first_day=None, parts=("firms", "people")))
    found = counted(database, made)
    assert (found["Slot"], found["Place"], found["Firm"], found["Attendee"], found["TeamMember"]) == (
        0,
        0,
        3,
        6,
        1,
    )
    with database.read() as session:
        assert set(session.scalars(select(Firm.hall_id).where(Firm.event_id == made))) == {None}
        assert session.get_one(Event, made).solve_seconds == 60


def test_answers_to_a_compliance_audit_are_copied_with_the_settings(database: Database, expo: Expo) -> None:
    answer = {"topic": ComplianceTopic.TRAINING, "is_applicable": True, "text": "Yearly.", "changed_at": NOW}
    with database.write() as session:
        session.add(ComplianceAnswer(event_id=expo.event.id, changed_by=expo.organiser.id, **answer))
    made = copy(database, expo)
    without = copy(database, expo, replace(FORM, key="no-settings", parts=("venue",)))
    with database.read() as session:
        copied = session.get_one(ComplianceAnswer, (made, ComplianceTopic.TRAINING))
        assert (copied.text, copied.changed_by, copied.changed_at) == ("Yearly.", expo.organiser.id, NOW)
        assert session.get(ComplianceAnswer, (without, ComplianceTopic.TRAINING)) is None


def test_a_venue_alone_has_its_tables_and_no_booths(database: Database, expo: Expo) -> None:
    made = copy(database, expo, replace(FORM, parts=("venue",)))
    with database.read() as session:
        assert set(session.scalars(select(Place.kind).where(Place.event_id == made))) == {PlaceKind.TABLE}


def test_an_interpreter_sits_at_the_same_table_in_the_same_shift_of_the_new_days(
    database: Database, expo: Expo
) -> None:
    """Except retired tables, shifts and interpreters, and only if times and people are copied."""
    with database.write() as session:
        gone = make_interpreter(session, expo)
        gone.withdrawn_at = NOW
        session.merge(expo.tables[1]).is_retired = True
        session.merge(expo.slots[1]).is_retired = True
        mine = expo.interpreters[0].id
        for whose, slot, place in ((mine, 0, 0), (mine, 1, 0), (mine, 2, 1), (mine, 5, 2), (gone.id, 3, 0)):
            session.add(
                InterpreterAssignment(
                    interpreter_id=whose, slot_id=expo.slots[slot].id, place_id=expo.tables[place].id
                )
            )
    made = copy(database, expo)
    for parts in (("venue", "firms"), ("firms", "people")):
        copy(database, expo, replace(FORM, key="-".join(parts), parts=parts))
    stations = (
        select(Interpreter.event_id, Interpreter.key, Slot.key, Slot.event_id, Place.key, Place.event_id)
        .select_from(InterpreterAssignment)
        .join(Interpreter, Interpreter.id == InterpreterAssignment.interpreter_id)
        .join(Slot, Slot.id == InterpreterAssignment.slot_id)
        .join(Place, Place.id == InterpreterAssignment.place_id)
        .where(Interpreter.event_id != expo.event.id)
        .order_by(Slot.position)
    )
    with database.read() as session:
        key = expo.interpreters[0].key
        assert session.execute(stations).all() == [
            (made, key, expo.slots[0].key, made, expo.tables[0].key, made),
            (made, key, expo.slots[5].key, made, expo.tables[2].key, made),
        ]


@pytest.mark.parametrize(
    ("form", "path"),
    [
        (replace(FORM, key="x"), "key"),
        (replace(FORM, name=""), "name"),
        (replace(FORM, first_day=None), "first_day"),
        (replace(FORM, first_day=date(2020, 1, 1)), "first_day"),
        (replace(FORM, parts=("people",)), "parts"),
        (replace(FORM, parts=("mails",)), "parts"),
    ],
)
def test_what_cannot_be_is_said_at_its_field(
    database: Database, expo: Expo, form: EventCopy, path: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        copy(database, expo, form)
    assert [fault.path for fault in refused.value.faults] == [path]


def test_a_key_is_taken_once(database: Database, expo: Expo) -> None:
    copy(database, expo)
    with pytest.raises(InvalidInput, match="another event uses this one"):
        copy(database, expo)


def test_only_an_owner_who_is_an_operator_copies(database: Database, expo: Expo) -> None:
    with database.write() as session:
        organiser = make_member(session, expo, TeamRole.ORGANISER)
        second = make_member(session, expo, TeamRole.OWNER)
        session.get_one(Account, organiser.id).is_operator = True
    for account in (organiser, second):
        with database.read() as session:
            actor = actor_for(session, account.id, expo.event.key, now=NOW)
        with pytest.raises(NotAllowed):
            event_copy.copy_event(database, actor, FORM, settings=SETTINGS, now=NOW)


def test_the_page_keeps_what_was_typed_and_makes_the_copy(
    database: Database, broker_url: str, expo: Expo
) -> None:
    browser = Browser(web_app(database, broker_url), expo.organiser)
    base = f"/events/{expo.event.key}"
    browser.get(f"{base}/archive")
    page = browser.post(f"{base}/copy", status=422, name="Next", key="next", first_day="", parts="venue")
    assert 'id="first_day-error"' in page and 'value="Next"' in page
    page = browser.post(
        f"{base}/copy", name="Next", key="next", first_day="2027-12-06", parts=["venue", "firms"]
    )
    assert "Event created." in page


def test_a_copy_is_deleted_if_what_its_caller_adds_fails(database: Database, expo: Expo) -> None:
    """A stored response of the API is in the transaction that shows the copy: both are there, or neither."""

    def fail(session: Session) -> None:
        assert session.scalars(select(Event.id).where(Event.key == FORM.key)).one()
        raise NotAllowed("taken over")

    with pytest.raises(NotAllowed, match="taken over"):
        event_copy.copy_event(database, expo.organiser_actor(), FORM, finish=fail, settings=SETTINGS, now=NOW)
    with database.read() as session:
        assert session.scalars(select(Event.id)).all() == [expo.event.id]
