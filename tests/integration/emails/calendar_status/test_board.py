"""The calendar status board: filters, sorting, counts, and permissions."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update

from scheduler.domain.entities import OutboxState
from scheduler.domain.errors import InvalidInput, NotAllowed, NotFound
from scheduler.services.emails.calendar_status import board as calendar_health
from scheduler.services.emails.calendar_status import status_rows
from scheduler.services.emails.calendar_status.board import BoardFilters
from scheduler.services.publishing import invitation_diff, release
from scheduler.storage.database import Database
from scheduler.storage.models import Attendee, OutboxEmail
from tests.support.event_with_replies import OVERDUE, SILENT, board_of, busy_expo
from tests.support.factories import (
    NOW,
    Expo,
    make_event,
    make_firms,
    make_request,
    make_version,
    meet,
)
from tests.support.publishing import SETTINGS
from tests.support.queries import count_selects


def found(session: Any, expo: Expo, **filters: Any) -> list[str]:
    return [p.firm.key for p in board_of(session, expo, **filters).people]


def test_people_are_found_by_hall_day_country_firm_and_text(database: Database) -> None:
    with database.write() as session:
        expo = busy_expo(session)
        assert found(session, expo) == ["f0", "f1", "f2", "f3", "f4"]
        assert found(session, expo, hall="Hall 1") == ["f0", "f2", "f4"]
        assert found(session, expo, day="2026-12-08") == ["f0", "f3", "f4"]
        assert found(session, expo, hall="Hall 1", day="2026-12-08") == ["f0", "f4"]
        assert found(session, expo, country="DE") == ["f1"]
        assert found(session, expo, firm="f3") == ["f3"]
        assert found(session, expo, text="firm VOLT") == ["f2"]
        assert found(session, expo, text="nobody") == []


def test_hall_and_day_choose_the_meetings_that_count(database: Database) -> None:
    with database.write() as session:
        expo = busy_expo(session)
        assert board_of(session, expo).totals[SILENT] == 8
        assert board_of(session, expo, day="2026-12-08").totals[SILENT] == 4


def test_a_state_and_the_need_of_a_call_choose_people(database: Database) -> None:
    with database.write() as session:
        expo = busy_expo(session)
        session.execute(update(Attendee).where(Attendee.id == expo.people[2][0].id).values(bounced_at=NOW))
        assert found(session, expo, state="bounced") == ["f2"]
        assert found(session, expo, state="accepted") == []
        assert found(session, expo, calls=True) == ["f2"]
        assert len(board_of(session, expo, OVERDUE, calls=True).people) == 5
        later = calendar_health.show_board(
            session, expo.organiser_actor(), BoardFilters(calls=True), now=NOW + timedelta(days=60)
        )
        assert later.people == (), "nobody needs a call about what is over"


def test_a_row_of_the_page_says_what_the_meetings_of_its_person_say(database: Database) -> None:
    with database.write() as session:
        expo = busy_expo(session)
        session.execute(
            update(Attendee)
            .where(Attendee.id == expo.people[2][0].id)
            .values(bounced_at=NOW, bounce="no user")
        )
        for chosen in ({}, {"hall": "Hall 1"}, {"day": "2026-12-08"}):
            seen = board_of(session, expo, OVERDUE, **chosen)
            people = seen.page(session, BoardFilters(**chosen), now=OVERDUE).items
            assert people
            assert [
                (row.key, row.name, row.firm, row.worst, row.counts, row.total, row.first, row.reason)
                for row in status_rows.list_status_rows(session, expo.organiser_actor(), seen, number=1).items
            ] == [
                (
                    each.key, each.name, each.firm, each.worst, each.counts, len(each.meetings),
                    each.meetings[0].start, each.reason,
                )
                for each in people
            ]  # fmt: skip


def test_the_facets_count_what_each_value_would_leave_under_the_others(database: Database) -> None:
    with database.write() as session:
        expo = busy_expo(session)
        session.execute(update(Attendee).where(Attendee.id == expo.people[1][0].id).values(bounced_at=NOW))
        facets = board_of(session, expo, country="DE").facets
        states = {value.value: value.count for value in facets.states if value.count}
        assert states == {"bounced": 1}
        assert [(value.value, value.count) for value in facets.countries] == [("CN", 4), ("DE", 1)]
        assert facets.halls == ("Hall 0", "Hall 1")
        assert [day.isoformat() for day in facets.days] == ["2026-12-07", "2026-12-08"]


def test_people_are_sorted_by_first_meeting_worst_state_name_or_firm(database: Database) -> None:
    with database.write() as session:
        expo = busy_expo(session)
        session.execute(update(Attendee).where(Attendee.id == expo.people[3][0].id).values(bounced_at=NOW))
        session.execute(
            update(Attendee).where(Attendee.id == expo.people[4][0].id).values(latin_name="Aaron")
        )
        assert found(session, expo, sort="worst")[0] == "f3"
        assert found(session, expo, sort="name")[0] == "f4"
        assert found(session, expo, sort="firm") == ["f0", "f1", "f2", "f3", "f4"]


@pytest.mark.parametrize("wrong", [{"state": "asleep"}, {"sort": "shoe"}])
def test_a_state_or_sorting_that_there_is_not_is_refused_by_its_field(
    database: Database, wrong: dict[str, str]
) -> None:
    with database.write() as session:
        expo = make_event(session)
        with pytest.raises(InvalidInput) as caught:
            board_of(session, expo, **wrong)
        assert [fault.path for fault in caught.value.faults] == list(wrong)


def test_only_organisers_see_the_board_and_only_people_of_their_event(database: Database) -> None:
    with database.write() as session:
        expo, other = make_event(session), make_event(session)
        with pytest.raises(NotAllowed):
            calendar_health.show_board(session, expo.actor(0), BoardFilters(), now=NOW)
        with pytest.raises(NotAllowed):
            calendar_health.show_person(session, expo.actor(0), "p", now=NOW)
        with pytest.raises(NotFound):
            calendar_health.show_person(session, other.organiser_actor(), "nobody", now=NOW)


def crowd(session: Any, pairs: int) -> Expo:
    """Create a published version of `pairs` meetings between distinct firms."""
    expo = make_event(session, firms=0, slots="4")
    make_firms(session, expo, 2 * pairs, booth=False)
    planned = [
        meet(
            make_request(session, expo, 2 * i, 2 * i + 1),
            expo,
            people=[expo.people[2 * i][0], expo.people[2 * i + 1][0]],
        )
        for i in range(pairs)
    ]
    version = make_version(session, expo, planned)
    seen = release.plan_invitations(session, version, SETTINGS, now=NOW)
    for people in seen.portions():
        invitation_diff.queue_invitations(session, seen, people)
    session.execute(update(OutboxEmail).values(state=OutboxState.SENT, attempts=1, sent_at=NOW))
    return expo


@pytest.mark.slow
def test_a_thousand_meetings_take_as_many_queries_as_one(database: Database) -> None:
    with database.write() as session:
        small, large = crowd(session, 1), crowd(session, 1000)

    def look(expo: Expo) -> int:
        def step(session: Any) -> None:
            board = board_of(session, expo)
            assert len(board.people) == sum(map(len, expo.people))
            board.page(session, BoardFilters(), now=NOW)
            status_rows.list_status_rows(session, expo.organiser_actor(), board, number=1)

        return count_selects(database, step)

    assert look(small) == look(large)
