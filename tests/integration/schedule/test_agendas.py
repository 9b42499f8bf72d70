"""Agendas of the published version, for those concerned."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from datetime import date, timedelta
from functools import partial

import pytest
from sqlalchemy import insert, select, text
from sqlalchemy.orm import Session

from scheduler.config import Settings
from scheduler.domain.entities import RequestState, VersionState
from scheduler.domain.errors import NotAllowed, NotFound
from scheduler.services.identity.actors import Actor
from scheduler.services.requests import requests
from scheduler.services.schedule import agendas, calendar_entries
from scheduler.storage.database import Database
from scheduler.storage.models import MeetingRequest
from tests.support.factories import (
    NOW,
    SECRET_KEY,
    make_event,
    make_firm,
    make_interpreter,
    make_request,
    make_version,
    meet,
)
from tests.support.queries import count_selects

SETTINGS = Settings(
    database_url="sqlite://",
    redis_url="redis://127.0.0.1:1",
    secret_key=SECRET_KEY,
    mail_domain="expo.example",
)
URL = "https://meet.example/feed/x.ics"
DAY = timedelta(days=1)


def test_without_a_published_version_an_agenda_is_empty(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session)
        make_version(session, expo, [meet(make_request(session, expo), expo)], state=VersionState.DRAFT)
        agenda = agendas.attendee_agenda(session, expo.actor(0))
        assert (agenda.version, agenda.published_at, agenda.items) == (None, None, ())


def test_an_agenda_has_what_a_person_needs_to_be_there(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session, slots="3", halls=2, people=2)
        zh = make_interpreter(session, expo, name="王", latin_name="Wang")
        request = make_request(session, expo, 0, 1, topic="Cells", length=2)
        people = [*expo.people[0], expo.people[1][0]]
        meeting = meet(request, expo, slot=1, place=expo.tables[1], people=people, interpreter=zh)
        make_version(session, expo, [meeting])
        agenda = agendas.attendee_agenda(session, expo.actor(1))
        assert (agenda.key, agenda.version, agenda.published_at) == ("f1-p0", 1, NOW)
        (item,) = agenda.items
        assert (item.start, item.end) == (expo.slots[1].start, expo.slots[2].end)
        assert (item.place, item.hall, item.topic) == ("Table t1", "Hall 1", "Cells")
        assert (item.firm.key, item.partner.key) == ("f1", "f0")
        assert [person.key for person in item.people] == ["f1-p0"]
        assert [person.key for person in item.partner_people] == ["f0-p0", "f0-p1"]
        assert (item.interpreter.name, item.interpreter.latin_name) == ("王", "Wang")
        assert (item.request_key, item.is_called_off) == (request.key, False)


def test_agendas_and_calendars_have_the_topics_of_both_firms(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session)
        mutual = make_request(session, expo, 0, 1, topic="Cells", reply_topic="Tools")
        plain = make_request(session, expo, 0, 2, topic="Cells")
        meetings = [meet(mutual, expo, slot=0), meet(plain, expo, slot=1)]
        version = make_version(session, expo, meetings)
        topics = ["Cells · Tools", "Cells"]
        assert [item.topic for item in agendas.firm_agenda(session, expo.actor(0)).items] == topics
        shown = calendar_entries.load_schedule(session, expo.event, version.id)
        assert [shown.held(request.id).topic for request in (mutual, plain)] == topics


def test_only_the_published_version_is_seen(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session)
        request = make_request(session, expo)
        make_version(session, expo, [meet(request, expo, slot=0)], state=VersionState.SUPERSEDED)
        make_version(session, expo, [meet(request, expo, slot=1)])
        make_version(session, expo, [meet(request, expo, slot=2)], state=VersionState.DRAFT)
        agenda = agendas.firm_agenda(session, expo.actor(0))
        assert (agenda.version, [item.start for item in agenda.items]) == (2, [expo.slots[1].start])


def test_a_person_has_the_own_meetings_and_a_firm_has_all(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session, people=2)
        first, second = make_request(session, expo, 0, 1), make_request(session, expo, 2, 0)
        people = [expo.people[2][0], expo.people[0][1]]
        make_version(session, expo, [meet(first, expo, slot=1), meet(second, expo, slot=0, people=people)])
        own = agendas.attendee_agenda(session, expo.actor(0)).items
        assert [item.request_key for item in own] == [first.key]
        firm = agendas.firm_agenda(session, expo.actor(0, person=1)).items
        assert [(item.request_key, item.partner.key) for item in firm] == [
            (second.key, "f2"),
            (first.key, "f1"),
        ]


def test_agendas_are_for_the_person_the_firms_exhibitors_and_organisers(database: Database) -> None:
    with database.write() as session:
        expo, other = make_event(session, people=2), make_event(session, people=2)
        for reader in (expo.actor(0), expo.actor(0, person=1), expo.organiser_actor()):
            assert agendas.attendee_agenda(session, reader, "f0-p1").key == "f0-p1"
        with pytest.raises(NotAllowed):
            agendas.attendee_agenda(session, expo.actor(0, person=1), "f0-p0")
        with pytest.raises(NotAllowed):
            agendas.attendee_agenda(session, expo.actor(1), "f0-p0")
        with pytest.raises(NotAllowed, match="not an attendee"):
            agendas.attendee_agenda(session, expo.organiser_actor())
        with pytest.raises(NotAllowed):
            agendas.firm_agenda(session, expo.actor(1), "f0")
        with pytest.raises(NotFound):
            agendas.firm_agenda(session, expo.organiser_actor())
        assert agendas.firm_agenda(session, expo.organiser_actor(), "f1").key == "f1"
        make_firm(session, other)
        for look in (agendas.attendee_agenda, agendas.firm_agenda, agendas.interpreter_agenda):
            for key in ("f3", "f3-p0", "i0", "\x00"):
                with pytest.raises(NotFound):
                    look(session, expo.organiser_actor(), key)


def test_an_organiser_sees_an_interpreters_agenda(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session, interpreters=2)
        request, other = make_request(session, expo, 0, 1), make_request(session, expo, 2, 1)
        meetings = [
            meet(request, expo, interpreter=expo.interpreters[1]),
            meet(other, expo, slot=1, interpreter=expo.interpreters[0]),
        ]
        make_version(session, expo, meetings)
        (item,) = agendas.interpreter_agenda(session, expo.organiser_actor(), "i1").items
        assert (item.request_key, item.firm.key, item.partner.key) == (request.key, "f0", "f1")
        with pytest.raises(NotAllowed):
            agendas.interpreter_agenda(session, expo.actor(0), "i1")


def test_days_are_those_of_the_events_time_zone(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session, slots="1 1", timezone="Pacific/Auckland")
        meetings = [meet(make_request(session, expo, 0, i), expo, slot=i - 1) for i in (1, 2)]
        make_version(session, expo, meetings)
        days = agendas.attendee_agenda(session, expo.actor(0)).days()
        assert [(day, len(items)) for day, items in days] == [(date(2026, 12, 7), 1), (date(2026, 12, 8), 1)]


def test_a_meeting_that_was_called_off_stays_until_the_next_publishing_and_says_so(
    database: Database,
) -> None:
    with database.write() as session:
        expo = make_event(session)
        request = make_request(session, expo)
        make_version(session, expo, [meet(request, expo)])
        requests.withdraw_request(session, expo.actor(1), request.key, now=NOW)
        (item,) = agendas.attendee_agenda(session, expo.actor(0)).items
        assert item.is_called_off and item.request_state is RequestState.WITHDRAWN


def test_two_events_with_the_same_keys_do_not_mix(database: Database) -> None:
    with database.write() as session:
        here, there = make_event(session, slots="4"), make_event(session, slots="4")
        mine, theirs = make_request(session, here), make_request(session, there, length=2)
        make_version(session, here, [meet(mine, here)])
        make_version(session, there, [meet(theirs, there)])
        for expo, request in ((here, mine), (there, theirs)):
            (item,) = agendas.firm_agenda(session, expo.organiser_actor(), "f0").items
            assert item.request_key == request.key
            assert item.end - item.start == timedelta(minutes=30) * request.length


def test_an_agenda_takes_as_many_queries_for_one_meeting_as_for_ten(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session, firms=11, slots="10")
        asked = [make_request(session, expo, 0, i) for i in range(1, 11)]
        make_version(session, expo, [meet(request, expo, slot=i) for i, request in enumerate(asked)])
    queries = [
        count_selects(database, partial(agendas.firm_agenda, actor=expo.organiser_actor(), firm_key=firm))
        for firm in ("f0", "f1")
    ]
    assert queries == [8, 8]


# The feed


@pytest.mark.parametrize("database", [pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True)
@pytest.mark.parametrize("whose", [agendas.attendee_agenda, agendas.firm_agenda])
def test_an_agenda_reads_its_own_meetings_and_not_all_of_the_event(
    database: Database, whose: Callable[[Session, Actor], agendas.Agenda]
) -> None:
    with database.write() as session:
        expo = make_event(session, firms=60, slots="8", tables=8)
        pairs = [(0, 1), (0, 2), (3, 0), *itertools.combinations(range(1, 60), 2)]
        made = [make_request(session, expo, a, b) for a, b in pairs[:3]]
        like = {c.name: getattr(made[0], c.name) for c in MeetingRequest.__table__.columns if c.name != "id"}
        firms = [firm.id for firm in expo.firms]
        others = [
            {**like, "key": f"x{a}-{b}", "uid": f"x{a}-{b}"}
            | {"from_firm_id": firms[a], "to_firm_id": firms[b]}
            | {"lower_firm_id": firms[a], "upper_firm_id": firms[b]}
            for a, b in pairs[3:]
        ]
        session.execute(insert(MeetingRequest), others)
        rows = session.scalars(select(MeetingRequest).order_by(MeetingRequest.id)).all()
        planned = [
            meet(request, expo, slot=number % 8, place=expo.tables[number % 8])
            for number, request in enumerate(rows)
        ]
        make_version(session, expo, planned)
        session.execute(text("ANALYZE"))
    read = text(
        "SELECT sum(seq_tup_read + coalesce(idx_tup_fetch, 0)) FROM pg_stat_xact_user_tables"
        " WHERE relname LIKE 'planned%'"
    )
    with database.read() as session:
        before = session.execute(read).scalar_one()
        agenda = whose(session, expo.actor(0))
        assert len(agenda.items) == 3
        assert session.execute(read).scalar_one() - before < len(pairs) / 3
