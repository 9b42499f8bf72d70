"""Calendar status: outcome of each invitation, the call list, and query counts."""

from __future__ import annotations

import pytest
from sqlalchemy import update

from scheduler.domain.entities import CalendarState, Partstat, ReplySource, RequestState
from scheduler.services.delivery import failed_emails
from scheduler.services.emails.calendar_status import board as calendar_health
from scheduler.services.emails.calendar_status.board import BoardFilters
from scheduler.services.emails.email_addresses import address_corrections
from scheduler.services.replies import reply_links
from scheduler.storage.database import Database
from scheduler.storage.models import MeetingRequest
from tests.support import replies
from tests.support.event_with_replies import PROPOSED, QUEUED, SILENT, Health
from tests.support.factories import (
    NOW,
    make_event,
    meet,
)
from tests.support.outgoing_emails import MINUTE
from tests.support.publishing import SETTINGS, draft, publish

BOUNCED, FAILED, DECLINED = CalendarState.BOUNCED, CalendarState.FAILED, CalendarState.DECLINED


TENTATIVE, ACCEPTED = CalendarState.TENTATIVE, CalendarState.ACCEPTED


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
    assert (entry.answer.source, entry.answer.comment) == (ReplySource.EMAIL, "See you")
    assert entry.answer.at == NOW + 5 * MINUTE
    assert health.entry(1).state is SILENT
    assert health.entry(1).is_called_off == (partstat == "DECLINED")


def test_an_answer_by_a_link_says_so(health: Health) -> None:
    with health.database.write() as session:
        token = replies.token(health.mail_to(0))
        reply_links.submit_reply(session, token, Partstat.TENTATIVE, sequence=0, now=NOW + 7 * MINUTE)
    answer = health.entry().answer
    assert answer is not None and answer.source is ReplySource.LINK
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
        (letter,) = failed_emails.list_failed_emails(session, health.expo.organiser_actor()).items
        failed_emails.archive_emails(session, health.expo.organiser_actor(), [letter.id], now=NOW)
    assert health.entry().state is FAILED, "putting the mail away tells nobody"


def test_a_mail_that_is_tried_again_is_not_sent_yet(health: Health) -> None:
    health.move(2, 10, refuse=health.first, permanent=False)
    assert (health.entry().state, health.entry().error) == (QUEUED, "550 no")


def test_a_bounce_marks_every_meeting_that_was_not_answered(health: Health) -> None:
    health.bounce(5)
    person = health.shown(0)
    assert (person.worst, person.bounce, person.bounced_at) == (
        BOUNCED, "550 5.1.1 no such user", NOW + 5 * MINUTE,
    )  # fmt: skip
    assert "emails to the address bounce (550 5.1.1 no such user): 1 meeting" in person.reason


def test_a_corrected_address_is_silent_until_it_answers(health: Health) -> None:
    health.bounce(5)
    with health.database.write() as session:
        actor, key = health.expo.organiser_actor(), health.person(0).key
        address_corrections.correct_address(
            session, actor, key, "new@firm.example", settings=SETTINGS, now=NOW + 10 * MINUTE
        )
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
    assert health.shown(0).reason == "not notified that 1 meeting is cancelled"


def test_nothing_published_is_said_so(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session)
        found = calendar_health.show_board(session, expo.organiser_actor(), BoardFilters(), now=NOW)
    assert (found.version, found.people) == (None, ())
