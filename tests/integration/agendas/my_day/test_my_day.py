"""My day: the next meeting with its walk, delays, and what both sides see of each other."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from sqlalchemy import update
from sqlalchemy.orm import Session

from scheduler.domain.entities import Partstat, RequestState
from scheduler.domain.errors import InvalidInput, NotAllowed, NotFound, WrongState
from scheduler.services.agendas.my_day import day, lateness
from scheduler.services.agendas.my_day.day import DayMeeting, MyDay
from scheduler.storage.database import Database
from scheduler.storage.models import Invitation, MeetingRequest
from tests.support.factories import SECRET_KEY, make_request
from tests.support.queries import count_selects
from tests.support.races import race
from tests.support.running_event import Fair, before, make_fair


def my_day(session: Session, fair: Fair, now: datetime) -> MyDay:
    return day.show_day(session, fair.expo.actor(0), None, secret_key=SECRET_KEY, now=now)


def test_today_is_shown_else_the_next_day_of_the_event_else_the_last(database: Database) -> None:
    with database.write() as session:
        fair = make_fair(session, each=4, days=2)
    first, last = fair.start.date(), fair.start.date() + timedelta(days=1)
    with database.read() as session:
        actor = fair.expo.actor(0)
        for now, asked, shown, is_today in (
            (before(fair, days=9), None, first, False),
            (before(fair, minutes=10), None, first, True),
            (fair.start + timedelta(days=9), None, last, False),
            (fair.start, last, last, False),
            (fair.start, first - timedelta(days=30), first, True),
        ):
            mine = day.show_day(session, actor, asked, secret_key=SECRET_KEY, now=now)
            assert (mine.day, mine.is_today, mine.days) == (shown, is_today, ((first, 2), (last, 2)))


def test_the_next_meeting_moves_on_when_one_ends_or_is_off(database: Database) -> None:
    with database.write() as session:
        fair = make_fair(session, each=3, days=1)
    keys = [request.key for request in fair.requests]
    with database.read() as session:
        assert next_of(my_day(session, fair, before(fair, minutes=1))) == keys[0]
        assert next_of(my_day(session, fair, fair.start + timedelta(minutes=29))) == keys[0]
        later = my_day(session, fair, fair.start + timedelta(minutes=30))
        assert (next_of(later), len(later.past)) == (keys[1], 1)
        over = my_day(session, fair, fair.start + timedelta(hours=5))
        assert (over.next, over.upcoming, len(over.past)) == (None, (), 3)
    with database.write() as session:
        session.execute(
            update(MeetingRequest).where(MeetingRequest.key == keys[0]).values(state=RequestState.WITHDRAWN)
        )
    with database.read() as session:
        mine = my_day(session, fair, before(fair, minutes=1))
        assert next_of(mine) == keys[1] and [meeting.is_off for meeting in mine.upcoming] == [
            True,
            False,
            False,
        ]


def next_of(mine: MyDay) -> str:
    assert mine.next is not None
    return mine.next.item.request_key


def test_one_leaves_early_enough_for_the_walk_from_the_booth_or_the_meeting_before(
    database: Database,
) -> None:
    with database.write() as session:
        fair = make_fair(session, each=4, days=1)  # booth in hall 0; tables in halls 0, 1, 2, 0
    with database.read() as session:
        meetings = my_day(session, fair, before(fair, minutes=10)).upcoming
    ways = [meeting.walk for meeting in meetings]
    assert [way.minutes for way in ways if way] == [0, 9, 9, 9]
    assert ways[0] and ways[0].after is None and ways[0].from_hall == "Hall 0"
    assert ways[1] and ways[1].leave_at == meetings[1].item.start - timedelta(minutes=9)
    assert ways[1].spare == timedelta(0) and ways[1].from_hall == "Hall 0"  # it ends when one must leave
    assert ways[2] and ways[2].from_hall == "Hall 1"


def test_the_partner_s_contact_is_read_once_somebody_of_each_side_has_accepted(database: Database) -> None:
    with database.write() as session:
        fair = make_fair(session, each=1, days=1, told=True)
        ours, theirs = fair.expo.people[0][0], fair.expo.people[1][0]

    def facts() -> DayMeeting:
        with database.read() as session:
            found = my_day(session, fair, before(fair, minutes=10)).next
            assert found is not None
            return found

    assert facts().details.cards == ()
    accept(database, theirs.id)
    assert facts().details.partner_has_accepted and facts().details.cards == ()
    accept(database, ours.id)
    (card,) = facts().details.cards
    assert (card.email, card.phone) == (theirs.email, "+86 571 5550 0100")
    with database.write() as session:
        session.execute(update(MeetingRequest).values(state=RequestState.WITHDRAWN))
    with database.read() as session:
        assert my_day(session, fair, before(fair, minutes=10)).upcoming[0].details.cards == ()


def accept(database: Database, attendee_id: int) -> None:
    with database.write() as session:
        session.execute(
            update(Invitation).where(Invitation.attendee_id == attendee_id).values(partstat=Partstat.ACCEPTED)
        )


def test_who_is_late_is_read_by_both_sides_until_they_are_on_time_after_all(database: Database) -> None:
    with database.write() as session:
        fair = make_fair(session, each=2, days=1)
        key, now = fair.requests[0].key, before(fair, minutes=10)
        lateness.report_late(session, fair.expo.actor(1), key, 5, now=now)
        lateness.report_late(session, fair.expo.actor(1), key, 10, now=now)
    with database.read() as session:
        for firm in (0, 1):
            mine = day.show_day(session, fair.expo.actor(firm), None, secret_key=SECRET_KEY, now=now)
            (late,) = mine.upcoming[0].late
            assert (late.person.key, late.minutes, late.reported_at) == ("f1-p0", 10, now)
        assert my_day(session, fair, now).upcoming[1].late == ()
    with database.write() as session:
        lateness.report_late(session, fair.expo.actor(1), key, 0, now=now)
    with database.read() as session:
        assert my_day(session, fair, now).upcoming[0].late == ()


def test_what_was_said_last_counts_in_whatever_order_it_arrives(database: Database) -> None:
    with database.write() as session:
        fair = make_fair(session, each=1, days=1)
        actor, key, now = fair.expo.actor(0), fair.requests[0].key, before(fair, minutes=10)
        earlier, later = now - timedelta(minutes=8), now - timedelta(minutes=2)
        lateness.report_late(session, actor, key, 0, now=now, reported_at=later)
        lateness.report_late(session, actor, key, 10, now=now, reported_at=earlier)  # was queued on a phone
        assert my_day(session, fair, now).upcoming[0].late == ()
        lateness.report_late(session, actor, key, 5, now=now, reported_at=now)
        for _ in range(2):
            lateness.report_late(session, actor, key, 5, now=now + timedelta(minutes=1), reported_at=now)
        (late,) = my_day(session, fair, now).upcoming[0].late
        assert (late.minutes, late.reported_at) == (5, now)


def test_only_who_sits_in_a_meeting_says_that_they_are_late_for_it_and_on_its_day(database: Database) -> None:
    with database.write() as session:
        fair = make_fair(session, people=2, each=2, days=1)
        other = make_fair(session, each=1, days=1)
        unplanned = make_request(session, fair.expo, 2, 1)
        key, now = fair.requests[0].key, before(fair, minutes=10)
        say = lateness.report_late
        for actor in (
            fair.expo.actor(0, 1),
            fair.expo.actor(2),
            other.expo.actor(0),
            fair.expo.organiser_actor(),
        ):
            with pytest.raises(NotFound):
                say(session, actor, key, 5, now=now)
        for strange in (unplanned.key, "nul\x00", "no-such"):
            with pytest.raises(NotFound):
                say(session, fair.expo.actor(1), strange, 5, now=now)
        with pytest.raises(InvalidInput):
            say(session, fair.expo.actor(0), key, 7, now=now)
        for moment, state in ((before(fair, hours=13), "away"), (fair.start + timedelta(minutes=30), "over")):
            with pytest.raises(WrongState, match=state):
                say(session, fair.expo.actor(0), key, 5, now=moment)
        fair.requests[0].state = RequestState.WITHDRAWN
        with pytest.raises(WrongState, match="withdrawn"):
            say(session, fair.expo.actor(0), key, 5, now=now)
        with pytest.raises(NotAllowed):
            day.show_day(session, fair.expo.organiser_actor(), None, secret_key=SECRET_KEY, now=now)


def test_two_words_of_one_person_at_once_leave_one(database: Database) -> None:
    with database.write() as session:
        fair = make_fair(session, each=1, days=1)
        key, now = fair.requests[0].key, before(fair, minutes=10)

    def say(minutes: int) -> Callable[[Session], None]:
        return lambda session: lateness.report_late(session, fair.expo.actor(0), key, minutes, now=now)

    assert race(database, say(5), say(10)) == [None, None]
    with database.read() as session:
        (late,) = my_day(session, fair, now).upcoming[0].late
        assert late.minutes in (5, 10)


def test_a_day_takes_as_many_queries_whether_it_has_one_meeting_or_many(database: Database) -> None:
    with database.write() as session:
        few, many = make_fair(session, each=1, days=1), make_fair(session, each=12, days=1, slots=12)
    counts = {
        count_selects(database, lambda session, fair=fair: my_day(session, fair, before(fair, minutes=10)))
        for fair in (few, many)
    }
    assert len(counts) == 1 and counts.pop() <= 30
