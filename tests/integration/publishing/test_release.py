"""Publishing: one winner, no double booking, and each calendar gets the net change once."""

from __future__ import annotations

import threading

import pytest
from sqlalchemy import select

from scheduler.domain import rules
from scheduler.domain.entities import OutboxState, RequestState, VersionState
from scheduler.domain.errors import PlanRejected, VersionConflict, WrongState
from scheduler.domain.plan import Meeting
from scheduler.services.planning.runs import runs
from scheduler.services.problems import snapshot
from scheduler.services.publishing import release
from scheduler.services.schedule import versions
from scheduler.storage.database import Database
from scheduler.storage.models import Booking, Event, Invitation, MeetingRequest, OutboxEmail, ScheduleVersion
from tests.support.factories import (
    NOW,
    make_event,
    make_request,
    meet,
)
from tests.support.publishing import draft, preview, publish, send_all


def test_the_first_publishing_invites_every_attendee_once(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session, firms=3)
        first, second = make_request(session, expo, 0, 1), make_request(session, expo, 0, 2)
        number = draft(session, expo, [meet(first, expo, slot=0), meet(second, expo, slot=1)])
        assert publish(session, expo, number, None) == 4
        assert [mail[1:] for mail in send_all(session, expo)] == [("REQUEST", 0)] * 4


def test_publishing_the_same_plan_again_sends_nothing(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session)
        meeting = meet(make_request(session, expo), expo)
        publish(session, expo, draft(session, expo, [meeting]), None)
        send_all(session, expo)
        assert publish(session, expo, draft(session, expo, [meeting]), 1, minutes=5) == 0


def test_a_change_to_three_meetings_of_many_sends_six_mails(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session, firms=40, slots="8", tables=40)
        requests = [make_request(session, expo, i, i + 20) for i in range(20)]
        meetings = [meet(r, expo, place=expo.tables[i]) for i, r in enumerate(requests)]
        meetings = [
            Meeting(m.request, m.slot, m.place, (expo.people[i][0].key, expo.people[i + 20][0].key))
            for i, m in enumerate(meetings)
        ]
        assert publish(session, expo, draft(session, expo, meetings), None) == 40
        send_all(session, expo)
        moved = [
            Meeting(m.request, expo.slots[5].key, m.place, m.attendees) if i < 3 else m
            for i, m in enumerate(meetings)
        ]
        assert publish(session, expo, draft(session, expo, moved), 1, minutes=5) == 6
        assert [mail[1:] for mail in send_all(session, expo, 5)] == [("REQUEST", 1)] * 6


def test_r9_a_move_and_a_move_back_before_sending_tell_nobody(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session)
        request = make_request(session, expo)
        publish(session, expo, draft(session, expo, [meet(request, expo, slot=0)]), None)
        send_all(session, expo)
        assert publish(session, expo, draft(session, expo, [meet(request, expo, slot=1)]), 1, 5) == 2
        assert publish(session, expo, draft(session, expo, [meet(request, expo, slot=0)]), 2, 6) == 0
        assert send_all(session, expo, 7) == []


def test_a_meeting_that_is_off_is_cancelled_and_its_uid_never_comes_back(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session)
        request = make_request(session, expo)
        meeting = meet(request, expo)
        publish(session, expo, draft(session, expo, [meeting]), None)
        send_all(session, expo)
        publish(session, expo, draft(session, expo, []), 1, 5)
        assert [mail[1:] for mail in send_all(session, expo, 5)] == [("CANCEL", 1)] * 2
        publish(session, expo, draft(session, expo, [meeting]), 2, 10)
        assert [mail[1:] for mail in send_all(session, expo, 10)] == [("REQUEST", 0)] * 2
        uids = set(session.scalars(select(Invitation.uid)))
        assert len(uids) == 2


def test_an_attendee_who_leaves_and_comes_back_gets_a_uid_that_was_not_cancelled(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session, people=2)
        request = make_request(session, expo)
        here, there = expo.people[0][0], expo.people[0][1]
        partner = expo.people[1][0]
        with_here = meet(request, expo, people=[here, partner])
        with_there = meet(request, expo, people=[there, partner])
        publish(session, expo, draft(session, expo, [with_here]), None)
        send_all(session, expo)
        publish(session, expo, draft(session, expo, [with_there]), 1, 5)
        assert send_all(session, expo, 5) == [
            (here.email, "CANCEL", 1),
            (there.email, "REQUEST", 0),
            (partner.email, "REQUEST", 1),
        ]
        publish(session, expo, draft(session, expo, [with_here]), 2, 10)
        assert send_all(session, expo, 10) == [
            (here.email, "REQUEST", 0),
            (there.email, "CANCEL", 1),
            (partner.email, "REQUEST", 2),
        ]


def test_a_request_withdrawn_since_the_run_is_left_out(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session, firms=4)
        kept, gone = make_request(session, expo, 0, 1), make_request(session, expo, 2, 3)
        number = draft(session, expo, [meet(kept, expo), meet(gone, expo, slot=1)])
        gone.state = RequestState.WITHDRAWN
        session.flush()
        found = preview(session, event_id=expo.event.id, number=number)
        assert (found.left_out, found.mails, found.people) == ([gone.key], 2, 2)
        assert publish(session, expo, number, None) == 2
        published = versions.find_published_version(session, expo.event.id)
        assert [m.request for m in versions.list_meetings(session, published.id)] == [kept.key]


def test_publishing_names_the_version_that_it_was_compared_with(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session)
        one, two = draft(session, expo, []), draft(session, expo, [])
        publish(session, expo, one, None)
        with pytest.raises(VersionConflict, match="version 1 is published now"):
            publish(session, expo, two, None)


def test_of_two_organisers_who_publish_at_once_one_wins_and_the_other_is_told_why(
    database: Database,
) -> None:
    with database.write() as session:
        expo = make_event(session)
        meeting = meet(make_request(session, expo), expo)
        numbers = [draft(session, expo, [meeting]), draft(session, expo, [])]
    outcomes: list[object] = []
    start = threading.Barrier(2)

    def try_to_publish(number: int) -> None:
        start.wait()
        try:
            with database.write() as session:
                publish(session, expo, number, None)
        except VersionConflict as conflict:
            outcomes.append(conflict.code)
        else:
            outcomes.append("published")

    threads = [threading.Thread(target=try_to_publish, args=(number,)) for number in numbers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(map(str, outcomes)) == ["published", "version-conflict"]


def test_a_person_or_place_cannot_be_booked_twice(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session, firms=4)
        clash = [
            meet(make_request(session, expo, 0, 1), expo, slot=0, place=expo.tables[0]),
            meet(make_request(session, expo, 0, 2), expo, slot=0, place=expo.tables[1]),
        ]
        same_table = [
            meet(make_request(session, expo, 1, 2), expo, slot=0, place=expo.tables[0]),
            meet(make_request(session, expo, 3, 0), expo, slot=0, place=expo.tables[0]),
        ]
        drafts = [draft(session, expo, clash), draft(session, expo, same_table)]
    for number in drafts:
        with pytest.raises(PlanRejected, match="books somebody twice"), database.write() as session:
            publish(session, expo, number, None)
    with database.read() as session:
        assert versions.find_published_version(session, expo.event.id) is None
        assert session.scalars(select(Booking)).all() == []


def test_a_long_meeting_holds_each_of_its_slots(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session, slots="4")
        request = make_request(session, expo, length=2)
        publish(session, expo, draft(session, expo, [meet(request, expo, slot=1)]), None)
        held = session.execute(
            select(Booking.slot_id, Booking.kind).order_by(Booking.slot_id, Booking.kind)
        ).all()
        slots = [expo.slots[1].id, expo.slots[2].id]
        kinds = ["attendee", "attendee", "place"]
        assert [tuple(row) for row in held] == [(slot, kind) for slot in slots for kind in kinds]


def test_a_rollback_publishes_old_content_as_a_new_version(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session)
        request = make_request(session, expo)
        publish(session, expo, draft(session, expo, [meet(request, expo, slot=0)]), None)
        publish(session, expo, draft(session, expo, [meet(request, expo, slot=1)]), 1, 5)
        back = release.restore_version(session, event_id=expo.event.id, number=1, now=NOW)
        publish(session, expo, back.number, 2, 10)
        states = [version.state for version in versions.list_versions(session, expo.event.id)]
        assert (back.number, states) == (
            3,
            [VersionState.PUBLISHED, VersionState.SUPERSEDED, VersionState.SUPERSEDED],
        )
        first = versions.get_version(session, expo.event.id, 1)
        assert versions.list_meetings(session, back.id) == versions.list_meetings(session, first.id)


def test_a_rollback_is_not_what_the_run_made(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session)
        request = make_request(session, expo)
        run = runs.queue_run(session, expo.event.id, requested_by=None, now=NOW)
        made = versions.get_version(
            session, expo.event.id, draft(session, expo, [meet(request, expo, slot=0)])
        )
        made.run_id = run.id
        publish(session, expo, made.number, None)
        publish(session, expo, draft(session, expo, [meet(request, expo, slot=1)]), 1, 5)
        assert release.restore_version(session, event_id=expo.event.id, number=1, now=NOW).run_id == run.id
        found = session.scalars(select(ScheduleVersion.number).where(versions.made_by_run(run))).all()
        assert found == [made.number]


def test_a_rollback_has_the_score_of_what_it_still_holds_and_nothing_proved(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session, firms=4)
        kept, gone = make_request(session, expo, 0, 1), make_request(session, expo, 2, 3)
        meetings = [meet(kept, expo, slot=0), meet(gone, expo, slot=1)]
        publish(session, expo, draft(session, expo, meetings), None)
        first = versions.get_version(session, expo.event.id, 1)
        first.bound, first.unscheduled = 900.0, [{"request": gone.key}, {"request": kept.key}]
        publish(session, expo, draft(session, expo, meetings), 1, 5)
        gone.state = RequestState.WITHDRAWN
        session.flush()
        back = release.restore_version(session, event_id=expo.event.id, number=1, now=NOW)
        problem = snapshot.build_problem(session, expo.event.id, now=NOW)
        held = versions.list_meetings(session, back.id)[:1]
        assert (back.score, back.terms["served"]) == (rules.score(problem, held).total, kept.priority)
        assert (back.bound, back.served_bound, back.meetings_bound) == (None, None, None)
        assert [row["request"] for row in back.unscheduled] == [kept.key]


def test_only_a_draft_can_be_published_or_discarded(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session)
        number = draft(session, expo, [])
        release.discard_draft(session, event_id=expo.event.id, number=number)
        with pytest.raises(WrongState, match="is discarded"):
            publish(session, expo, number, None)
        with pytest.raises(WrongState, match="is discarded already"):
            release.discard_draft(session, event_id=expo.event.id, number=number)
        release.restore_draft(session, event_id=expo.event.id, number=number)
        with pytest.raises(WrongState, match="cannot be brought back"):
            release.restore_draft(session, event_id=expo.event.id, number=number)
        publish(session, expo, number, None)
        with pytest.raises(WrongState, match="is published"):
            release.restore_draft(session, event_id=expo.event.id, number=number)


def test_events_do_not_touch_each_other(database: Database) -> None:
    with database.write() as session:
        one, other = make_event(session), make_event(session)
        for expo in (one, other):
            publish(session, expo, draft(session, expo, [meet(make_request(session, expo), expo)]), None)
        publish(session, one, draft(session, one, []), 1, 5)
        holds = set(session.scalars(select(Booking.event_id)))
        waiting = session.scalars(
            select(OutboxEmail.event_id).where(OutboxEmail.state == OutboxState.QUEUED)
        ).all()
        assert (holds, set(waiting)) == ({other.event.id}, {other.event.id})
        assert session.get_one(Event, other.event.id).key == other.event.key
        assert session.get_one(MeetingRequest, 1).uid
