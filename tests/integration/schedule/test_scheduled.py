""" "Scheduled" means the same everywhere: in the version, and still accepted. Counts equal plain queries."""

from __future__ import annotations

import random
from collections import Counter
from typing import Any

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from scheduler.domain.entities import RequestState
from scheduler.services.events import dashboard, results
from scheduler.services.exports import meeting_list as listed
from scheduler.services.exports import prints, schedule_lists
from scheduler.services.exports.prints import PrintPack
from scheduler.services.participants import record_tables
from scheduler.services.planning.fairness import shares
from scheduler.services.planning.fixes import unscheduled_groups
from scheduler.services.reports.outcomes import by_country, chain_report
from scheduler.services.reports.statistics import chain_flow, hall_load, transitions
from scheduler.services.schedule import versions
from scheduler.services.venue import venue
from scheduler.storage.database import Database
from scheduler.storage.models import (
    MeetingRequest,
    PlannedMeeting,
    ScheduleVersion,
)
from tests.support.factories import (
    NOW,
    Expo,
    make_event,
    make_interpreter,
    make_request,
    meet,
)
from tests.support.publishing import draft, publish
from tests.support.web import Browser, web_app

FIRMS, REQUESTS = 24, 160
ENDED = RequestState.WITHDRAWN, RequestState.DECLINED


def planned(session: Session) -> tuple[Expo, list[MeetingRequest], list[MeetingRequest]]:
    """Return an event with a published plan, its scheduled requests, and the unscheduled ones."""
    rng = random.Random(7)
    expo = make_event(session, firms=FIRMS, slots="6|6 6|6", halls=2, walking=0)
    for _ in range(2):
        make_interpreter(session, expo)
    pairs = [(a, b) for a in range(FIRMS) for b in range(a)]
    requests = [make_request(session, expo, *pair) for pair in rng.sample(pairs, REQUESTS)]
    busy: set[tuple[Any, int]] = set()
    meetings, inside, outside = [], [], []
    for request in requests:
        sides = [request.from_firm_id, request.to_firm_id]
        place = expo.booths[[firm.id for firm in expo.firms].index(request.to_firm_id)]
        free = [
            slot
            for slot in range(len(expo.slots))
            if not busy & {(side, slot) for side in (*sides, ("at", place.id))}
        ]
        if not free or len(inside) == REQUESTS - 20:
            outside.append(request)
            continue
        busy |= {(side, free[0]) for side in (*sides, ("at", place.id))}
        speaks = next((one for one in expo.interpreters if (one.key, free[0]) not in busy), None)
        busy |= {(speaks.key, free[0])} if speaks is not None else set()
        meetings.append(meet(request, expo, slot=free[0], place=place, interpreter=speaks))
        inside.append(request)
    number = draft(session, expo, meetings)
    version = versions.get_version(session, expo.event.id, number)
    version.unscheduled = [
        {"request": row.key, "reason": rng.choice(["no-place", "full-day"]), "detail": "", "remedies": []}
        for row in outside
    ]
    session.flush()
    publish(session, expo, number, None)
    assert len(inside) > 90 and len(outside) >= 20
    return expo, inside, outside


def call_off(session: Session, inside: list[MeetingRequest], outside: list[MeetingRequest]) -> None:
    """End every sixth request, scheduled or not."""
    for at, request in enumerate([*inside[::6], *outside[::6]]):
        row = session.get_one(MeetingRequest, request.id)
        row.state, row.responded_at = ENDED[at % 2], NOW
    session.flush()


def counted(session: Session, query: str, version: int = 1) -> list[tuple[Any, ...]]:
    """Return a query's result in plain SQL; `stands` are the meetings that take place."""
    stands = """
        WITH version AS (SELECT id FROM schedule_version WHERE number = :number),
        stands AS (
            SELECT m.*, r.from_firm_id, r.to_firm_id FROM planned_meeting m
            JOIN meeting_request r ON r.id = m.request_id AND r.state = 'accepted'
            WHERE m.version_id = (SELECT id FROM version)
        )
    """
    return [tuple(row) for row in session.execute(text(stands + query), {"number": version})]


@pytest.fixture
def called_off(database: Database) -> Expo:
    with database.write() as session:
        expo, inside, outside = planned(session)
    with database.read() as session:  # a plan's statistics are stored with it
        read_all(session, expo)
    with database.write() as session:
        call_off(session, inside, outside)
    return expo


def read_all(session: Session, expo: Expo) -> None:
    actor = expo.organiser_actor()
    results.get_results(session, actor, 1)
    shares.get_fairness(session, actor, 1)
    chain_flow.get_chain_flow(session, actor, 1)
    hall_load.get_hall_load(session, actor, 1)
    venue.show_venue(session, actor)
    chain_report.get_chain_report(session, actor, now=NOW)
    prints.count_parts(session, actor)


def test_home_the_version_and_the_reasons_count_alike(database: Database, called_off: Expo) -> None:
    with database.read() as session:
        actor = called_off.organiser_actor()
        ((held,),) = counted(session, "SELECT count(*) FROM stands")
        accepted = session.scalar(select(func.count()).where(MeetingRequest.state == RequestState.ACCEPTED))
        assert held < (session.scalar(select(func.count()).select_from(PlannedMeeting)) or 0)
        first, own = dashboard.get_dashboard(session, actor, now=NOW), results.get_results(session, actor, 1)
        assert (first.scheduled, first.accepted) == (held, accepted)
        assert (own.scheduled, own.accepted, own.missing) == (held, accepted, accepted - held)
        assert sum(first.reasons.values()) == sum(own.reasons.values()) == accepted - held
        assert unscheduled_groups.count_unscheduled(session, actor, 1).requests == accepted - held
        why = unscheduled_groups.list_requests(
            session, actor, 1, group=None, reason="", words="", page=1, limit=200
        )
        assert (why.total, len(why.items)) == (accepted - held, accepted - held)


def test_the_first_page_and_the_version_say_it(database: Database, called_off: Expo) -> None:
    app = web_app(database, "redis://127.0.0.1:1")
    browser = Browser(app, called_off.organiser)
    with database.read() as session:
        ((held,),) = counted(session, "SELECT count(*) FROM stands")
        accepted = session.scalar(select(func.count()).where(MeetingRequest.state == RequestState.ACCEPTED))
    key = called_off.event.key
    assert f"<b>{held}</b> of {accepted} accepted requests scheduled" in browser.get(f"/events/{key}")
    assert f"<strong>{held}</strong> of {accepted} accepted" in browser.get(f"/events/{key}/versions/1")


def test_people_idle_times_and_walks_are_of_what_takes_place(database: Database, called_off: Expo) -> None:
    with database.read() as session:
        version = session.scalars(select(ScheduleVersion)).one()
        seats = counted(
            session,
            "SELECT DISTINCT a.attendee_id FROM stands s JOIN planned_attendee a ON a.meeting_id = s.id",
        )
        assert transitions.get_transitions(session, version).people == {person for (person,) in seats}


def test_fairness_chain_and_countries_count_alike(database: Database, called_off: Expo) -> None:
    with database.read() as session:
        actor = called_off.organiser_actor()
        ((held,),) = counted(session, "SELECT count(*) FROM stands")
        accepted = session.scalar(select(func.count()).where(MeetingRequest.state == RequestState.ACCEPTED))
        links = chain_flow.get_chain_flow(session, actor, 1).links
        assert (sum(link.scheduled for link in links), sum(link.accepted for link in links)) == (
            held,
            accepted,
        )
        seen = shares.get_fairness(session, actor, 1)
        lines = seen.groups[shares.Grouping.HOME]
        assert sum(line.scheduled for line in lines) == 2 * held
        assert sum(line.requests for line in lines) == 2 * (accepted or 0)
        pairs = by_country._pairs(session, actor, session.scalars(select(ScheduleVersion)).one())
        assert (sum(row[3] for row in pairs), sum(row[2] for row in pairs)) == (held, accepted)


def test_halls_hours_lists_and_prints_have_what_takes_place(database: Database, called_off: Expo) -> None:
    with database.read() as session:
        actor = called_off.organiser_actor()
        by_hall = counted(
            session,
            "SELECT p.hall_id, count(*) FROM stands s JOIN place p ON p.id = s.place_id GROUP BY p.hall_id",
        )
        ((held,),) = counted(session, "SELECT count(*) FROM stands")
        assert sum(hall_load.get_hall_load(session, actor, 1).counts.values()) == held
        version = session.scalars(select(ScheduleVersion)).one()
        assert venue._held(session, version) == dict(by_hall)
        assert len(listed.list_meetings(session, actor, version.id)) == held
        ((places,),) = counted(session, "SELECT count(DISTINCT place_id) FROM stands")
        assert prints._owners(session, version.id)[str(PrintPack.PLACES)] == places
        accepted = session.scalar(select(func.count()).where(MeetingRequest.state == RequestState.ACCEPTED))
        assert (
            len(list(schedule_lists._list_unscheduled(session, actor, version, "en")))
            == (accepted or 0) - held
        )


def test_the_desk_counts_what_firms_people_and_interpreters_still_have(
    database: Database, called_off: Expo
) -> None:
    with database.read() as session:
        actor = called_off.organiser_actor()
        sides = counted(session, "SELECT from_firm_id, to_firm_id FROM stands")
        of_firm = Counter(firm for pair in sides for firm in pair)
        keys = {firm.key: of_firm[firm.id] for firm in called_off.firms}
        assert {row.key: row.meetings for row in record_tables.list_firms(session, actor).items} == keys
        seats = counted(
            session,
            "SELECT a.attendee_id, count(*) FROM stands s JOIN planned_attendee a ON a.meeting_id = s.id "
            "GROUP BY a.attendee_id",
        )
        found = {row.key: row.meetings for row in record_tables.list_people(session, actor).items}
        known = {person.id: person.key for people in called_off.people for person in people}
        assert {key: number for key, number in found.items() if number} == {
            known[person]: number for person, number in seats
        }
        spoken = counted(session, "SELECT interpreter_id, count(*) FROM stands GROUP BY interpreter_id")
        rows = record_tables.list_interpreters(session, actor).items
        ids = {row.id: row.key for row in called_off.interpreters}
        assert {row.key: row.meetings for row in rows} == {ids[i]: n for i, n in spoken if i}
