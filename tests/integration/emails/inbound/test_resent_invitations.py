"""Replies to an older revision, and refresh requests, get the invitation again."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from scheduler.domain.entities import MailOutcome, RequestState
from scheduler.services.delivery import rendering
from scheduler.storage.models import (
    MeetingRequest,
    OutboxEmail,
)
from tests.support import replies
from tests.support.published import Published
from tests.support.publishing import SETTINGS, draft, publish
from tests.unit.invites.builders import event_of, parsed, part


def test_1_4_an_answer_to_an_older_sequence_is_not_applied_and_the_request_is_sent_again(
    published: Published,
) -> None:
    first = published.mail_to(0)
    published.publish_again(slot=3)
    mail = published.receive(replies.calendar(first, "DECLINED", minutes=40), first)
    assert (mail.outcome, published.state()) == (MailOutcome.IGNORED, RequestState.ACCEPTED)
    assert mail.reason == "The reply is to an older version of the meeting. The invitation was sent again."
    (again,) = published.send(45).values()
    assert (again.payload["method"], again.payload["sequence"]) == ("REQUEST", 1)


def test_1_4_a_refresh_is_answered_with_the_same_sequence_and_a_later_dtstamp(published: Published) -> None:
    first = published.mail_to(0)
    mail = published.receive(replies.calendar(first, method="REFRESH"), first)
    assert mail.outcome is MailOutcome.APPLIED
    ((to, again),) = published.send(10).items()
    assert (to, again.payload["sequence"], again.thread_id) == (first.to_address, 0, first.message_id)
    assert again.payload["dtstamp"] > first.payload["dtstamp"]
    assert again.message_id != first.message_id


@pytest.mark.parametrize(
    ("answer", "rsvp", "says"),
    [
        ("", "TRUE", "You haven't replied yet. Please accept or decline."),
        ("ACCEPTED", "FALSE", "You've accepted. You don't need to reply again."),
        ("TENTATIVE", "FALSE", "You replied “Maybe”. You can still accept or decline."),
    ],
)
def test_r10_what_is_sent_again_asks_whom_it_still_has_to_ask(
    published: Published, answer: str, rsvp: str, says: str
) -> None:
    first = published.mail_to(0)
    if answer:
        published.answer(0, answer, minutes=1)
    published.receive(replies.calendar(first, method="REFRESH"), first)
    (again,) = published.send(10).values()
    mail = parsed(rendering.render_invitation_email(SETTINGS, again))
    event = event_of(part(mail, "text/calendar").get_content())
    assert (event["ATTENDEE"].params["RSVP"], event["SEQUENCE"]) == (rsvp, 0)
    assert says in part(mail, "text/plain").get_content()
    assert mail["Subject"].startswith("Invitation resent: Mon 7 Dec 09:00, ")


def test_who_answered_an_earlier_time_reads_both_times_and_is_asked(published: Published) -> None:
    first = published.mail_to(0)
    published.publish_again(slot=3)
    published.receive(replies.calendar(first, "ACCEPTED", minutes=40), first)
    (again,) = published.send(45).values()
    text = part(parsed(rendering.render_invitation_email(SETTINGS, again)), "text/plain").get_content()
    assert (
        "Your reply was for an earlier time: 09:00–09:30. "
        "The new time is Monday, 7 December 2026, 10:30–11:00. Please reply again." in text
    )
    assert "stay as they are" not in text and "need to reply" not in text


def test_who_answered_an_earlier_time_and_asks_again_reads_both_times(published: Published) -> None:
    first = published.mail_to(0)
    published.answer(0, "ACCEPTED", minutes=1)
    published.publish_again(slot=3)
    published.receive(replies.calendar(first, method="REFRESH"), first)
    (again,) = published.send(45).values()
    text = part(parsed(rendering.render_invitation_email(SETTINGS, again)), "text/plain").get_content()
    assert "Your reply was for an earlier time: 09:00–09:30." in text


def test_r6_an_invitation_sent_again_is_stamped_after_an_update_that_waits(published: Published) -> None:
    """Within a second, the later one has the later DTSTAMP, and its own Message-ID."""
    first = published.mail_to(0)
    with published.database.write() as session:
        session.get_one(MeetingRequest, published.request.id).topic = "Cells, and more"
        publish(session, published.expo, draft(session, published.expo, [published.meeting]), 1, minutes=5)
    published.receive(replies.calendar(first, method="REFRESH"), first)
    with published.database.read() as session:
        rows = session.scalars(
            select(OutboxEmail).where(OutboxEmail.attendee_id == first.attendee_id).order_by(OutboxEmail.id)
        ).all()
    stamps = [row.payload["dtstamp"] for row in rows]
    assert len(stamps) == 3 and stamps == sorted(set(stamps))


def test_two_robots_do_not_make_us_send_without_end(published: Published) -> None:
    first = published.mail_to(0)
    for minutes in (1, 2, 3):
        published.receive(replies.calendar(first, method="REFRESH", minutes=minutes), first)
    assert len(published.send(10)) == 1
