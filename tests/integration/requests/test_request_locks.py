"""A request that found no place is held where a remedy says: it is done, and the next run keeps to it."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from scheduler.domain.entities import PlaceWish, RequestState, VersionState
from scheduler.domain.errors import NotAllowed, NotFound, WrongState
from scheduler.domain.plan import Plan
from scheduler.domain.problem import Fixed
from scheduler.domain.solving import SolveParams
from scheduler.services.problems import snapshot
from scheduler.services.requests import locks
from scheduler.services.requests.locks import NotDone
from scheduler.services.schedule import versions
from scheduler.solver.solve import solve
from scheduler.storage.database import Database
from scheduler.storage.models import AttendeeBusy, ExcludedPerson, MeetingRequest, ScheduleVersion
from tests.support.factories import NOW, Expo, make_event, make_request, make_version


def planned(session: Session, expo: Expo) -> tuple[Plan, ScheduleVersion]:
    """What a run finds now, as a draft."""
    problem = snapshot.take(session, expo.event.id, now=NOW)
    plan = solve(problem, SolveParams(seconds=2, workers=1)).plan
    return plan, versions.store_draft(session, event_id=expo.event.id, run_id=None, plan=plan, now=NOW)


def number_of(version: ScheduleVersion, key: str, kind: str) -> int:
    (row,) = [row for row in version.unscheduled if row["request"] == key]
    return [way["kind"] for way in row["ways"]].index(kind)


def test_the_press_on_a_remedy_frees_the_person_and_the_next_run_holds_the_meeting_there(
    database: Database,
) -> None:
    with database.write() as session:
        expo = make_event(session, firms=2, slots="2")
        request = make_request(session, expo)
        for slot in expo.slots:
            session.add(AttendeeBusy(attendee_id=expo.people[0][0].id, slot_id=slot.id))
        session.flush()
        plan, version = planned(session, expo)
        assert plan.meetings == ()
        number = number_of(version, request.key, "available")
        slot = locks.hold_there(session, expo.organiser_actor(), version.number, request.key, number, now=NOW)
        position = next(each.position for each in expo.slots if each.key == slot.key)
        problem = snapshot.take(session, expo.event.id, now=NOW)
        assert problem.requests[0].fixed == Fixed(position, None, True)
        again, _ = planned(session, expo)
        assert [(m.request, m.slot) for m in again.meetings] == [(request.key, slot.key)]
        assert len(session.scalars(select(AttendeeBusy)).all()) == 1, "only of that time"
        assert list(locks.locked(session, expo.event.id)) == [request.key]
        assert locks.unlock(session, expo.organiser_actor(), request.key, now=NOW)
        assert not locks.unlock(session, expo.organiser_actor(), request.key, now=NOW)
        assert snapshot.take(session, expo.event.id, now=NOW).requests[0].fixed is None


def test_a_lighter_request_in_the_way_is_withdrawn(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session, firms=3, slots="1")
        light = make_request(session, expo, 0, 1, priority=1)
        make_version(session, expo, [])
        heavy = make_request(session, expo, 0, 2, priority=5)
        version = made(session, expo, heavy, {"kind": "withdraw", "ids": [light.key], "slot": "s0"})
        locks.hold_there(session, expo.organiser_actor(), version.number, heavy.key, 0, now=NOW)
        assert light.state is RequestState.WITHDRAWN
        plan, _ = planned(session, expo)
        assert [meeting.request for meeting in plan.meetings] == [heavy.key]


def made(session: Session, expo: Expo, request: MeetingRequest, way: dict[str, Any]) -> ScheduleVersion:
    """A draft that does not hold a request, and has one remedy for it."""
    version = make_version(session, expo, [], state=VersionState.DRAFT)
    version.unscheduled = [{"request": request.key, "reason": "x", "detail": "x", "ways": [way]}]
    session.flush()
    return version


@pytest.mark.parametrize("kind", ["any-place", "take-part", "again", "closed"])
def test_each_kind_of_remedy_that_a_press_can_do_is_done(database: Database, kind: str) -> None:
    with database.write() as session:
        expo = make_event(session, people=2)
        request = make_request(session, expo, place=PlaceWish.TABLE, slots=["s0"])
        person = expo.people[0][1]
        session.add(ExcludedPerson(request_id=request.id, attendee_id=person.id, excluded_at=NOW))
        version = made(session, expo, request, {"kind": kind, "ids": [person.key], "slot": "s1"})
        locks.hold_there(session, expo.organiser_actor(), version.number, request.key, 0, now=NOW)
        assert (request.fixed_slot_id, request.fixed_must) == (expo.slots[1].id, True)
        assert request.place is (PlaceWish.ANY if kind == "any-place" else PlaceWish.TABLE)
        assert (session.scalar(select(ExcludedPerson)) is None) is (kind == "take-part")
        problem = snapshot.take(session, expo.event.id, now=NOW)
        assert problem.requests[0].fixed == Fixed(1, None, True)
        assert 1 in (problem.requests[0].slots or ())


def test_what_no_page_can_do_and_what_is_over_is_refused_in_words(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session)
        request = make_request(session, expo)
        actor = expo.organiser_actor()
        version = made(session, expo, request, {"kind": "add-interpreter", "ids": [], "slot": "s1"})
        with pytest.raises(NotDone, match="Do it first"):
            locks.hold_there(session, actor, version.number, request.key, 0, now=NOW)
        with pytest.raises(NotFound):
            locks.hold_there(session, actor, version.number, request.key, 1, now=NOW)
        with pytest.raises(NotDone, match="over"):
            locks.lock(session, actor, request.key, "s0", now=expo.slots[0].start)
        request.length = 2
        with pytest.raises(NotDone, match="longer"):
            locks.lock(session, actor, request.key, "s3", now=NOW)
        request.state = RequestState.WITHDRAWN
        with pytest.raises(WrongState):
            locks.lock(session, actor, request.key, "s0", now=NOW)


@pytest.mark.parametrize("who", [0, 1])
def test_only_organisers_lock_and_only_in_their_event(database: Database, who: int) -> None:
    with database.write() as session:
        expo, other = make_event(session), make_event(session)
        request = make_request(session, expo)
        with pytest.raises(NotAllowed):
            locks.lock(session, expo.actor(who), request.key, "s0", now=NOW)
        with pytest.raises(NotAllowed):
            locks.unlock(session, expo.actor(who), request.key, now=NOW)
        with pytest.raises(NotFound):
            locks.lock(session, other.organiser_actor(), request.key, "s0", now=NOW)
