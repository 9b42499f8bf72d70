"""The calendar health board: what came of each invitation, whom to phone, and in how many queries."""

from __future__ import annotations

import csv
import io
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import update

from scheduler.domain.entities import AnswerSource, CalendarState, OutboxState, Partstat, RequestState
from scheduler.domain.errors import InvalidInput, NotAllowed, NotFound
from scheduler.services.access.actors import Actor
from scheduler.services.addresses import addresses
from scheduler.services.answers import links
from scheduler.services.calendar_health import board as calendar_health
from scheduler.services.calendar_health import call_list
from scheduler.services.calendar_health.board import Board, Filters
from scheduler.services.calendar_health.people import BoardPerson
from scheduler.services.calendar_health.states import CalendarEntry
from scheduler.services.delivery import dead_letters
from scheduler.services.publishing import diff, release
from scheduler.storage.database import Database
from scheduler.storage.models import Attendee, Firm, MeetingRequest, OutboxMail
from tests.integration.delivery.test_dead_letters import MINUTE, Letters
from tests.support import replies
from tests.support.factories import (
    NOW,
    Expo,
    make_event,
    make_firm,
    make_request,
    make_version,
    meet,
)
from tests.support.publishing import SETTINGS, draft, publish, send_all
from tests.support.queries import count_selects

BOUNCED, FAILED, DECLINED = CalendarState.BOUNCED, CalendarState.FAILED, CalendarState.DECLINED
PROPOSED, SILENT, QUEUED = CalendarState.PROPOSED, CalendarState.SILENT, CalendarState.QUEUED
TENTATIVE, ACCEPTED = CalendarState.TENTATIVE, CalendarState.ACCEPTED


class Health(Letters):
    def board(self, minutes: float = 100, **filters: Any) -> Board:
        with self.database.read() as session:
            now = NOW + minutes * MINUTE
            actor = self.expo.organiser_actor()
            return calendar_health.board(session, actor, Filters(**filters), now=now)

    def calls(self, minutes: float = 100) -> list[dict[str, str]]:
        """The call list as a program reads it."""
        with self.database.read() as session:
            return rows(session, self.expo.organiser_actor(), self.board(minutes))

    def shown(self, firm: int) -> BoardPerson:
        with self.database.read() as session:
            actor, key = self.expo.organiser_actor(), self.person(firm).key
            return calendar_health.person(session, actor, key, now=NOW + 100 * MINUTE)

    def entry(self, firm: int = 0) -> CalendarEntry:
        (found,) = self.shown(firm).meetings
        return found


@pytest.fixture
def health(database: Database) -> Health:
    return Health(database)


def test_a_meeting_that_was_told_and_not_answered_is_silent(health: Health) -> None:
    entry = health.entry()
    assert (entry.state, entry.sequence, entry.sent_at, entry.answer) == (SILENT, 0, NOW, None)
    assert (entry.partner, entry.place, entry.hall) == ("Firm 1", "Table t0", "Hall 0")
    assert (entry.start, entry.end) == (health.expo.slots[0].start, health.expo.slots[0].end)
    assert health.board().totals == {state: 2 if state is SILENT else 0 for state in CalendarState}


@pytest.mark.parametrize("partstat", ["ACCEPTED", "TENTATIVE", "DECLINED"])
def test_an_answer_by_mail_is_shown_with_its_time_and_comment(health: Health, partstat: str) -> None:
    health.answer(0, partstat, lines="COMMENT:See you\n")
    entry = health.entry()
    assert entry.state == partstat.lower()
    assert entry.answer is not None
    assert (entry.answer.source, entry.answer.comment) == (AnswerSource.MAIL, "See you")
    assert entry.answer.at == NOW + 5 * MINUTE
    assert health.entry(1).state is SILENT
    assert health.entry(1).is_called_off == (partstat == "DECLINED")


def test_an_answer_by_a_link_says_so(health: Health) -> None:
    with health.database.write() as session:
        token = replies.token(health.mail_to(0))
        links.answer(session, token, Partstat.TENTATIVE, sequence=0, now=NOW + 7 * MINUTE)
    answer = health.entry().answer
    assert answer is not None and answer.source is AnswerSource.LINK
    assert health.entry().state is TENTATIVE


def test_an_update_asks_anew_so_the_earlier_answer_stands_for_nothing(health: Health) -> None:
    health.answer(0, "ACCEPTED")
    with health.database.write() as session:
        number = draft(session, health.expo, [meet(health.request, health.expo, slot=3)])
        publish(session, health.expo, number, 1, minutes=10)
    assert (health.entry().state, health.entry().sequence) == (QUEUED, 1)
    health.send(11)
    assert (health.entry().state, health.entry().answer) == (SILENT, None)


def test_a_details_mail_keeps_the_answer(health: Health) -> None:
    health.answer(0, "ACCEPTED")
    with health.database.write() as session:
        session.execute(update(MeetingRequest).values(topic="Other cells"))
        number = draft(session, health.expo, [meet(health.request, health.expo)])
        assert publish(session, health.expo, number, 1, minutes=10) == 2
    health.send(11, refuse=health.first)
    assert (health.entry().state, health.entry(1).state) == (ACCEPTED, SILENT)


def test_an_open_counter_proposal_waits(health: Health) -> None:
    start = health.expo.slots[3].start
    health.receive(
        replies.calendar(health.mail_to(0), "TENTATIVE", method="COUNTER", start=start), health.mail_to(0)
    )
    entry = health.entry()
    assert entry.answer is not None
    assert (entry.state, entry.answer.proposed_start) == (PROPOSED, start)


def test_a_dead_letter_is_a_failure_with_what_the_server_said(health: Health) -> None:
    health.move(2, 10, refuse=health.first)
    assert (health.entry().state, health.entry().error) == (FAILED, "550 no")
    with health.database.write() as session:
        (letter,) = dead_letters.listing(session, health.expo.organiser_actor()).items
        dead_letters.drop(session, health.expo.organiser_actor(), [letter.id], now=NOW)
    assert health.entry().state is FAILED, "putting the mail away tells nobody"


def test_a_mail_that_is_tried_again_is_not_sent_yet(health: Health) -> None:
    health.move(2, 10, refuse=health.first, permanent=False)
    assert (health.entry().state, health.entry().error) == (QUEUED, "550 no")


def test_a_bounce_marks_every_meeting_that_was_not_answered(health: Health) -> None:
    health.bounce(5)
    person = health.shown(0)
    assert (person.worst, person.bounce, person.bounced_at) == (
        BOUNCED, "smtp; 550 no such user", NOW + 5 * MINUTE,
    )  # fmt: skip
    assert "mail to the address comes back (550 no such user): one meeting" in person.reason


def test_a_corrected_address_is_silent_until_it_answers(health: Health) -> None:
    health.bounce(5)
    with health.database.write() as session:
        actor, key = health.expo.organiser_actor(), health.person(0).key
        addresses.correct(session, actor, key, "new@firm.example", settings=SETTINGS, now=NOW + 10 * MINUTE)
    assert health.entry().state is QUEUED
    health.send(11)
    assert (health.entry().state, health.entry().sequence) == (SILENT, 1)


def test_a_cancellation_that_was_not_told_stays_on_the_board(health: Health) -> None:
    with health.database.write() as session:
        session.get_one(MeetingRequest, health.request.id).state = RequestState.WITHDRAWN
        publish(session, health.expo, draft(session, health.expo, []), 1, minutes=10)
    health.send(11, refuse=health.first)
    assert [person.key for person in health.board().people] == [health.person(0).key]
    entry = health.entry()
    assert (entry.state, entry.is_off, entry.start) == (FAILED, True, health.expo.slots[0].start)
    assert health.shown(0).reason == "not told that one meeting is off"


def test_nothing_published_is_said_so(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session)
        found = calendar_health.board(session, expo.organiser_actor(), Filters(), now=NOW)
    assert (found.version, found.people) == (None, ())


# Filters, sorting, calls


def busy_expo(session: Any, meetings: int = 4) -> Expo:
    """Firm 0 meets each other firm in a slot of its own, the odd ones in the second hall, over two days."""
    expo = make_event(session, firms=meetings + 1, slots="2 2", halls=2, mail_per_minute=60_000)
    session.get_one(Firm, expo.firms[1].id).country = "DE"
    session.get_one(Firm, expo.firms[2].id).latin_name = "Firm 2 Voltwerk"
    planned = [
        meet(make_request(session, expo, 0, i + 1), expo, slot=i, place=expo.tables[i % 2])
        for i in range(meetings)
    ]
    publish(session, expo, draft(session, expo, planned), None)
    send_all(session, expo)
    return expo


def found(session: Any, expo: Expo, **filters: Any) -> list[str]:
    return [p.firm.key for p in board_of(session, expo, **filters).people]


def board_of(session: Any, expo: Expo, now: datetime = NOW, **filters: Any) -> Board:
    return calendar_health.board(session, expo.organiser_actor(), Filters(**filters), now=now)


OVERDUE = NOW + timedelta(days=4)
"""When an invitation of NOW should have been answered."""


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
        later = calendar_health.board(
            session, expo.organiser_actor(), Filters(calls=True), now=NOW + timedelta(days=60)
        )
        assert later.people == (), "nobody needs a call about what is over"


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
            calendar_health.board(session, expo.actor(0), Filters(), now=NOW)
        with pytest.raises(NotAllowed):
            calendar_health.person(session, expo.actor(0), "p", now=NOW)
        with pytest.raises(NotFound):
            calendar_health.person(session, other.organiser_actor(), "nobody", now=NOW)


def rows(session: Any, actor: Actor, board: Board) -> list[dict[str, str]]:
    text = call_list.calls_csv(session, actor, board)
    assert text.startswith("\ufeff")
    return list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))))


def test_the_list_of_calls_has_who_why_and_when_at_the_venue(health: Health) -> None:
    with health.database.write() as session:
        session.execute(
            update(Attendee)
            .where(Attendee.id == health.person(0).id)
            .values(name="王伟", latin_name="Wang Wei", phone="+86 10 6552", languages=["zh", "en"])
        )
    health.bounce(5)
    health.answer(1, "ACCEPTED")
    assert health.calls() == [
        {
            "Name": "王伟",
            "Name in Latin letters": "Wang Wei",
            "Firm": "Firm 0",
            "Country": "China",
            "Languages": "Chinese, English",
            "Phone": "\N{NO-BREAK SPACE}+86 10 6552",
            "Email": health.first,
            "Reason": "mail to the address comes back (550 no such user): one meeting",
            "First meeting (Asia/Shanghai)": "2026-12-07 09:00",
            "Meetings": "1",
        }
    ]


def test_a_name_that_is_a_formula_is_harmless_in_the_list_of_calls(health: Health) -> None:
    with health.database.write() as session:
        session.execute(update(Attendee).values(name='=HYPERLINK("http://x")'))
    assert {row["Name"] for row in health.calls(5000)} == {'\'=HYPERLINK("http://x")'}


def test_the_list_of_calls_follows_the_filters(database: Database) -> None:
    with database.write() as session:
        expo = busy_expo(session)
        board = board_of(session, expo, OVERDUE, day="2026-12-08")
        assert [row["Firm"] for row in rows(session, expo.organiser_actor(), board)] == [
            "Firm 0", "Firm 3", "Firm 4",
        ]  # fmt: skip


def test_who_declined_is_to_be_called_until_the_next_publishing(health: Health) -> None:
    health.answer(0, "DECLINED")
    assert health.shown(0).reason == "declined one meeting of the schedule"
    with health.database.write() as session:
        publish(session, health.expo, draft(session, health.expo, []), 1, minutes=20)
    health.send(21)
    assert health.board().people == ()


def crowd(session: Any, pairs: int) -> Expo:
    """A published version of `pairs` meetings between firms of their own."""
    expo = make_event(session, firms=0, slots="4")
    for _ in range(2 * pairs):
        make_firm(session, expo, booth=False)
    planned = [
        meet(
            make_request(session, expo, 2 * i, 2 * i + 1),
            expo,
            people=[expo.people[2 * i][0], expo.people[2 * i + 1][0]],
        )
        for i in range(pairs)
    ]
    version = make_version(session, expo, planned)
    seen = release.survey(session, version, SETTINGS, now=NOW)
    for people in seen.portions():
        diff.write(session, seen, people)
    session.execute(update(OutboxMail).values(state=OutboxState.SENT, attempts=1, sent_at=NOW))
    return expo


@pytest.mark.slow
def test_a_thousand_meetings_take_as_many_queries_as_one(database: Database) -> None:
    with database.write() as session:
        small, large = crowd(session, 1), crowd(session, 1000)

    def look(expo: Expo) -> int:
        def step(session: Any) -> None:
            board = board_of(session, expo)
            assert len(board.people) == sum(map(len, expo.people))
            board.page(session, Filters(), now=NOW)

        return count_selects(database, step)

    assert look(small) == look(large)


@pytest.mark.parametrize(
    ("sent", "before", "needs"),
    [
        (timedelta(seconds=15), timedelta(days=10), False),
        (timedelta(days=3) - timedelta(minutes=1), timedelta(days=10), False),
        (timedelta(days=3), timedelta(days=10), True),
        (timedelta(hours=1), timedelta(hours=20), False),
        (timedelta(hours=2), timedelta(hours=20), True),
        (timedelta(hours=2), timedelta(days=2, minutes=1), False),
        (timedelta(days=5), timedelta(0), False),
    ],
)
def test_who_has_not_answered_needs_a_call_only_when_it_is_due(
    database: Database, sent: timedelta, before: timedelta, needs: bool
) -> None:
    """`sent`: how long ago; `before`: how long the meeting is away. The board and the person's page agree."""
    with database.write() as session:
        expo = busy_expo(session)
        now = expo.slots[0].start - before
        session.execute(update(OutboxMail).values(sent_at=now - sent))
        board = board_of(session, expo, now, firm="f1")
        assert [bool(listed.tally.calls) for listed in board.people] == [needs]
        shown = calendar_health.person(session, expo.organiser_actor(), expo.people[1][0].key, now=now)
        assert bool(shown.calls) is needs
        assert board.facets.calls == int(needs)
