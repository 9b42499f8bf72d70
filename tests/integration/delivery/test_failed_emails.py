"""Failed emails: visible to organisers, resent unchanged, and never after a newer one."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from scheduler.domain.entities import EmailFailure, OutboxState
from scheduler.domain.errors import NotAllowed
from scheduler.services.delivery import claims, failed_emails, refusal_handling, rendering
from scheduler.services.outbox import outbox
from scheduler.storage.database import Database
from scheduler.storage.models import Invitation, OutboxEmail
from tests.support.factories import NOW, make_event, meet
from tests.support.outgoing_emails import MINUTE, Letters
from tests.support.publishing import SETTINGS, draft, publish


@pytest.fixture
def letters(database: Database) -> Letters:
    return Letters(database)


def test_a_mail_that_failed_for_good_is_listed_with_what_the_server_said(letters: Letters) -> None:
    letters.move(2, 10, refuse=letters.first)
    (letter,) = letters.dead()
    assert (letter.address, letter.failure, letter.error) == (letters.first, EmailFailure.PERMANENT, "550 no")
    assert (letter.method, letter.attempts, letter.next_attempt_at) == ("REQUEST", 1, None)
    assert letter.last_attempt_at == NOW + 10.5 * MINUTE
    assert letter.person is not None and letter.person.key == letters.person(0).key
    assert letter.content is not None and letter.content.start == letters.expo.slots[2].start


def test_a_mail_that_is_tried_again_is_listed_apart_with_its_next_try(letters: Letters) -> None:
    letters.move(2, 10, refuse=letters.first, permanent=False)
    (letter,) = letters.dead(retrying=True)
    assert letters.dead() == []
    assert (letter.failure, letter.next_attempt_at) == (EmailFailure.TEMPORARY, NOW + 11.5 * MINUTE)


def test_a_mail_that_was_tried_too_often_is_a_dead_letter_of_a_temporary_error(letters: Letters) -> None:
    letters.move(2, 10, refuse=letters.first, permanent=False)
    for attempt in range(len(refusal_handling.BACKOFF)):
        letters.send(2000 * (attempt + 1), refuse=letters.first, permanent=False)
    (letter,) = letters.dead()
    assert (letter.failure, letter.attempts) == (EmailFailure.TEMPORARY, len(refusal_handling.BACKOFF) + 1)


def test_r8_a_dead_letter_is_sent_again_as_the_same_mail_to_the_byte(letters: Letters) -> None:
    letters.move(2, 10, refuse=letters.first)
    (letter,) = letters.dead()
    with letters.database.read() as session:
        before = rendering.render_invitation_email(SETTINGS, session.get_one(OutboxEmail, letter.id))
    assert letters.resend(letter.id, minutes=20) == 1
    sent = letters.send(21)[letters.first]
    assert rendering.render_invitation_email(SETTINGS, sent) == before
    assert letters.dead() == []


def test_two_who_send_a_dead_letter_again_send_it_once(letters: Letters) -> None:
    letters.move(2, 10, refuse=letters.first)
    (letter,) = letters.dead()
    assert letters.resend(letter.id, minutes=20) == 1
    assert letters.resend(letter.id, minutes=20) == 0
    assert len(letters.send(21)) == 1
    assert letters.resend(letter.id, minutes=30) == 0


def test_a_dead_letter_that_a_newer_message_has_overtaken_is_not_sent_again(letters: Letters) -> None:
    letters.move(2, 10, refuse=letters.first)
    (letter,) = letters.dead()
    letters.move(3, 20)
    assert letters.dead() == []
    assert letters.resend(letter.id, minutes=30) == 0
    assert letters.resend(minutes=30) == 0
    assert letters.send(31) == {}


def test_a_dead_letter_queued_again_before_a_publishing_does_not_follow_the_newer_message(
    letters: Letters,
) -> None:
    letters.move(2, 10, refuse=letters.first)
    letters.resend(minutes=15)
    letters.move(3, 20)
    sent = [row for row in letters.rows() if row.to_address == letters.first and row.sent_at is not None]
    assert [row.payload["sequence"] for row in sent] == [0, 2]
    assert letters.send(60) == {}
    (stale,) = [row for row in letters.rows() if row.dropped_at is not None]
    assert (stale.state, stale.error) == (OutboxState.FAILED, claims.STALE)
    assert letters.dead() == []


def test_a_retry_does_not_go_out_after_a_newer_message(letters: Letters) -> None:
    letters.move(2, 10, refuse=letters.first, permanent=False)
    letters.move(3, 10.6)
    assert letters.send(60) == {}
    assert [row.payload["sequence"] for row in letters.rows() if row.to_address == letters.first] == [0, 1, 2]
    assert letters.dead(retrying=True) == []


def test_only_the_newest_of_several_dead_letters_about_a_meeting_is_listed_and_sent(letters: Letters) -> None:
    letters.move(2, 10, refuse=letters.first)
    (old,) = letters.dead()
    letters.move(3, 20, refuse=letters.first)
    (new,) = letters.dead()
    assert new.id != old.id
    assert letters.resend(old.id, new.id, minutes=30) == 1
    assert letters.send(31)[letters.first].payload["sequence"] == 2


def test_a_publishing_does_not_make_a_dead_letter_that_waits_again_anew(letters: Letters) -> None:
    letters.move(2, 10, refuse=letters.first)
    letters.resend(minutes=15)
    with letters.database.write() as session:
        number = draft(session, letters.expo, [meet(letters.request, letters.expo, slot=2)])
        assert publish(session, letters.expo, number, number - 1, minutes=20) == 0
    assert letters.send(21)[letters.first].payload["sequence"] == 1


def test_a_dropped_dead_letter_is_neither_listed_nor_sent(letters: Letters) -> None:
    letters.move(2, 10, refuse=letters.first)
    (letter,) = letters.dead()
    with letters.database.write() as session:
        assert (
            failed_emails.archive_emails(session, letters.expo.organiser_actor(), [letter.id], now=NOW) == 1
        )
    assert letters.dead() == []
    assert letters.resend(letter.id, minutes=20) == 0


def test_a_mail_to_an_address_that_bounced_is_held_and_its_calendar_counts_as_told(letters: Letters) -> None:
    letters.bounce(5)
    letters.move(2, 10)
    (letter,) = letters.dead()
    assert (letter.failure, letter.error, letter.last_attempt_at) == (EmailFailure.BOUNCED, claims.HELD, None)
    with letters.database.read() as session:
        told = session.scalars(
            select(Invitation.sequence)
            .where(Invitation.attendee_id == letters.person(0).id)
            .order_by(Invitation.id)
        ).all()
    assert told == [0, 1]
    sent = [row.to_address for row in letters.rows() if row.payload["sequence"] == 1 and row.sent_at]
    assert sent == [letters.person(1).email]


def test_sending_all_again_leaves_addresses_that_bounce(letters: Letters) -> None:
    letters.bounce(5)
    letters.move(2, 10)
    assert letters.resend(minutes=20) == 0
    assert (letters.is_marked(), letters.send(21)) == (True, {})


def test_sending_a_held_mail_again_takes_the_mark_away(letters: Letters) -> None:
    letters.bounce(5)
    letters.move(2, 10)
    (letter,) = letters.dead()
    assert letters.resend(letter.id, minutes=20) == 1
    assert not letters.is_marked()
    assert letters.send(21)[letters.first].payload["sequence"] == 1


def test_the_counts_of_an_event_leave_out_what_was_put_away(letters: Letters) -> None:
    letters.move(2, 10, refuse=letters.first)
    letters.move(3, 20, refuse=letters.first)
    with letters.database.read() as session:
        assert outbox.count_mails(session, letters.expo.event.id).failed == 1
        actor = letters.expo.organiser_actor()
        assert failed_emails.count_failed_emails(session, actor) == failed_emails.FailedEmailCounts(
            1, 1, 0, 0
        )


def test_another_events_organiser_touches_nothing_and_an_exhibitor_is_refused(letters: Letters) -> None:
    letters.move(2, 10, refuse=letters.first)
    (letter,) = letters.dead()
    with letters.database.write() as session:
        other = make_event(session).organiser_actor()
        assert failed_emails.list_failed_emails(session, other).total == 0
        assert failed_emails.resend_emails(session, other, [letter.id], now=NOW) == 0
        assert failed_emails.archive_emails(session, other, [letter.id], now=NOW) == 0
        for step in (failed_emails.resend_emails, failed_emails.archive_emails):
            with pytest.raises(NotAllowed):
                step(session, letters.expo.actor(0), [letter.id], now=NOW)
    assert len(letters.dead()) == 1
