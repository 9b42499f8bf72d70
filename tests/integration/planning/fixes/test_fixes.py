"""Applying a fix is one undoable action; the next run schedules the request there."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from scheduler.domain.entities import PlaceWish, RequestState, VersionState
from scheduler.domain.errors import InvalidInput, NotAllowed, NotFound, WrongState
from scheduler.domain.plan import Plan
from scheduler.domain.problem import Fixed
from scheduler.domain.solving import SolveParams
from scheduler.services.directory.references import SlotRef
from scheduler.services.identity.actors import Actor
from scheduler.services.participants import journal
from scheduler.services.planning.change_review import locking
from scheduler.services.planning.fixes import applying
from scheduler.services.planning.fixes.event_changes import NewPerson
from scheduler.services.problems import snapshot
from scheduler.services.requests import locks, unscheduled_requests
from scheduler.services.requests.locks import FixNotApplied
from scheduler.services.schedule import versions
from scheduler.solver.solve import solve
from scheduler.storage.database import Database
from scheduler.storage.models import (
    Attendee,
    AttendeeBusy,
    AuditLogEntry,
    ExcludedPerson,
    InterpreterBusy,
    MeetingRequest,
    ScheduleVersion,
)
from tests.support.factories import NOW, Expo, make_event, make_interpreter, make_request, make_version
from tests.support.publishing import SETTINGS
from tests.support.web import Browser, web_app


def planned(session: Session, expo: Expo) -> tuple[Plan, ScheduleVersion]:
    """Run the solver and store a draft."""
    problem = snapshot.build_problem(session, expo.event.id, now=NOW)
    plan = solve(problem, SolveParams(seconds=2, workers=1)).plan
    return plan, versions.store_draft(session, event_id=expo.event.id, run_id=None, plan=plan, now=NOW)


def hold(session: Session, actor: Actor, version: int, key: str, number: int, *people: NewPerson) -> SlotRef:
    return applying.apply_request_fix(
        session, actor, version, key, number, people=people, settings=SETTINGS, now=NOW
    )


def entries(session: Session) -> list[str]:
    """Return the actions in the audit log."""
    return [str(act) for act in session.scalars(select(AuditLogEntry.act).order_by(AuditLogEntry.id))]


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
        slot = hold(session, expo.organiser_actor(), version.number, request.key, number)
        position = next(each.position for each in expo.slots if each.key == slot.key)
        problem = snapshot.build_problem(session, expo.event.id, now=NOW)
        assert problem.requests[0].fixed == Fixed(position, None, True)
        again, _ = planned(session, expo)
        assert [(m.request, m.slot) for m in again.meetings] == [(request.key, slot.key)]
        assert len(session.scalars(select(AttendeeBusy)).all()) == 1, "only of that time"
        assert list(locks.list_locked_slots(session, expo.event.id)) == [request.key]
        assert locks.unlock_request(session, expo.organiser_actor(), request.key, now=NOW)
        assert not locks.unlock_request(session, expo.organiser_actor(), request.key, now=NOW)
        assert snapshot.build_problem(session, expo.event.id, now=NOW).requests[0].fixed is None


def test_a_lighter_request_in_the_way_is_withdrawn(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session, firms=3, slots="1")
        light = make_request(session, expo, 0, 1, priority=1)
        make_version(session, expo, [])
        heavy = make_request(session, expo, 0, 2, priority=5)
        version = made(session, expo, heavy, {"kind": "withdraw", "ids": [light.key], "slot": "s0"})
        hold(session, expo.organiser_actor(), version.number, heavy.key, 0)
        assert light.state is RequestState.WITHDRAWN
        plan, _ = planned(session, expo)
        assert [meeting.request for meeting in plan.meetings] == [heavy.key]


def made(session: Session, expo: Expo, request: MeetingRequest, way: dict[str, Any]) -> ScheduleVersion:
    """Return a draft with an unscheduled request and one fix for it."""
    version = make_version(session, expo, [], state=VersionState.DRAFT)
    version.unscheduled = [{"request": request.key, "reason": "x", "detail": "x", "ways": [way]}]
    session.flush()
    return version


@pytest.mark.parametrize("kind", ["any-place", "take-part", "again", "closed", "weight", "fixed"])
def test_each_kind_of_remedy_that_needs_no_run_is_done(database: Database, kind: str) -> None:
    with database.write() as session:
        expo = make_event(session, people=2)
        request = make_request(session, expo, place=PlaceWish.TABLE, slots=["s0"])
        person = expo.people[0][1]
        session.add(ExcludedPerson(request_id=request.id, attendee_id=person.id, excluded_at=NOW))
        version = made(session, expo, request, {"kind": kind, "ids": [person.key], "slot": "s1"})
        hold(session, expo.organiser_actor(), version.number, request.key, 0)
        assert (request.fixed_slot_id, request.is_locked) == (expo.slots[1].id, True)
        assert request.place is (PlaceWish.ANY if kind == "any-place" else PlaceWish.TABLE)
        assert (session.scalar(select(ExcludedPerson)) is None) is (kind == "take-part")
        problem = snapshot.build_problem(session, expo.event.id, now=NOW)
        assert problem.requests[0].fixed == Fixed(1, None, True)
        assert 1 in (problem.requests[0].slots or ())


def two_of_firm_0(
    session: Session, *, slots: str = "1", person: int | None = None, firm: int | None = None
) -> Expo:
    """Firm 0 requests two firms, with time for one, or with a daily limit."""
    expo = make_event(session, slots=slots)
    expo.people[0][0].max_per_day, expo.firms[0].max_per_day = person, firm
    for other in (1, 2):
        make_request(session, expo, 0, other)
    return expo


TIMES = {"max_days": "1 1", "max_in_row": "2"}
"""Times of two meetings, by the limit that they exceed together."""


def limited(session: Session, limit: str, *, own: int | None = None, policy: int | None = None) -> Expo:
    """Firm 0 requests two firms, with a time for each, and a limit of days or of meetings in a row."""
    expo = make_event(session, slots=TIMES[limit])
    expo.event.policy = {} if policy is None else {limit: policy}
    setattr(expo.people[0][0], limit, own)
    for other in (1, 2):
        make_request(session, expo, 0, other)
    return expo


def without_interpreter(session: Session, *, shift: bool) -> Expo:
    """Two firms without a common language. The only interpreter is off duty, or speaks other languages."""
    expo = make_event(session, firms=2, interpreters=0)
    expo.people[1][0].languages = ["hu"]
    ivy = make_interpreter(session, expo, languages=["en", "hu" if shift else "zh"])
    for slot in expo.slots if shift else ():
        session.add(InterpreterBusy(interpreter_id=ivy.id, slot_id=slot.id))
    make_request(session, expo)
    return expo


def with_one_place(session: Session, place: PlaceWish) -> Expo:
    """Two requests for one slot and its only suitable place."""
    expo = make_event(session, firms=4, people=2, slots="1", tables=1)
    make_request(session, expo, 1, 0, place=place)
    make_request(session, expo, 2, 0 if place is PlaceWish.BOOTH else 3, place=place)
    return expo


EVENTS: dict[tuple[str, str], Callable[[Session], Expo]] = {
    ("person-cap", ""): lambda session: two_of_firm_0(session, slots="4", person=1),
    ("firm-cap", ""): lambda session: two_of_firm_0(session, slots="4", firm=1),
    ("days-cap", "own"): lambda session: limited(session, "max_days", own=1),
    ("days-cap", "policy"): lambda session: limited(session, "max_days", policy=1),
    ("row-cap", "own"): lambda session: limited(session, "max_in_row", own=1),
    ("row-cap", "policy"): lambda session: limited(session, "max_in_row", policy=1),
    ("add-person", ""): two_of_firm_0,
    ("add-interpreter", ""): lambda session: without_interpreter(session, shift=False),
    ("shift", ""): lambda session: without_interpreter(session, shift=True),
    ("add-place", "table"): lambda session: with_one_place(session, PlaceWish.TABLE),
    ("add-place", "booth"): lambda session: with_one_place(session, PlaceWish.BOOTH),
}


@pytest.mark.parametrize(("kind", "at"), EVENTS)
def test_a_press_changes_the_event_so_that_the_next_run_holds_it_and_one_undo_takes_all_back(
    database: Database, kind: str, at: str
) -> None:
    with database.write() as session:
        expo = EVENTS[kind, at](session)
        session.flush()
        actor = expo.organiser_actor()
        before = snapshot.build_problem(session, expo.event.id, now=NOW)
        _, version = planned(session, expo)
        (row,) = version.unscheduled
        people = [NewPerson("Nora Kiss", "nora@firm.example")] if kind in applying.NEEDS_PERSON else []
        number = number_of(version, row["request"], kind)
        slot = hold(session, actor, version.number, row["request"], number, *people)
        problem = snapshot.build_problem(session, expo.event.id, now=NOW)
        again = solve(problem, SolveParams(seconds=2, workers=1)).plan
        assert {m.request: m.slot for m in again.meetings}[row["request"]] == slot.key
        assert problem.policy == before.policy, "a limit for all stays, and the person gets their own"
        (step, *_) = journal.list_steps(session, actor)
        assert (step.kind, step.note) == ("remedy", kind)
    with database.write() as session:
        assert "lock" in entries(session)
        journal.undo_step(session, actor, step.id, settings=SETTINGS, now=NOW)
        assert snapshot.build_problem(session, expo.event.id, now=NOW) == before


@pytest.mark.parametrize(("kind", "limit"), [("days-cap", "max_days"), ("row-cap", "max_in_row")])
@pytest.mark.parametrize(
    ("own", "policy", "raised"),
    [(1, None, 2), (1, 3, 2), (None, 1, 2), (3, 1, 3), (None, 3, None), (None, None, None)],
)
def test_a_limit_is_raised_to_that_of_the_fix_unless_as_many_are_allowed_by_now(
    database: Database, kind: str, limit: str, own: int | None, policy: int | None, raised: int | None
) -> None:
    with database.write() as session:
        expo = limited(session, limit, own=own, policy=policy)
        request, person = make_request(session, expo, 1, 2), expo.people[0][0]
        version = made(session, expo, request, {"kind": kind, "ids": [person.key, "2"], "slot": "s1"})
        hold(session, expo.organiser_actor(), version.number, request.key, 0)
        assert getattr(person, limit) == raised


@pytest.mark.parametrize(
    ("kind", "limit", "said"),
    [
        ("days-cap", "max_days", "Let F0-P0 have meetings on one more day, on"),
        ("row-cap", "max_in_row", "Let F0-P0 have more meetings in a row, on"),
    ],
)
def test_a_higher_limit_of_a_person_has_a_button_on_the_page(
    database: Database, broker_url: str, kind: str, limit: str, said: str
) -> None:
    with database.write() as session:
        expo = limited(session, limit, own=1)
        request, person = make_request(session, expo, 1, 2), expo.people[0][0]
        version = made(session, expo, request, {"kind": kind, "ids": [person.key, "2"], "slot": "s1"})
        row, *_ = version.unscheduled
        version.unscheduled = [{**row, "remedies": ["x"], "blockers": []}]
    browser = Browser(web_app(database, broker_url), expo.organiser)
    path = f"/events/{expo.event.key}/versions/{version.number}/fixes"
    page = re.sub(r"<[^>]+>", "", browser.get(f"{path}?reason=x"))
    assert said in page and "Apply and lock time" in page
    browser.post(f"{path}/apply", request=request.key, remedy="0")
    with database.read() as session:
        assert getattr(session.get_one(Attendee, person.id), limit) == 2


def test_somebody_who_is_added_needs_a_name_and_an_address(database: Database) -> None:
    with database.write() as session:
        expo = without_interpreter(session, shift=False)
        _, version = planned(session, expo)
        (row,) = version.unscheduled
        number = number_of(version, row["request"], "add-interpreter")
        with pytest.raises(InvalidInput, match="enter one interpreter"):
            hold(session, expo.organiser_actor(), version.number, row["request"], number)
        with pytest.raises(InvalidInput) as refused:
            hold(
                session,
                expo.organiser_actor(),
                version.number,
                row["request"],
                number,
                NewPerson("Nora", "no"),
            )
        assert [fault.path for fault in refused.value.faults] == ["email0"]


def test_a_time_that_clashes_with_another_lock_is_refused_by_name(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session)
        one, two = make_request(session, expo, 0, 1), make_request(session, expo, 0, 2)
        actor = expo.organiser_actor()
        locking.lock_request(session, actor, one.key, "s1", now=NOW)
        version = made(session, expo, two, {"kind": "again", "ids": [], "slot": "s1"})
        with pytest.raises(
            FixNotApplied, match=r"together with these: Firm 0 × Firm 1\. Someone would be in two"
        ):
            hold(session, actor, version.number, two.key, 0)
        locks.unlock_request(session, actor, one.key, now=NOW)
        hold(session, actor, version.number, two.key, 0)


def test_what_no_page_can_do_and_what_is_over_is_refused_in_words(database: Database) -> None:
    assert set(applying.APPLIERS) == unscheduled_requests.PRESSED
    with database.write() as session:
        expo = make_event(session)
        request = make_request(session, expo)
        actor = expo.organiser_actor()
        version = made(session, expo, request, {"kind": "precedence", "ids": ["x"], "slot": "s1"})
        with pytest.raises(FixNotApplied, match="Make it first"):
            hold(session, actor, version.number, request.key, 0)
        with pytest.raises(NotFound):
            hold(session, actor, version.number, request.key, 1)
        request.state = RequestState.WITHDRAWN
        with pytest.raises(WrongState):
            hold(session, actor, version.number, request.key, 0)


def test_only_organisers_do_remedies(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session)
        request = make_request(session, expo)
        version = made(session, expo, request, {"kind": "again", "ids": [], "slot": "s1"})
        with pytest.raises(NotAllowed):
            hold(session, expo.actor(0), version.number, request.key, 0)
