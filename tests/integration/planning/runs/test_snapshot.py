"""A snapshot is a problem file: accepted requests, availability, and the published meetings."""

from datetime import timedelta

import pytest

from scheduler.domain import rules
from scheduler.domain.entities import PlaceWish, RequestState
from scheduler.domain.errors import NotFound
from scheduler.domain.problem import Fixed
from scheduler.files.problem_file import problem_fingerprint, read_problem, write_problem
from scheduler.services.problems import snapshot
from scheduler.storage.database import Database
from scheduler.storage.models import AttendeeBusy, InterpreterBusy, PlaceClosure
from tests.support.factories import NOW, make_event, make_request, make_version, meet


def test_a_snapshot_equals_the_problem_file_it_writes(database: Database) -> None:
    with database.write() as session:
        expo = make_event(
            session,
            firms=3,
            people=2,
            slots="2|2 3",
            halls=2,
            walking=7,
            interpreters=1,
            policy={"fair_share": 0.5, "factors": {"idle": 3}},
        )
        make_request(session, expo, 0, 1, from_people=[expo.people[0][1]], slots=["s0", "s4"], length=2)
        fixed = {"fixed_slot_id": expo.slots[3].id, "fixed_place_id": expo.tables[1].id}
        make_request(session, expo, 1, 2, place=PlaceWish.TABLE, **fixed)
        session.add(AttendeeBusy(attendee_id=expo.people[2][0].id, slot_id=expo.slots[1].id))
        session.add(InterpreterBusy(interpreter_id=expo.interpreters[0].id, slot_id=expo.slots[2].id))
        session.add(PlaceClosure(place_id=expo.tables[0].id, slot_id=expo.slots[0].id))
        session.flush()
        problem = snapshot.build_problem(session, expo.event.id, now=NOW)
    document = write_problem(problem)
    assert read_problem(document) == problem
    assert problem_fingerprint(read_problem(document)) == problem_fingerprint(problem)
    assert problem.walking == ((0, 7), (7, 0))
    assert [request.slots for request in problem.requests] == [(0, 4), None]
    assert [request.from_attendees for request in problem.requests] == [(1,), ()]
    assert problem.requests[1].fixed == Fixed(3, problem.index.places["t1"])
    assert problem.attendees[4].unavailable == {1}
    assert problem.interpreters[0].unavailable == {2}
    assert problem.places[problem.index.places["t0"]].unavailable == {0}
    assert problem.policy.factors["idle"] == 3 and problem.policy.factors["served"] == 100
    assert problem.policy.factors["repeated"] > 0


def test_only_accepted_requests_are_in_it(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session, firms=len(RequestState) + 1)
        asked = {
            state: make_request(session, expo, i, i + 1, state=state) for i, state in enumerate(RequestState)
        }
        problem = snapshot.build_problem(session, expo.event.id, now=NOW)
    assert [request.id for request in problem.requests] == [asked[RequestState.ACCEPTED].key]


def test_firms_have_their_latin_names(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session, firms=1)
        expo.firms[0].name, expo.firms[0].latin_name = "宁德时代", "Ningde"
        session.flush()
        problem = snapshot.build_problem(session, expo.event.id, now=NOW)
    assert problem.firms[0].name == "Ningde"


def test_events_do_not_leak_into_each_other(database: Database) -> None:
    with database.write() as session:
        expo, other = (make_event(session, firms=2, interpreters=1, halls=2, walking=5) for _ in range(2))
        make_request(session, other)
        session.add(AttendeeBusy(attendee_id=other.people[0][0].id, slot_id=other.slots[0].id))
        session.flush()
        problem = snapshot.build_problem(session, expo.event.id, now=NOW)
    assert problem.requests == ()
    assert [len(rows) for rows in (problem.firms, problem.attendees, problem.places)] == [2, 2, 4]
    assert all(not attendee.unavailable for attendee in problem.attendees)


def test_nothing_is_frozen_before_the_event_comes_near(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session, freeze_hours=12)
        first = expo.slots[0].start
        assert (
            snapshot.build_problem(session, expo.event.id, now=first - timedelta(hours=12)).frozen_until
            is None
        )


def test_what_starts_within_the_freeze_hours_is_frozen(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session, freeze_hours=12)
        now = expo.slots[0].start - timedelta(hours=11)
        problem = snapshot.build_problem(session, expo.event.id, now=now)
        assert problem.frozen_until == now + timedelta(hours=12)
        assert read_problem(write_problem(problem)) == problem


def test_unavailability_against_a_frozen_meeting_is_left_out(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session, slots="4", interpreters=1, freeze_hours=1)
        request = make_request(session, expo, length=2)
        expo.people[1][0].languages = ["zh"]
        meeting = meet(request, expo, slot=0, interpreter=expo.interpreters[0])
        make_version(session, expo, [meeting])
        for slot in expo.slots[:3]:
            session.add(AttendeeBusy(attendee_id=expo.people[0][0].id, slot_id=slot.id))
            session.add(InterpreterBusy(interpreter_id=expo.interpreters[0].id, slot_id=slot.id))
            session.add(PlaceClosure(place_id=expo.tables[0].id, slot_id=slot.id))
        session.flush()
        problem = snapshot.build_problem(session, expo.event.id, now=expo.slots[0].start)
    assert problem.published == (meeting,)
    assert problem.attendees[0].unavailable == {2}
    assert problem.interpreters[0].unavailable == {2}
    assert problem.places[problem.index.places["t0"]].unavailable == {2}
    assert rules.violations(problem, [meeting]) == []


def test_unavailability_against_a_meeting_that_may_still_move_stays(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session, slots="4", freeze_hours=1)
        request = make_request(session, expo)
        make_version(session, expo, [meet(request, expo, slot=3)])
        session.add(AttendeeBusy(attendee_id=expo.people[0][0].id, slot_id=expo.slots[3].id))
        session.flush()
        problem = snapshot.build_problem(session, expo.event.id, now=expo.slots[0].start)
    assert problem.attendees[0].unavailable == {3}


def test_a_withdrawn_meeting_holds_nobody_even_when_frozen(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session, freeze_hours=24)
        request = make_request(session, expo, state=RequestState.WITHDRAWN)
        make_version(session, expo, [meet(request, expo)])
        session.add(AttendeeBusy(attendee_id=expo.people[0][0].id, slot_id=expo.slots[0].id))
        session.flush()
        problem = snapshot.build_problem(session, expo.event.id, now=expo.slots[0].start)
    assert problem.attendees[0].unavailable == {0}
    assert rules.violations(problem, []) == []


def test_an_event_that_is_not_there_is_told(database: Database) -> None:
    with database.read() as session, pytest.raises(NotFound):
        snapshot.build_problem(session, 1, now=NOW)
