"""A venue change affects the next run: its change set has exactly the broken meetings."""

from __future__ import annotations

from dataclasses import replace
from datetime import time

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from scheduler.domain.changes import Change, ChangeKind
from scheduler.domain.entities import PlaceWish, VersionState
from scheduler.domain.errors import VenueChanged
from scheduler.domain.solving import SolveParams
from scheduler.services.identity.actors import operator_actor
from scheduler.services.problems import snapshot
from scheduler.services.publishing import comparisons, release
from scheduler.services.schedule import versions
from scheduler.services.venue import timetable, venue_changes
from scheduler.services.venue.change_types import (
    ChangeDays,
    ChangeHalls,
    ChangeWalks,
    ClosePlaces,
    HallInput,
    HallWalk,
    RemoveTables,
    VenueChange,
)
from scheduler.services.venue.venue_changes import VenueChangePreview
from scheduler.solver.solve import solve
from scheduler.storage.database import Database
from scheduler.storage.models import (
    Event,
    Invitation,
    MeetingRequest,
    OutboxEmail,
    Place,
    ScheduleVersion,
    Slot,
)
from tests.support import full_size
from tests.support.factories import NOW, Expo, make_event, make_request, meet
from tests.support.publishing import draft, preview, publish, send_all
from tests.support.queries import count_of_look


def published(session: Session, *, halls: int = 2, walking: int = 0) -> tuple[Expo, list[MeetingRequest]]:
    """Create six firms, three meetings: two at table t0 of h0, and one at t1 of the second hall."""
    expo = make_event(session, firms=6, slots="4 4", halls=halls, tables=4, walking=walking)
    requests = [make_request(session, expo, i, i + 1, place=PlaceWish.TABLE) for i in (0, 2, 4)]
    meetings = [
        meet(requests[0], expo, slot=0, place=expo.tables[0]),
        meet(requests[1], expo, slot=7, place=expo.tables[0]),
        meet(requests[2], expo, slot=1, place=expo.tables[1]),
    ]
    publish(session, expo, draft(session, expo, meetings), None)
    send_all(session, expo)
    return expo, requests


def change(session: Session, expo: Expo, wanted: VenueChange) -> VenueChangePreview:
    """Apply a change exactly as previewed."""
    actor = expo.organiser_actor()
    with session.begin_nested() as look_only:
        look = venue_changes.preview_change(session, actor, wanted, now=NOW)
        look_only.rollback()
    session.expire_all()
    return venue_changes.save_change(session, actor, wanted, digest=look.digest, now=NOW)


def next_run(session: Session, expo: Expo) -> ScheduleVersion:
    """Return the draft of a run of the event at the current time."""
    problem = snapshot.build_problem(session, expo.event.id, now=NOW)
    plan = solve(problem, SolveParams(seconds=1, workers=1)).plan
    return versions.store_draft(session, event_id=expo.event.id, run_id=None, plan=plan, now=NOW)


def differing(session: Session, expo: Expo, version: ScheduleVersion) -> dict[str, Change]:
    found = comparisons.compute_change_set(
        session, versions.find_published_version(session, expo.event.id), version
    )
    return {each.request: each for each in found.changes if each.kind is not ChangeKind.UNCHANGED}


def closing_early(session: Session, expo: Expo) -> ChangeDays:
    """Return the days, with the second one ending an hour earlier."""
    plan = timetable.read_days(session, expo.event).plan
    return replace(plan, days=[plan.days[0], replace(plan.days[1], closes=time(10))])


def test_a_closed_table_moves_its_meeting_to_another_one_and_nothing_else(database: Database) -> None:
    with database.write() as session:
        expo, requests = published(session)
        closing = ClosePlaces(["t0"], [slot.key for slot in expo.slots[:4]])
        look = change(session, expo, closing)
        assert look.said == ("Closing Table t0: Mon 7 December, 09:00–11:00",)
        assert (look.touched, look.elsewhere, look.soon) == (1, 1, 0)
        assert [meeting.firms for meeting in look.meetings] == [("Firm 0", "Firm 1")]
        (one,) = differing(session, expo, next_run(session, expo)).values()
        assert (one.request, one.kind) == (requests[0].key, ChangeKind.RELOCATED)


def test_a_shorter_day_moves_what_was_in_its_last_hour_and_history_keeps_its_times(
    database: Database,
) -> None:
    with database.write() as session:
        expo, requests = published(session)
        old = versions.find_published_version(session, expo.event.id)
        assert old is not None
        before = versions.list_meetings(session, old.id)
        look = change(session, expo, closing_early(session, expo))
        assert look.said == ("Tue 8 December: 09:00–10:00, 2 slots (was 09:00–11:00, 4)",)
        assert (look.touched, look.elsewhere) == (1, 0)
        made = next_run(session, expo)
        (one,) = differing(session, expo, made).values()
        assert (one.request, one.kind) == (requests[1].key, ChangeKind.MOVED)
        assert versions.list_meetings(session, old.id) == before
        told = preview(session, event_id=expo.event.id, number=made.number)
        assert (told.people_notified, told.mails) == (2, 2)


def test_a_day_that_goes_leaves_no_time_and_the_meeting_is_cancelled_once(database: Database) -> None:
    with database.write() as session:
        expo, requests = published(session)
        requests[1].slots = None
        for place in session.scalars(select(Place).where(Place.key.in_(("t1", "t2", "t3")))):
            place.is_retired = True
        plan = timetable.read_days(session, expo.event).plan
        only = replace(plan, days=[replace(plan.days[0], closes=time(9, 30))])
        look = change(session, expo, only)
        assert "Tue 8 December is removed" in look.said
        assert look.touched == 1  # the one at t1 was already broken
        made = next_run(session, expo)
        gone = differing(session, expo, made)
        assert gone[requests[1].key].kind is ChangeKind.CANCELLED
        number = made.number
        publish(session, expo, number, 1, minutes=1)
        cancelled = select(func.count()).select_from(OutboxEmail).where(OutboxEmail.method == "CANCEL")
        assert session.scalar(cancelled) == 4


def test_a_longer_walk_parts_two_meetings_of_one_person(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session, firms=3, slots="4", halls=2, tables=2)
        one, two = make_request(session, expo, 0, 1, place=PlaceWish.TABLE), make_request(session, expo, 0, 2)
        meetings = [meet(one, expo, slot=0), meet(two, expo, slot=1, place=expo.tables[1])]
        publish(session, expo, draft(session, expo, meetings), None)
        look = change(session, expo, ChangeWalks([HallWalk("h0", "h1", 12)]))
        assert look.said == ("Hall 0 to Hall 1: 12 minutes instead of 0",)
        assert (look.touched, look.elsewhere) == (1, 1)
        (only,) = differing(session, expo, next_run(session, expo)).values()
        assert only.kind in (ChangeKind.RELOCATED, ChangeKind.MOVED)
        assert len(next_run(session, expo).unscheduled) == 0


def test_a_renamed_hall_changes_no_meeting_and_calendars_get_its_name(database: Database) -> None:
    with database.write() as session:
        expo, _ = published(session)
        halls = [HallInput("Lighthouse hall", "h0", [("zh", "灯塔馆")]), HallInput("Hall 1", "h1")]
        look = change(session, expo, ChangeHalls(halls))
        assert look.said == ("Hall 0 is renamed to Lighthouse hall",)
        assert (look.touched, look.renamed) == (0, 2)
        made = next_run(session, expo)
        assert differing(session, expo, made) == {}
        told = preview(session, event_id=expo.event.id, number=made.number)
        assert told.mails == 4  # two people of each of the two meetings there
        publish(session, expo, made.number, 1, minutes=1)
        newest = session.scalars(select(OutboxEmail.payload).order_by(OutboxEmail.id.desc()).limit(4)).all()
        assert {payload["content"]["hall"] for payload in newest} == {"Lighthouse hall"}


def test_a_table_that_goes_is_history_and_its_meetings_find_another(database: Database) -> None:
    with database.write() as session:
        expo, requests = published(session)
        look = change(session, expo, RemoveTables(["t0"]))
        assert (look.said, look.touched, look.elsewhere) == (("Removing Table t0",), 2, 2)
        made = differing(session, expo, next_run(session, expo))
        assert {each.kind for each in made.values()} == {ChangeKind.RELOCATED}
        assert set(made) == {requests[0].key, requests[1].key}


def test_a_draft_with_times_that_are_gone_cannot_be_published(database: Database) -> None:
    with database.write() as session:
        expo, requests = published(session)
        number = draft(session, expo, [meet(requests[1], expo, slot=6)])
        look = change(session, expo, closing_early(session, expo))
        (note,) = look.notes
        assert note.startswith(
            f"Draft {number} has 1 meeting in removed slots and can no longer be published."
        )
        with pytest.raises(VenueChanged, match=f"Version {number} has meetings at times that the venue"):
            release.find_publishable_draft(session, event_id=expo.event.id, number=number, compared_with=1)


def test_who_has_a_meeting_that_goes_on_is_told_nothing(database: Database) -> None:
    with database.write() as session:
        expo, _ = published(session)
        sent = session.scalar(select(func.count()).select_from(Invitation))
        change(session, expo, closing_early(session, expo))
        assert session.scalar(select(func.count()).select_from(Invitation)) == sent


def test_a_look_at_a_whole_expo_reads_what_it_can_touch_and_names_each_meeting(database: Database) -> None:
    event_id = full_size.fill(database)
    full_size.add_version(database, event_id, state=VersionState.PUBLISHED)
    looks: list[VenueChangePreview] = []

    def close(most: int) -> int:
        def look(session: Session) -> None:
            event = session.get_one(Event, event_id)
            places = session.scalars(select(Place.key).order_by(Place.id).limit(most)).all()
            slots = session.scalars(select(Slot.key).order_by(Slot.position).limit(4)).all()
            looks.append(
                venue_changes.preview_change(
                    session, operator_actor(event), ClosePlaces(places, slots), now=NOW
                )
            )
            assert sum(isinstance(row, MeetingRequest) for row in session.identity_map.values()) < 5_000

        return count_of_look(database, look)

    assert close(10) == close(100) < 90
    assert [look.touched for look in looks] == [4 * 5, 4 * 50] and len(looks[1].meetings) == 200
