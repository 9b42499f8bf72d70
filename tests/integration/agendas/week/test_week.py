"""The firm's calendar: daily grid, changes since the last visit, and handovers."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from scheduler.domain.entities import RequestState
from scheduler.domain.errors import NotAllowed, NotFound, WrongState
from scheduler.domain.plan import Meeting
from scheduler.services.agendas.week import changes, handover
from scheduler.services.agendas.week.changes import WeekChangeKind
from scheduler.services.agendas.week.week import MeetingFilter, Week, WeekMeeting, show_week
from scheduler.services.problems import snapshot
from scheduler.storage.database import Database
from scheduler.storage.models import AttendeeBusy, AuditLogEntry, MeetingRequest
from tests.support.factories import SECRET_KEY
from tests.support.publishing import draft, publish
from tests.support.queries import count_selects
from tests.support.races import race
from tests.support.running_event import Fair, before, make_fair

AHEAD = 48
"""Hours before the first meeting, so that a plan may still change all."""


def look(session: Session, fair: Fair, now: datetime | None = None, person: int = 0, **more: Any) -> Week:
    actor = fair.expo.actor(0, person)
    return show_week(session, actor, secret_key=SECRET_KEY, now=now or before(fair, hours=AHEAD), **more)


def keys(found: Week, column: int = 0) -> list[list[str]]:
    """Return the meeting keys of a column, by row."""
    return [[meeting.item.request_key for meeting in cells[column].meetings] for _, cells in found.rows]


def test_a_day_has_a_row_a_slot_and_a_column_a_person(database: Database) -> None:
    with database.write() as session:
        fair = make_fair(session, people=2, each=4, days=2, slots=3)
        session.add(AttendeeBusy(attendee_id=fair.expo.people[0][1].id, slot_id=fair.expo.slots[2].id))
    mine = [request.key for request in fair.requests]
    with database.read() as session:
        found = look(session, fair)
        assert [(count, each) for each, count in found.days] == [
            (4, fair.start.date()),
            (4, fair.start.date() + timedelta(days=1)),
        ]
        assert [each.person.key for each in found.columns] == ["f0-p0", "f0-p1"]
        assert [each.count for each in found.columns] == [2, 2]
        assert keys(found) == [[mine[0]], [mine[2]], []] and keys(found, 1) == [[mine[4]], [mine[6]], []]
        assert [cells[1].is_busy for _, cells in found.rows] == [False, False, True]
        second = look(session, fair, day=found.days[1][0], only="f0-p1")
        assert [each.person.key for each in second.columns] == ["f0-p1"]
        assert keys(second) == [[mine[5]], [mine[7]], []]


def test_filters_keep_what_waits_changed_or_clashes(database: Database) -> None:
    with database.write() as session:
        fair = make_fair(session, each=2, days=1, told=True)
        session.add(AttendeeBusy(attendee_id=fair.expo.people[0][0].id, slot_id=fair.expo.slots[1].id))
    first, second = (request.key for request in fair.requests)
    with database.read() as session:
        assert keys(look(session, fair, show=MeetingFilter.UNANSWERED))[:2] == [[first], [second]]
        assert keys(look(session, fair, show=MeetingFilter.CHANGED))[:2] == [[], []]
        assert keys(look(session, fair, show=MeetingFilter.CLASHES))[:2] == [[], [second]]


def again(session: Session, fair: Fair, meetings: list[Meeting], compared_with: int) -> int:
    """Publish these meetings as the next version."""
    number = draft(session, fair.expo, meetings)
    publish(session, fair.expo, number, compared_with, minutes=number)
    return number


def test_changes_are_marked_until_they_are_seen(database: Database) -> None:
    with database.write() as session:
        fair = make_fair(session, people=2, each=4, days=1, slots=6)
        one, two, three, four, *others = fair.meetings
        colleague = fair.expo.people[0][1].key
        meetings = [
            Meeting(one.request, fair.expo.slots[5].key, one.place, one.attendees, one.interpreter),
            Meeting(two.request, two.slot, fair.expo.tables[3].key, two.attendees, None),
            Meeting(
                three.request, fair.expo.slots[2].key, three.place, (colleague, three.attendees[1]), None
            ),
            *others[:2],
        ]
        assert look(session, fair).changes == ()
        again(session, fair, meetings, 1)
    with database.read() as session:
        found = {change.request_key: change for change in look(session, fair).changes}
    kinds = {each: change.kind for each, change in found.items()}
    assert kinds == {
        one.request: WeekChangeKind.MOVED,
        two.request: WeekChangeKind.RELOCATED,
        three.request: WeekChangeKind.REASSIGNED,
        **{each.request: WeekChangeKind.CANCELLED for each in (four, *others[2:])},
    }
    moved = found[one.request]
    assert moved.before and moved.item and moved.before.start == fair.start < moved.item.start
    with database.write() as session:
        changes.mark_seen(session, fair.expo.actor(0), 2)
    with database.write() as session:
        assert look(session, fair).changes == ()
        assert len(look(session, fair, person=1).changes) == len(found)  # changes are tracked per reader
        again(session, fair, [*meetings, four], 2)
        (new,) = look(session, fair).changes
        assert (new.kind, new.request_key) == (WeekChangeKind.NEW, four.request)
        for strange in (99, 0):
            with pytest.raises(NotFound):
                changes.mark_seen(session, fair.expo.actor(0), strange)


def chosen(session: Session, fair: Fair, number: int = 0) -> WeekMeeting:
    found = look(session, fair).meeting(fair.requests[number].key)
    assert found is not None
    return found


def test_who_could_take_a_meeting_over_is_listed_with_clashes(database: Database) -> None:
    with database.write() as session:
        fair = make_fair(session, people=3, each=1, days=1)  # all meetings are at nine
        meetings = [each for each in fair.meetings if fair.expo.people[0][2].key not in each.attendees]
        again(session, fair, meetings, 1)
        session.add(AttendeeBusy(attendee_id=fair.expo.people[0][2].id, slot_id=fair.expo.slots[1].id))
    with database.read() as session:
        found = look(session, fair)
        meeting = found.meeting(fair.requests[0].key)
        assert meeting is not None
        free, clash = handover.list_candidates(found, meeting)
    assert (free.colleague.person.key, free.is_free, free.in_common) == ("f0-p2", True, ("en",))
    assert clash.clash is not None and clash.clash.request_key == fair.requests[1].key and not clash.is_free


def test_a_meeting_that_is_handed_over_is_named_in_the_next_problem(database: Database) -> None:
    with database.write() as session:
        fair = make_fair(session, people=2, each=1, days=1)
        key, now = fair.requests[0].key, before(fair, hours=AHEAD)
        handover.hand_over(session, fair.expo.actor(0), key, "f0-p0", "f0-p1", now=now)
    with database.read() as session:
        assert [each.key for each in chosen(session, fair).handed_to] == ["f0-p1"]
        assert named_in_problem(session, fair, key, now) == ["f0-p1"]
        (entry,) = session.scalars(select(AuditLogEntry).where(AuditLogEntry.about.contains("handed over")))
        assert (entry.for_firm, "f0-p0 -> f0-p1" in entry.about) == ("f0", True)
    with database.write() as session:
        handover.cancel_handover(session, fair.expo.actor(0), key, now=now)
    with database.read() as session:
        assert chosen(session, fair).handed_to == ()
        assert named_in_problem(session, fair, key, now) == ["f0-p0"]


def named_in_problem(session: Session, fair: Fair, key: str, now: datetime) -> list[str]:
    problem = snapshot.build_problem(session, fair.expo.event.id, now=now)
    (request,) = (each for each in problem.requests if each.id == key)
    return [problem.attendees[each].id for each in request.from_attendees]


def test_only_exhibitors_of_the_firm_hand_over_and_only_what_a_plan_may_change(database: Database) -> None:
    with database.write() as session:
        fair = make_fair(session, people=3, each=1, days=1)
        key, now = fair.requests[0].key, before(fair, hours=AHEAD)
        hand, mine = handover.hand_over, fair.expo.actor(0)
        with pytest.raises(NotAllowed):
            hand(session, fair.expo.actor(0, 1), key, "f0-p0", "f0-p1", now=now)
        for stranger in (fair.expo.actor(2), fair.expo.organiser_actor()):
            with pytest.raises((NotFound, NotAllowed)):
                hand(session, stranger, key, "f0-p0", "f0-p1", now=now)
        for leaver, colleague in (("f0-p0", "f1-p0"), ("nobody", "f0-p1"), ("f0-p0", "nul\x00")):
            with pytest.raises(NotFound):
                hand(session, mine, key, leaver, colleague, now=now)
        with pytest.raises(WrongState, match="other hands"):
            hand(session, mine, key, "f0-p1", "f0-p2", now=now)
        with pytest.raises(WrongState, match="too soon"):
            hand(session, mine, key, "f0-p0", "f0-p1", now=before(fair, hours=2))
        fair.requests[0].state = RequestState.WITHDRAWN
        with pytest.raises(WrongState, match="withdrawn"):
            hand(session, mine, key, "f0-p0", "f0-p1", now=now)


def test_of_two_who_hand_over_at_once_one_is_told_that_it_is_in_other_hands(database: Database) -> None:
    with database.write() as session:
        fair = make_fair(session, people=3, each=1, days=1)
        key, now = fair.requests[0].key, before(fair, hours=AHEAD)

    def hand(colleague: str) -> Any:
        return lambda session: handover.hand_over(
            session, fair.expo.actor(0), key, "f0-p0", colleague, now=now
        )

    results = race(database, hand("f0-p1"), hand("f0-p2"))
    assert sorted(type(each).__name__ for each in results) == ["NoneType", "WrongState"]
    with database.read() as session:
        request = session.scalars(select(MeetingRequest).where(MeetingRequest.key == key)).one()
        assert len(request.people) == 1


def test_a_week_takes_as_many_queries_for_three_meetings_as_for_two_hundred(database: Database) -> None:
    with database.write() as session:
        few = make_fair(session, people=3, each=1, days=1)
        many = make_fair(session, people=5, each=40, days=5, slots=10)
        for fair in (few, many):
            again(session, fair, fair.meetings, 1)
    counts = {count_selects(database, lambda session, fair=fair: look(session, fair)) for fair in (few, many)}
    assert len(counts) == 1 and counts.pop() <= 28
