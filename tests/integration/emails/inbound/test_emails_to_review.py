"""Emails that need a person's decision wait; others are ignored with a reason."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable

import pytest
from sqlalchemy import select

from scheduler.domain.entities import MailOutcome, Partstat, RequestState
from scheduler.domain.errors import NotAllowed, WrongState
from scheduler.services.emails.inbound import inbox_actions
from scheduler.storage.models import (
    Attendee,
    InboundEmail,
    Invitation,
    InvitationReply,
    OutboxEmail,
)
from tests.support import replies
from tests.support.published import LATER, Published


def _other_attendee(p: Published) -> tuple[bytes, OutboxEmail]:
    return replies.calendar(p.mail_to(0), attendee=p.person(1).email), p.mail_to(0)


def _other_token(p: Published) -> tuple[bytes, OutboxEmail]:
    return replies.calendar(p.mail_to(0)), p.mail_to(1)


def _stranger(p: Published) -> tuple[bytes, OutboxEmail]:
    return replies.calendar(p.mail_to(0), attendee="crasher@else.example"), p.mail_to(0)


def _future_sequence(p: Published) -> tuple[bytes, OutboxEmail]:
    return replies.calendar(p.mail_to(0), sequence=5), p.mail_to(0)


def _other_meeting(p: Published) -> tuple[bytes, OutboxEmail]:
    return replies.calendar(p.mail_to(0), uid="another@expo.example"), p.mail_to(0)


def _instance(p: Published) -> tuple[bytes, OutboxEmail]:
    return replies.calendar(p.mail_to(0), lines="RECURRENCE-ID:20261208T010000Z\n"), p.mail_to(0)


def _unknown_zone(p: Published) -> tuple[bytes, OutboxEmail]:
    lines = "DTSTART;TZID=Nowhere/Land:20261207T100000\n"
    return replies.calendar(p.mail_to(0), method="COUNTER", lines=lines), p.mail_to(0)


def _delegation(p: Published) -> tuple[bytes, OutboxEmail]:
    return replies.calendar(p.mail_to(0), "DELEGATED"), p.mail_to(0)


def _text(p: Published) -> tuple[bytes, OutboxEmail]:
    return replies.mail(p.mail_to(0), "Content-Type: text/plain\n\nMay I bring Eva?\n"), p.mail_to(0)


def _two_answers(p: Published) -> tuple[bytes, OutboxEmail]:
    one, other = (replies.calendar(p.mail_to(0), partstat) for partstat in ("ACCEPTED", "DECLINED"))
    body = other.partition(b"\r\n\r\n")[2]
    return one + body, p.mail_to(0)


def _refresh_of_a_stranger(p: Published) -> tuple[bytes, OutboxEmail]:
    return replies.calendar(p.mail_to(0), method="REFRESH", attendee="x@else.example"), p.mail_to(0)


def _bomb(p: Published) -> tuple[bytes, OutboxEmail]:
    return replies.calendar(p.mail_to(0), lines=3_000 * f"DESCRIPTION:{'x' * 100}\n"), p.mail_to(0)


def _long_line(p: Published) -> tuple[bytes, OutboxEmail]:
    return replies.calendar(p.mail_to(0), lines=f"DESCRIPTION:{'x' * 2_000_000}\n"), p.mail_to(0)


def _two_meetings(p: Published) -> tuple[bytes, OutboxEmail]:
    other = "END:VEVENT\nBEGIN:VEVENT\nUID:other@firm.example\nDTSTAMP:20261201T000000Z\n"
    return replies.calendar(p.mail_to(0), lines=other), p.mail_to(0)


def _no_stamp(p: Published) -> tuple[bytes, OutboxEmail]:
    raw = replies.calendar(p.mail_to(0))
    return re.sub(rb"DTSTAMP:\w+", b"DTSTAMP:soon", raw), p.mail_to(0)


def _long_method(p: Published) -> tuple[bytes, OutboxEmail]:
    return replies.calendar(p.mail_to(0), method="A" * 600), p.mail_to(0)


def _breaks(p: Published) -> tuple[bytes, OutboxEmail]:
    body = base64.encodebytes(b"BEGIN:VCALENDAR" + 190_000 * b"\n").decode()
    head = "Content-Type: text/calendar; method=REPLY\nContent-Transfer-Encoding: base64\n\n"
    return replies.mail(p.mail_to(0), head + body), p.mail_to(0)


WAITING: dict[str, tuple[Callable[[Published], tuple[bytes, OutboxEmail]], str]] = {
    "a forged attendee": (_other_attendee, "this email invited someone else"),
    "another attendee's token": (_other_token, "this email invited someone else"),
    "a party crasher": (_stranger, "crasher@else.example"),
    "a future SEQUENCE": (_future_sequence, "a version of the meeting that was never sent"),
    "another UID": (_other_meeting, "a different meeting"),
    "one instance of a series": (_instance, "one meeting of a series"),
    "a counter in an unknown zone": (_unknown_zone, "an unknown time zone"),
    "a delegation": (_delegation, "is sending someone else"),
    "a person's text": (_text, "written by a person"),
    "two answers": (_two_answers, "contradict each other"),
    "a REFRESH of a stranger": (_refresh_of_a_stranger, "Someone else"),
    "a bomb": (_bomb, "larger than 256 KB"),
    "a line of 2 MB": (_long_line, "a line of more than 256 KB"),
    "two meetings in one answer": (_two_meetings, "more than one meeting"),
    "a DTSTAMP that is none": (_no_stamp, "when it was made"),
    "a method of 600 letters": (_long_method, "which isn't a reply"),
    "190,000 line breaks": (_breaks, "isn't complete"),
}


ANSWERS_IN_VAIN = frozenset(
    {
        "a future SEQUENCE",
        "one instance of a series",
        "a counter in an unknown zone",
        "two answers",
        "two meetings in one answer",
        "a DTSTAMP that is none",
    }
)
"""Those of the attendee's own calendar, which get a one-sentence reply."""


@pytest.mark.parametrize("case", WAITING)
def test_m11_1_4_what_the_token_does_not_cover_waits_for_a_person(published: Published, case: str) -> None:
    make, reason = WAITING[case]
    raw, to = make(published)
    mail = published.receive(raw, to)
    assert (mail.outcome, reason in mail.reason) == (MailOutcome.WAITING, True), mail.reason
    assert (mail.size, published.count(InvitationReply), published.state()) == (
        len(raw),
        0,
        RequestState.ACCEPTED,
    )
    sent = published.send(10)
    assert [row.payload.get("letter") for row in sent.values()] == ["receipt"] * (case in ANSWERS_IN_VAIN)
    assert sent.keys() <= {to.to_address}
    with published.database.read() as session:
        assert session.scalars(select(Attendee).where(Attendee.bounced_at.is_not(None))).all() == []


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (lambda row: replies.calendar(row, "NEEDS-ACTION"), "neither accepts nor declines"),
        (lambda row: replies.calendar(row, method="REQUEST"), "an invitation from this event"),
        (
            lambda row: replies.mail(row, "Auto-Submitted: auto-replied\nContent-Type: text/plain\n\nAway\n"),
            "an automatic message",
        ),
    ],
)
def test_what_means_nothing_is_ignored_with_the_reason(
    published: Published, raw: Callable[[OutboxEmail], bytes], reason: str
) -> None:
    mail = published.receive(raw(published.mail_to(0)), published.mail_to(0))
    assert (mail.outcome, reason in mail.reason) == (MailOutcome.IGNORED, True), mail.reason
    assert published.count(InvitationReply) == 0


def test_an_organiser_sees_which_meeting_a_waiting_mail_is_about(published: Published) -> None:
    raw, to = _text(published)
    mail = published.receive(raw, to)
    with published.database.read() as session:
        invited = session.scalars(select(Invitation).where(Invitation.uid == to.uid)).first()
        assert invited is not None
        found = inbox_actions.find_invited_meeting(session, published.expo.organiser_actor(), mail.id)
        assert found is not None and found.summary == invited.content["summary"]
        assert found.start.isoformat() == invited.content["start"]
        with pytest.raises(NotAllowed):
            inbox_actions.find_invited_meeting(session, published.expo.actor(0), mail.id)


def test_an_organiser_takes_a_waiting_mail_as_an_answer(published: Published) -> None:
    raw, to = _text(published)
    mail = published.receive(raw, to)
    with published.database.write() as session:
        actor = published.expo.organiser_actor()
        inbox_actions.apply_as_reply(session, actor, mail.id, Partstat.DECLINED, now=LATER)
        done = session.get_one(InboundEmail, mail.id)
        assert (done.outcome, done.handled_by) == (MailOutcome.APPLIED, actor.account_id)
    assert published.state() is RequestState.WITHDRAWN
    with published.database.write() as session, pytest.raises(WrongState):
        inbox_actions.apply_as_reply(session, actor, mail.id, Partstat.ACCEPTED, now=LATER)


def test_an_organiser_sets_a_waiting_counter_aside_and_its_maker_is_told(published: Published) -> None:
    raw, to = _unknown_zone(published)
    mail = published.receive(raw, to)
    with published.database.write() as session:
        actor = published.expo.organiser_actor()
        inbox_actions.ignore_email(session, actor, mail.id, mail_domain="expo.example", now=LATER)
        assert inbox_actions.get_email(session, actor, mail.id).outcome is MailOutcome.IGNORED
    sent = published.queued()
    assert [row.payload.get("method") or row.payload["letter"] for row in sent] == [
        "receipt",
        "DECLINECOUNTER",
    ]
