"""Events: a venue from a short form, settings with immediate effect, and errors by field."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from scheduler.domain.entities import AfterRun, PlaceKind
from scheduler.domain.errors import InvalidInput, NotAllowed
from scheduler.services.events import events
from scheduler.services.events.events import EventSettings
from scheduler.services.events.new_event import NewEvent
from scheduler.services.identity import actors
from scheduler.storage.database import Database
from scheduler.storage.models import Event, Hall, Place, RunSchedule, Slot, WalkingTime
from tests.support.factories import NOW, make_account, make_event

FORM = NewEvent(
    key="chain-expo",
    name="Chain Expo",
    timezone="Asia/Shanghai",
    first_day=date(2026, 12, 7),
    days=2,
    blocks=[(time(9), time(10, 45)), (time(13), time(14))],
    slot_minutes=30,
    halls=3,
    tables_per_hall=2,
    walking_minutes=7,
    areas=["Batteries", " 芯片 ", ""],
)


def create(session: Session, form: NewEvent = FORM) -> Event:
    return events.create_event(session, make_account(session, is_operator=True).id, form, now=NOW)


def slots_of(session: Session, event: Event) -> list[Slot]:
    query = select(Slot).where(Slot.event_id == event.id).order_by(Slot.position)
    return list(session.scalars(query))


def test_a_new_event_has_the_slots_that_fit_into_its_blocks(database: Database) -> None:
    with database.write() as session:
        slots = slots_of(session, create(session))
        assert [slot.key for slot in slots] == [f"d{day}s0{i}" for day in (1, 2) for i in range(1, 6)]
        assert [slot.block for slot in slots[:5]] == ["d1b1"] * 3 + ["d1b2"] * 2
        assert slots[0].start == datetime(2026, 12, 7, 1, tzinfo=UTC)
        assert slots[4].end == datetime(2026, 12, 7, 6, tzinfo=UTC)
        assert slots[5].start == slots[0].start + timedelta(days=1)


def test_slots_keep_their_hour_on_the_clock_when_clocks_change(database: Database) -> None:
    with database.write() as session:
        form = replace(
            FORM, timezone="Europe/Berlin", first_day=date(2027, 3, 27), blocks=[(time(9), time(10))]
        )
        starts = [slot.start for slot in slots_of(session, create(session, form))][::2]
        assert starts == [datetime(2027, 3, 27, 8, tzinfo=UTC), datetime(2027, 3, 28, 7, tzinfo=UTC)]


def test_a_new_event_has_halls_tables_and_walking_times(database: Database) -> None:
    with database.write() as session:
        event = create(session)
        halls = session.scalars(select(Hall).where(Hall.event_id == event.id).order_by(Hall.position)).all()
        assert [(hall.key, hall.name) for hall in halls] == [(f"h{i}", f"Hall {i}") for i in (1, 2, 3)]
        places = session.scalars(select(Place).where(Place.event_id == event.id)).all()
        assert Counter((place.hall_id, place.kind) for place in places) == {
            (hall.id, PlaceKind.TABLE): 2 for hall in halls
        }
        assert session.scalars(select(WalkingTime.minutes)).all() == [7, 7, 7]
        assert event.areas == {"1-batteries": "Batteries", "2": "芯片"}


def test_its_maker_is_its_organiser_and_a_run_begins_at_two_in_the_night(database: Database) -> None:
    with database.write() as session:
        operator = make_account(session, is_operator=True)
        events.create_event(session, operator.id, FORM, now=NOW)
        assert actors.actor_for(session, operator.id, "chain-expo", now=NOW).is_organiser
        (night,) = session.scalars(select(RunSchedule))
        assert (night.then, night.next_at) == (AfterRun.DRAFT, datetime(2026, 11, 24, 18, tzinfo=UTC))


def test_only_operators_create_events(database: Database) -> None:
    with database.write() as session:
        with pytest.raises(NotAllowed):
            events.create_event(session, make_account(session).id, FORM, now=NOW)
        assert session.scalar(select(func.count()).select_from(Event)) == 0


def test_a_key_is_taken_once_and_the_transaction_goes_on(database: Database) -> None:
    with database.write() as session:
        create(session)
        with pytest.raises(InvalidInput, match="key: enter another short name; another event uses this one"):
            create(session, replace(FORM, key=" CHAIN-expo "))
        assert create(session, replace(FORM, key="other-expo")).key == "other-expo"


EVENT_FAULTS = [
    ({"language": "xx"}, "language: choose one of en, ar, hu, zh"),
    (
        {"key": "a"},
        "key: enter 3 to 64 letters (a to z), digits or hyphens, with no hyphen at the start or end",
    ),
    (
        {"key": "-ab"},
        "key: enter 3 to 64 letters (a to z), digits or hyphens, with no hyphen at the start or end",
    ),
    (
        {"key": "a/b"},
        "key: enter 3 to 64 letters (a to z), digits or hyphens, with no hyphen at the start or end",
    ),
    ({"name": " "}, "name: enter 1 to 200 characters"),
    ({"timezone": "Mars/Base"}, "timezone: enter an IANA time zone, like Asia/Shanghai"),
    ({"timezone": "../etc"}, "timezone: enter an IANA time zone, like Asia/Shanghai"),
    ({"first_day": date(2026, 11, 23)}, "first_day: enter a date that is not in the past"),
    ({"slot_minutes": 4}, "slot_minutes: enter a value from 5 to 240"),
    ({"days": 0}, "days: enter a value from 1 to 14"),
    ({"halls": 41}, "halls: enter a value from 1 to 40"),
    ({"tables_per_hall": -1}, "tables_per_hall: enter a value from 0 to 100"),
    ({"walking_minutes": 121}, "walking_minutes: enter a value from 0 to 120"),
    ({"areas": ["Chips", "chips"]}, "areas: remove the area that is listed twice"),
    ({"areas": ["x" * 81]}, "areas: enter at most 50 areas of 1 to 80 characters each"),
    ({"blocks": []}, "blocks: enter 1 to 6 periods"),
    ({"blocks": [(time(9), time(9, 29))]}, "blocks[0]: enter a period that is at least one slot long"),
    ({"blocks": [(time(12), time(9))]}, "blocks[0]: enter a period that is at least one slot long"),
    (
        {"blocks": [(time(9), time(12)), (time(11), time(13))]},
        "blocks[1]: enter a start time after the end of the previous period",
    ),
    (
        {"days": 14, "blocks": [(time(8), time(20))], "slot_minutes": 10},
        (
            "slot_minutes: choose longer slots or fewer days; "
            "these make 1008 slots, but at most 500 are possible"
        ),
    ),
]


def test_each_field_of_a_new_event_is_checked(database: Database) -> None:
    with database.write() as session:
        for change, fault in EVENT_FAULTS:
            with pytest.raises(InvalidInput) as caught:
                create(session, replace(FORM, **change))
            assert [str(found) for found in caught.value.faults] == [fault]


def test_settings_are_read_back_as_they_were_written(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session)
        form = EventSettings(
            name="New name",
            language="zh",
            solve_seconds=120,
            freeze_hours=6,
            request_days=7,
            mail_per_minute=60,
            contact="+86 10 1234 5678",
            remind_minutes=15,
            policy={"fair_share": 0.5, "factors": {"idle": 20}},
        )
        events.update_settings(session, expo.organiser_actor(), form, now=NOW)
    with database.read() as session:
        assert events.get_settings(session, expo.organiser_actor()) == form


SETTINGS_FAULTS = [
    ({"language": "xx"}, "language: choose one of en, ar, hu, zh"),
    ({"name": ""}, "name: enter 1 to 200 characters"),
    ({"solve_seconds": 4}, "solve_seconds: enter a value from 5 to 3600"),
    ({"freeze_hours": -1}, "freeze_hours: enter a value from 0 to 240"),
    ({"request_days": 0}, "request_days: enter a value from 1 to 365"),
    ({"mail_per_minute": 0}, "mail_per_minute: enter a value from 1 to 60000"),
    ({"contact": "x" * 201}, "contact: enter at most 200 characters"),
    ({"remind_minutes": -1}, "remind_minutes: enter a value from 0 to 1440"),
    ({"remind_minutes": 1441}, "remind_minutes: enter a value from 0 to 1440"),
    ({"policy": {"fair_share": 2}}, "policy.fair_share: must be a number from 0 to 1"),
    ({"policy": {"faire_share": 1}}, "policy.faire_share: unknown key"),
]


def test_each_setting_is_checked(database: Database) -> None:
    with database.write() as session:
        actor = make_event(session).organiser_actor()
        before = events.get_settings(session, actor)
        for change, fault in SETTINGS_FAULTS:
            with pytest.raises(InvalidInput) as caught:
                events.update_settings(session, actor, replace(before, **change), now=NOW)
            assert [str(found) for found in caught.value.faults] == [fault]
        assert events.get_settings(session, actor) == before


def test_only_organisers_read_and_change_settings_and_only_of_their_event(database: Database) -> None:
    with database.write() as session:
        expo, other = make_event(session), make_event(session)
        with pytest.raises(NotAllowed):
            events.get_settings(session, expo.actor(0))
        form = EventSettings(name="Mine")
        with pytest.raises(NotAllowed):
            events.update_settings(session, expo.actor(0), form, now=NOW)
        name = other.event.name
        events.update_settings(session, expo.organiser_actor(), form, now=NOW)
        assert (expo.event.name, other.event.name) == ("Mine", name)
