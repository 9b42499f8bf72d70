"""What comes back by mail: applied by the token's authority, ignored, or left to a person; never wrongly."""

from __future__ import annotations

import base64
import re
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from scheduler.domain.entities import AnswerSource, MailOutcome, Partstat, RequestState
from scheduler.domain.errors import NotAllowed, NotFound, WrongState
from scheduler.services.inbox import inbox
from scheduler.services.outbox import outbox, rendering
from scheduler.services.problems import snapshot
from scheduler.services.requests import requests
from scheduler.storage.database import Database
from scheduler.storage.models import (
    Answer,
    Attendee,
    AttendeeBusy,
    Event,
    InboundMail,
    Invitation,
    MeetingRequest,
    OutboxMail,
    ScheduleVersion,
)
from tests.integration.publishing.test_release import draft, publish
from tests.support import replies
from tests.support.factories import NOW, SECRET_KEY, make_event, make_request, meet
from tests.support.publishing import SETTINGS
from tests.unit.invites.builders import event_of, parsed, part

MINUTE = timedelta(minutes=1)
LATER = NOW + 5 * MINUTE
CORPUS = sorted((Path(__file__).parents[2] / "unit" / "invites" / "corpus").glob("*.eml"))


class Published:
    """An event with one published meeting of firms 0 and 1 (and one firm more), told by mail."""

    def __init__(self, database: Database, people: int = 1, named: bool = False, language: str = "") -> None:
        self.database = database
        with database.write() as session:
            self.expo = make_event(session, firms=3, people=people, slots="6", mail_per_minute=60_000)
            for person in self.expo.people[0] + self.expo.people[1]:
                person.mail_language = language
            mine = self.expo.people[0] if named else []
            self.request = make_request(session, self.expo, 0, 1, from_people=mine)
            there = [*(mine or self.expo.people[0][:1]), self.expo.people[1][0]]
            self.meeting = meet(self.request, self.expo, people=there)
            publish(session, self.expo, draft(session, self.expo, [self.meeting]), None)
        self.mails = self.send()

    def send(self, minutes: int = 0) -> dict[str, OutboxMail]:
        """Hand out what waits, as a sender does; by address."""
        now = NOW + timedelta(minutes=minutes)
        with self.database.write() as session:
            rows = outbox.claim(session, worker="w", limit=50, secret_key=SECRET_KEY, now=now)
            for row in rows:
                outbox.mark_sent(session, row.id, worker="w", now=now)
        return {row.to_address: row for row in rows}

    def person(self, firm: int, number: int = 0) -> Attendee:
        return self.expo.people[firm][number]

    def mail_to(self, firm: int, number: int = 0) -> OutboxMail:
        return self.mails[self.person(firm, number).email]

    def receive(
        self, raw: bytes, to: OutboxMail, now: datetime = LATER, box: str = "meetings"
    ) -> InboundMail:
        """Hand a mail in, and give what was kept of it."""
        assert inbox.receive(self.database, SETTINGS, replies.address(to, box), raw, now=now)
        with self.database.read() as session:
            return session.scalars(select(InboundMail).order_by(InboundMail.id.desc()).limit(1)).one()

    def answer(self, firm: int, partstat: str, **others: object) -> InboundMail:
        return self.receive(replies.calendar(self.mail_to(firm), partstat, **others), self.mail_to(firm))

    def publish_again(self, *, slot: int | None = None, minutes: int = 30) -> dict[str, OutboxMail]:
        """Publish a version with the meeting (at a slot), and send the mails."""
        with self.database.write() as session:
            planned = [meet(self.request, self.expo, slot=slot)] if slot is not None else []
            number = draft(session, self.expo, planned)
            publish(session, self.expo, number, number - 1, minutes=minutes)
        return self.send(minutes + 1)

    def state(self) -> RequestState:
        with self.database.read() as session:
            return session.get_one(MeetingRequest, self.request.id).state

    def known(self, firm: int) -> Answer | None:
        with self.database.read() as session:
            return session.scalar(select(Answer).where(Answer.attendee_id == self.person(firm).id))

    def count(self, table: type) -> int:
        with self.database.read() as session:
            return session.scalars(select(func.count()).select_from(table)).one()


@pytest.fixture
def published(database: Database) -> Published:
    return Published(database)


@pytest.mark.parametrize(("partstat", "does"), [("ACCEPTED", "comes"), ("TENTATIVE", "may come")])
def test_an_answer_is_kept_and_known_to_the_next_details_mail(
    published: Published, partstat: str, does: str
) -> None:
    mail = published.answer(0, partstat, lines="COMMENT:See you\n")
    assert (mail.outcome, mail.reason) == (MailOutcome.APPLIED, f"{published.person(0).name} {does}.")
    answer = published.known(0)
    assert answer is not None
    assert (answer.partstat, answer.comment, answer.sequence) == (Partstat(partstat), "See you", 0)
    assert answer.source is AnswerSource.MAIL
    with published.database.read() as session:
        told = session.scalars(
            select(Invitation).where(Invitation.attendee_id == published.person(0).id)
        ).one()
        assert told.partstat is Partstat(partstat)
    assert published.state() is RequestState.ACCEPTED


def test_a_decline_leaves_the_next_run_and_tells_the_other_side_in_the_same_publishing(
    published: Published,
) -> None:
    mail = published.answer(0, "DECLINED", lines="COMMENT:On another stand\n")
    assert mail.outcome is MailOutcome.APPLIED
    with published.database.read() as session:
        assert snapshot.take(session, published.expo.event.id, now=LATER).requests == ()
        assert session.get_one(MeetingRequest, published.request.id).answer_note == "On another stand"
    told = {to: row.payload["method"] for to, row in published.publish_again().items()}
    assert told == {published.person(0).email: "CANCEL", published.person(1).email: "CANCEL"}


def test_even_a_draft_that_was_made_before_the_decline_leaves_the_meeting_out(published: Published) -> None:
    published.answer(0, "DECLINED")
    told = {to: row.payload["method"] for to, row in published.publish_again(slot=2).items()}
    assert set(told.values()) == {"CANCEL"}


def test_a_decline_can_be_taken_back_until_it_was_told(published: Published) -> None:
    published.answer(0, "DECLINED", minutes=1)
    mail = published.answer(0, "ACCEPTED", minutes=2)
    assert (mail.outcome, published.state()) == (MailOutcome.APPLIED, RequestState.ACCEPTED)
    assert published.publish_again(slot=0) == {}


def test_who_declines_twice_can_still_come(published: Published) -> None:
    published.answer(0, "DECLINED", minutes=1)
    published.receive(
        replies.calendar(published.mail_to(0), "DECLINED", minutes=2),
        published.mail_to(0),
        now=LATER + MINUTE,
    )
    mail = published.receive(
        replies.calendar(published.mail_to(0), minutes=3), published.mail_to(0), now=LATER + 2 * MINUTE
    )
    assert (mail.outcome, published.state()) == (MailOutcome.APPLIED, RequestState.ACCEPTED)


def test_after_the_cancel_an_answer_changes_nothing(published: Published) -> None:
    published.answer(0, "DECLINED", minutes=1)
    published.publish_again()
    mail = published.answer(0, "ACCEPTED", minutes=40)
    assert (mail.outcome, mail.reason) == (MailOutcome.IGNORED, "The meeting was cancelled before.")
    assert published.state() is RequestState.WITHDRAWN


def test_nobody_takes_back_what_the_firms_withdrew(published: Published) -> None:
    with published.database.write() as session:
        session.get_one(MeetingRequest, published.request.id).state = RequestState.WITHDRAWN
    mail = published.answer(1, "ACCEPTED")
    assert (mail.outcome, published.state()) == (MailOutcome.IGNORED, RequestState.WITHDRAWN)


def test_a_decline_of_one_of_several_named_people_keeps_the_meeting(database: Database) -> None:
    published = Published(database, people=2, named=True)
    published.answer(0, "DECLINED", minutes=1)
    with database.read() as session:
        (request,) = snapshot.take(session, published.expo.event.id, now=LATER).requests
        assert len(request.from_attendees) == 1
    published.answer(0, "ACCEPTED", minutes=2)
    with database.read() as session:
        (request,) = snapshot.take(session, published.expo.event.id, now=LATER).requests
        assert len(request.from_attendees) == 2


# What must not be applied


def _other_attendee(p: Published) -> tuple[bytes, OutboxMail]:
    return replies.calendar(p.mail_to(0), attendee=p.person(1).email), p.mail_to(0)


def _other_token(p: Published) -> tuple[bytes, OutboxMail]:
    return replies.calendar(p.mail_to(0)), p.mail_to(1)


def _stranger(p: Published) -> tuple[bytes, OutboxMail]:
    return replies.calendar(p.mail_to(0), attendee="crasher@else.example"), p.mail_to(0)


def _future_sequence(p: Published) -> tuple[bytes, OutboxMail]:
    return replies.calendar(p.mail_to(0), sequence=5), p.mail_to(0)


def _other_meeting(p: Published) -> tuple[bytes, OutboxMail]:
    return replies.calendar(p.mail_to(0), uid="another@expo.example"), p.mail_to(0)


def _future_stamp(p: Published) -> tuple[bytes, OutboxMail]:
    return replies.calendar(p.mail_to(0), minutes=60 * 24 * 400), p.mail_to(0)


def _instance(p: Published) -> tuple[bytes, OutboxMail]:
    return replies.calendar(p.mail_to(0), lines="RECURRENCE-ID:20261207T010000Z\n"), p.mail_to(0)


def _unknown_zone(p: Published) -> tuple[bytes, OutboxMail]:
    lines = "DTSTART;TZID=Nowhere/Land:20261207T100000\n"
    return replies.calendar(p.mail_to(0), method="COUNTER", lines=lines), p.mail_to(0)


def _delegation(p: Published) -> tuple[bytes, OutboxMail]:
    return replies.calendar(p.mail_to(0), "DELEGATED"), p.mail_to(0)


def _text(p: Published) -> tuple[bytes, OutboxMail]:
    return replies.mail(p.mail_to(0), "Content-Type: text/plain\n\nMay I bring Eva?\n"), p.mail_to(0)


def _two_answers(p: Published) -> tuple[bytes, OutboxMail]:
    one, other = (replies.calendar(p.mail_to(0), partstat) for partstat in ("ACCEPTED", "DECLINED"))
    body = other.partition(b"\r\n\r\n")[2]
    return one + body, p.mail_to(0)


def _refresh_of_a_stranger(p: Published) -> tuple[bytes, OutboxMail]:
    return replies.calendar(p.mail_to(0), method="REFRESH", attendee="x@else.example"), p.mail_to(0)


def _bomb(p: Published) -> tuple[bytes, OutboxMail]:
    return replies.calendar(p.mail_to(0), lines=3_000 * f"DESCRIPTION:{'x' * 100}\n"), p.mail_to(0)


def _long_line(p: Published) -> tuple[bytes, OutboxMail]:
    return replies.calendar(p.mail_to(0), lines=f"DESCRIPTION:{'x' * 2_000_000}\n"), p.mail_to(0)


def _two_meetings(p: Published) -> tuple[bytes, OutboxMail]:
    other = "END:VEVENT\nBEGIN:VEVENT\nUID:other@firm.example\nDTSTAMP:20261201T000000Z\n"
    return replies.calendar(p.mail_to(0), lines=other), p.mail_to(0)


def _no_stamp(p: Published) -> tuple[bytes, OutboxMail]:
    raw = replies.calendar(p.mail_to(0))
    return re.sub(rb"DTSTAMP:\w+", b"DTSTAMP:soon", raw), p.mail_to(0)


def _long_method(p: Published) -> tuple[bytes, OutboxMail]:
    return replies.calendar(p.mail_to(0), method="A" * 600), p.mail_to(0)


def _breaks(p: Published) -> tuple[bytes, OutboxMail]:
    body = base64.encodebytes(b"BEGIN:VCALENDAR" + 190_000 * b"\n").decode()
    head = "Content-Type: text/calendar; method=REPLY\nContent-Transfer-Encoding: base64\n\n"
    return replies.mail(p.mail_to(0), head + body), p.mail_to(0)


WAITING: dict[str, tuple[Callable[[Published], tuple[bytes, OutboxMail]], str]] = {
    "a forged attendee": (_other_attendee, "not invited by this mail"),
    "another attendee's token": (_other_token, "not invited by this mail"),
    "a party crasher": (_stranger, "crasher@else.example"),
    "a future SEQUENCE": (_future_sequence, "a version of the meeting that we never sent"),
    "another UID": (_other_meeting, "another meeting"),
    "a DTSTAMP in a year": (_future_stamp, "dated in the future"),
    "one instance of a series": (_instance, "a version of the meeting that we never sent"),
    "a counter in an unknown zone": (_unknown_zone, "no time zone that is known"),
    "a delegation": (_delegation, "sends somebody else"),
    "a person's text": (_text, "A person wrote it"),
    "two answers": (_two_answers, "contradict each other"),
    "a REFRESH of a stranger": (_refresh_of_a_stranger, "Somebody else"),
    "a bomb": (_bomb, "larger than 256 KiB"),
    "a line of 2 MB": (_long_line, "a line of more than 256 KiB"),
    "two meetings in one answer": (_two_meetings, "more than one meeting"),
    "a DTSTAMP that is none": (_no_stamp, "when it was made"),
    "a method of 600 letters": (_long_method, "which is no answer"),
    "190,000 line breaks": (_breaks, "not complete"),
}


@pytest.mark.parametrize("case", WAITING)
def test_m11_1_4_what_the_token_does_not_cover_waits_for_a_person(published: Published, case: str) -> None:
    make, reason = WAITING[case]
    raw, to = make(published)
    mail = published.receive(raw, to)
    assert (mail.outcome, reason in mail.reason) == (MailOutcome.WAITING, True), mail.reason
    assert (mail.size, published.count(Answer), published.state()) == (len(raw), 0, RequestState.ACCEPTED)
    assert published.send(10) == {}
    with published.database.read() as session:
        assert session.scalars(select(Attendee).where(Attendee.bounced_at.is_not(None))).all() == []


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (lambda row: replies.calendar(row, "NEEDS-ACTION"), "neither yes nor no"),
        (lambda row: replies.calendar(row, "X-MAYBE"), "neither yes nor no"),
        (lambda row: replies.calendar(row, method="REQUEST"), "our own invitation"),
        (
            lambda row: replies.mail(row, "Auto-Submitted: auto-replied\nContent-Type: text/plain\n\nAway\n"),
            "written by a machine",
        ),
    ],
)
def test_what_means_nothing_is_ignored_with_the_reason(
    published: Published, raw: Callable[[OutboxMail], bytes], reason: str
) -> None:
    mail = published.receive(raw(published.mail_to(0)), published.mail_to(0))
    assert (mail.outcome, reason in mail.reason) == (MailOutcome.IGNORED, True), mail.reason
    assert published.count(Answer) == 0


def test_trap_7_an_answer_leaves_the_sequence_alone(published: Published) -> None:
    published.answer(0, "ACCEPTED")
    update = published.publish_again(slot=3)[published.person(0).email]
    assert update.payload["sequence"] == 1, "the next one after the invitation's"


def test_r7_an_older_answer_does_not_undo_a_later_one(published: Published) -> None:
    published.answer(0, "ACCEPTED", minutes=2)
    mail = published.answer(0, "DECLINED", minutes=1)
    assert (mail.outcome, mail.reason) == (MailOutcome.IGNORED, "A later answer is known already.")
    assert published.state() is RequestState.ACCEPTED


def test_a_replay_is_kept_once_and_does_nothing(published: Published) -> None:
    raw = replies.calendar(published.mail_to(0), "DECLINED", minutes=1)
    published.receive(raw, published.mail_to(0))
    published.answer(0, "ACCEPTED", minutes=2)
    published.receive(raw, published.mail_to(0))
    assert (published.count(InboundMail), published.state()) == (2, RequestState.ACCEPTED)


def test_a_replay_with_other_headers_is_ignored(published: Published) -> None:
    raw = replies.calendar(published.mail_to(0), "DECLINED", minutes=1)
    published.receive(raw, published.mail_to(0))
    published.answer(0, "ACCEPTED", minutes=2)
    mail = published.receive(b"Received: again\r\n" + raw, published.mail_to(0))
    assert (mail.outcome, published.state()) == (MailOutcome.IGNORED, RequestState.ACCEPTED)


def test_1_4_an_answer_to_an_older_sequence_is_not_applied_and_the_request_is_sent_again(
    published: Published,
) -> None:
    first = published.mail_to(0)
    published.publish_again(slot=3)
    mail = published.receive(replies.calendar(first, "DECLINED", minutes=40), first)
    assert (mail.outcome, published.state()) == (MailOutcome.IGNORED, RequestState.ACCEPTED)
    assert mail.reason == "It answers an older version of the meeting; it is sent again."
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
        ("", "TRUE", "Your answer is still missing. Please accept or decline."),
        ("ACCEPTED", "FALSE", "You have accepted. You need not answer again."),
        ("TENTATIVE", "FALSE", "You answered “perhaps”. You may still accept or decline."),
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
    mail = parsed(rendering.invitation_mail(SETTINGS, again))
    event = event_of(part(mail, "text/calendar").get_content())
    assert (event["ATTENDEE"].params["RSVP"], event["SEQUENCE"]) == (rsvp, 0)
    assert says in part(mail, "text/plain").get_content()
    assert mail["Subject"].startswith("Sent again: Mon 7 Dec 09:00, ")


def test_who_answered_an_earlier_time_reads_both_times_and_is_asked(published: Published) -> None:
    first = published.mail_to(0)
    published.publish_again(slot=3)
    published.receive(replies.calendar(first, "ACCEPTED", minutes=40), first)
    (again,) = published.send(45).values()
    text = part(parsed(rendering.invitation_mail(SETTINGS, again)), "text/plain").get_content()
    assert (
        "You answered an earlier version: 09:00–09:30. "
        "It is now Monday, 7 December 2026, 10:30–11:00. Please answer again." in text
    )
    assert "stay as they are" not in text and "need not answer" not in text


def test_who_answered_an_earlier_time_and_asks_again_reads_both_times(published: Published) -> None:
    first = published.mail_to(0)
    published.answer(0, "ACCEPTED", minutes=1)
    published.publish_again(slot=3)
    published.receive(replies.calendar(first, method="REFRESH"), first)
    (again,) = published.send(45).values()
    text = part(parsed(rendering.invitation_mail(SETTINGS, again)), "text/plain").get_content()
    assert "You answered an earlier version: 09:00–09:30." in text


def test_r6_an_invitation_sent_again_is_stamped_after_an_update_that_waits(published: Published) -> None:
    """Both within a second: the one that is made later has the later DTSTAMP, and a Message-ID of its own."""
    first = published.mail_to(0)
    with published.database.write() as session:
        session.get_one(MeetingRequest, published.request.id).topic = "Cells, and more"
        publish(session, published.expo, draft(session, published.expo, [published.meeting]), 1, minutes=5)
    published.receive(replies.calendar(first, method="REFRESH"), first)
    with published.database.read() as session:
        rows = session.scalars(
            select(OutboxMail).where(OutboxMail.attendee_id == first.attendee_id).order_by(OutboxMail.id)
        ).all()
    stamps = [row.payload["dtstamp"] for row in rows]
    assert len(stamps) == 3 and stamps == sorted(set(stamps))


def test_two_robots_do_not_make_us_send_without_end(published: Published) -> None:
    first = published.mail_to(0)
    for minutes in (1, 2, 3):
        published.receive(replies.calendar(first, method="REFRESH", minutes=minutes), first)
    assert len(published.send(10)) == 1


# Counter-proposals


def counter(published: Published, slot: int, **others: object) -> InboundMail:
    start = published.expo.slots[slot].start
    return published.answer(0, "TENTATIVE", method="COUNTER", start=start, **others)


def test_a_counter_proposal_is_what_the_next_run_tries(published: Published) -> None:
    mail = counter(published, 3)
    assert (mail.outcome, published.state()) == (MailOutcome.APPLIED, RequestState.ACCEPTED)
    with published.database.read() as session:
        (request,) = snapshot.take(session, published.expo.event.id, now=LATER).requests
        assert request.slots == (3,)
    answer = published.known(0)
    assert answer is not None and answer.partstat is Partstat.NEEDS_ACTION, "it is no answer"


def test_1_4_a_counter_proposal_that_was_followed_is_an_update_for_both_and_ends_the_wish(
    published: Published,
) -> None:
    counter(published, 3)
    mails = published.publish_again(slot=3)
    assert {row.payload["sequence"] for row in mails.values()} == {1} and len(mails) == 2
    with published.database.read() as session:
        (request,) = snapshot.take(session, published.expo.event.id, now=LATER).requests
        assert request.slots is None


def test_an_answer_after_a_counter_proposal_ends_the_wish(published: Published) -> None:
    counter(published, 3, minutes=1)
    published.answer(0, "ACCEPTED", minutes=2)
    with published.database.read() as session:
        (request,) = snapshot.take(session, published.expo.event.id, now=LATER).requests
        assert request.slots is None


def test_1_4_a_counter_at_no_slot_of_the_event_gets_a_declinecounter(published: Published) -> None:
    start = published.expo.slots[-1].end + timedelta(hours=3)
    mail = published.answer(0, "TENTATIVE", method="COUNTER", start=start)
    assert mail.outcome is MailOutcome.APPLIED and "declined by mail" in mail.reason
    ((to, row),) = published.send(10).items()
    assert to == published.person(0).email
    raw = rendering.invitation_mail(SETTINGS, row).data.decode()
    assert "method=DECLINECOUNTER" in raw
    assert (row.payload["method"], row.payload["sequence"]) == ("DECLINECOUNTER", 0)


def test_1_4_an_event_that_takes_no_proposals_says_so_and_declines_them(published: Published) -> None:
    with published.database.write() as session:
        session.get_one(Event, published.expo.event.id).proposals = False
    mail = counter(published, 3)
    assert (mail.outcome, mail.reason) == (
        MailOutcome.APPLIED,
        "The proposal was declined by mail. The organisers take no proposals of other times.",
    )
    (row,) = published.send(10).values()
    assert row.payload["method"] == "DECLINECOUNTER"
    text = part(parsed(rendering.invitation_mail(SETTINGS, row)), "text/plain").get_content()
    assert "The organisers take no proposals" in text and "propose another" not in text
    (update, _) = published.publish_again(slot=2).values()
    request = rendering.invitation_mail(SETTINGS, update)
    assert "/propose" not in part(parsed(request), "text/plain").get_content()
    assert b"X-MICROSOFT-DISALLOW-COUNTER:TRUE" in part(parsed(request), "text/calendar").get_payload(
        decode=True
    )


@pytest.mark.parametrize("reason", ["busy", "in another meeting"])
def test_a_counter_at_a_time_when_the_other_side_is_not_free_is_declined(
    database: Database, reason: str
) -> None:
    published = Published(database)
    with database.write() as session:
        if reason == "busy":
            slot = published.expo.slots[3].id
            session.add(AttendeeBusy(attendee_id=published.person(1).id, slot_id=slot))
        else:
            other = make_request(session, published.expo, 1, 2)
            both = [published.meeting, meet(other, published.expo, slot=3)]
            publish(session, published.expo, draft(session, published.expo, both), 1, minutes=1)
    mail = counter(published, 3)
    assert "Somebody of the meeting is not free" in mail.reason
    with database.read() as session:
        assert all(
            r.slots is None for r in snapshot.take(session, published.expo.event.id, now=LATER).requests
        )


def test_a_meeting_that_is_about_to_be_held_is_not_moved_by_a_wish(published: Published) -> None:
    counter(published, 3)
    soon = published.expo.slots[0].start - timedelta(hours=1)
    with published.database.read() as session:
        (request,) = snapshot.take(session, published.expo.event.id, now=soon).requests
        assert request.slots is None
    mail = published.receive(
        replies.calendar(
            published.mail_to(1), method="COUNTER", start=published.expo.slots[4].start, minutes=2
        ),
        published.mail_to(1),
        now=soon,
    )
    assert "time is fixed" in mail.reason


def test_a_declinecounter_does_not_count_as_told(published: Published) -> None:
    before = published.count(Invitation)
    published.answer(0, "TENTATIVE", method="COUNTER", start=NOW)
    published.send(10)
    assert published.count(Invitation) == before


# The inbox


def test_every_dialect_is_kept_and_judged_and_answers_about_other_meetings_change_nothing(
    published: Published,
) -> None:
    for day, path in enumerate(CORPUS):  # an address takes 20 mails a day
        later = LATER + timedelta(days=day / 10)
        mail = published.receive(path.read_bytes(), published.mail_to(0), now=later)
        assert mail.outcome is not MailOutcome.RECEIVED, path.name
        assert "could not be judged" not in mail.reason, path.name
    assert published.count(InboundMail) == len(CORPUS)
    assert (published.count(Answer), published.state()) == (0, RequestState.ACCEPTED)


def test_mail_to_an_address_that_is_not_ours_is_refused(database: Database, published: Published) -> None:
    for address in ("meetings+" + "a" * 32 + "@expo.example", "info@expo.example", "", "meetings+@x"):
        assert not inbox.receive(database, SETTINGS, address, b"hi", now=NOW)
    other = replies.address(published.mail_to(0)).replace("expo.example", "else.example")
    assert not inbox.receive(database, SETTINGS, other, b"hi", now=NOW)
    assert published.count(InboundMail) == 0


def test_the_address_is_taken_in_any_case(published: Published) -> None:
    to = replies.address(published.mail_to(0)).upper()
    raw = replies.calendar(published.mail_to(0))
    assert inbox.receive(published.database, SETTINGS, f"<{to}>", raw, now=LATER)
    assert published.known(0) is not None


def test_the_database_has_no_token_but_its_hash(published: Published) -> None:
    published.answer(0, "ACCEPTED")
    with published.database.read() as session:
        row = session.scalars(select(InboundMail)).one()
        assert re.fullmatch("[0-9a-f]{64}", row.token_hash)
        assert row.token_hash != replies.token(published.mail_to(0))


def test_a_mail_is_judged_once_by_two_at_the_same_time(published: Published) -> None:
    raw = replies.calendar(published.mail_to(0), "DECLINED")
    to = replies.address(published.mail_to(0))
    threads = [
        threading.Thread(
            target=inbox.receive, args=(published.database, SETTINGS, to, raw), kwargs={"now": LATER}
        )
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert published.count(InboundMail) == 1
    answer = published.known(0)
    assert answer is not None and answer.partstat is Partstat.DECLINED


def test_a_mail_whose_judge_died_is_found_and_judged(
    published: Published, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(inbox, "_judge_all", lambda *_, **__: None)
        published.answer(0, "ACCEPTED")
    assert published.known(0) is None
    with published.database.read() as session:
        assert inbox.left_over(session, now=LATER) == [], "it may be judged just now"
        (mail_id,) = inbox.left_over(session, now=LATER + inbox.PATIENCE)
    inbox.judge(published.database, SETTINGS, mail_id, now=LATER)
    assert published.known(0) is not None
    with published.database.read() as session:
        assert inbox.left_over(session, now=LATER + inbox.PATIENCE) == []


def test_a_large_mail_is_kept_up_to_a_limit(published: Published) -> None:
    raw = replies.mail(published.mail_to(0), "Content-Type: text/plain\n\n" + "x" * 3_000_000)
    mail = published.receive(raw, published.mail_to(0))
    with published.database.read() as session:
        kept = session.get_one(InboundMail, mail.id)
        assert (kept.size, len(kept.raw)) == (len(raw), inbox.KEPT)


def test_an_organiser_takes_a_waiting_mail_as_an_answer(published: Published) -> None:
    raw, to = _text(published)
    mail = published.receive(raw, to)
    with published.database.write() as session:
        actor = published.expo.organiser_actor()
        inbox.apply(session, actor, mail.id, Partstat.DECLINED, now=LATER)
        done = inbox.get(session, actor, mail.id)
        assert (done.outcome, done.handled_by) == (MailOutcome.APPLIED, actor.account_id)
    assert published.state() is RequestState.WITHDRAWN
    with published.database.write() as session, pytest.raises(WrongState):
        inbox.apply(session, actor, mail.id, Partstat.ACCEPTED, now=LATER)


def test_an_organiser_sets_a_waiting_counter_aside_and_its_maker_is_told(published: Published) -> None:
    raw, to = _unknown_zone(published)
    mail = published.receive(raw, to)
    with published.database.write() as session:
        actor = published.expo.organiser_actor()
        inbox.set_aside(session, actor, mail.id, mail_domain="expo.example", now=LATER)
        assert inbox.get(session, actor, mail.id).outcome is MailOutcome.IGNORED
    (row,) = published.send(10).values()
    assert row.payload["method"] == "DECLINECOUNTER"


def test_the_inbox_is_the_organisers_of_its_event(published: Published) -> None:
    mail = published.answer(0, "ACCEPTED")
    with published.database.write() as session:
        with pytest.raises(NotAllowed):
            inbox.listing(session, published.expo.actor(0))
        stranger = make_event(session).organiser_actor()
        assert inbox.listing(session, stranger).items == ()
        with pytest.raises(NotFound):
            inbox.get(session, stranger, mail.id)


def test_the_inbox_lists_by_outcome_and_page(published: Published) -> None:
    for minutes in range(1, 4):
        published.answer(0, "ACCEPTED", minutes=minutes)
    published.answer(0, "NEEDS-ACTION", minutes=5)
    actor = published.expo.organiser_actor()
    with published.database.read() as session:
        first = inbox.listing(session, actor, limit=3)
        rest = inbox.listing(session, actor, limit=3, cursor=first.next_cursor)
        ignored = inbox.listing(session, actor, outcome=MailOutcome.IGNORED)
        counted = inbox.counts(session, actor)
    assert (len(first.items), len(rest.items), first.total, ignored.total) == (3, 1, 4, 1)
    assert (counted[MailOutcome.APPLIED], counted[MailOutcome.WAITING]) == (3, 0)


@pytest.mark.parametrize("by_mail", [True, False])
def test_the_others_read_who_declined_and_what_they_wrote(published: Published, by_mail: bool) -> None:
    note = "On another stand"
    if by_mail:
        published.answer(0, "DECLINED", lines=f"COMMENT:{note}\n")
    else:
        with published.database.write() as session:
            actor, key = published.expo.actor(0), published.request.key
            requests.withdraw(session, actor, key, note=note, now=LATER)
    mails = published.publish_again()
    theirs, mine = (mails[published.person(firm).email] for firm in (1, 0))
    text = part(parsed(rendering.invitation_mail(SETTINGS, theirs)), "text/plain").get_content()
    who, firm = published.person(0).name, published.expo.firms[0].name
    assert f"Why: {who} of {firm} declined or cancelled it.\r\n    “{note}”" in text
    own = part(parsed(rendering.invitation_mail(SETTINGS, mine)), "text/plain").get_content()
    assert "Why: You declined this meeting." in own


def test_who_loses_a_meeting_by_a_new_schedule_reads_the_plans_reason(published: Published) -> None:
    with published.database.write() as session:
        number = draft(session, published.expo, [])
        version = session.scalars(select(ScheduleVersion).where(ScheduleVersion.number == number)).one()
        version.unscheduled = [{"request": published.request.key, "reason": "people-busy"}]
        publish(session, published.expo, number, number - 1, minutes=30)
    for row in published.send(31).values():
        text = part(parsed(rendering.invitation_mail(SETTINGS, row)), "text/plain").get_content()
        assert "Why: The new schedule does not hold it. At every time that suits both firms," in text


def test_a_late_yes_to_a_withdrawn_meeting_waits_for_nobody_and_stands_once_the_decline_is_taken_back(
    published: Published,
) -> None:
    published.answer(1, "DECLINED", minutes=1)
    late = published.answer(0, "ACCEPTED", minutes=2)
    assert late.outcome is MailOutcome.IGNORED
    assert late.reason == "The meeting was withdrawn before; the answer counts if that is taken back."
    assert published.state() is RequestState.WITHDRAWN
    back = published.answer(1, "ACCEPTED", minutes=3)
    known = published.known(0)
    assert back.outcome is MailOutcome.APPLIED and published.state() is RequestState.ACCEPTED
    assert known is not None and known.partstat is Partstat.ACCEPTED
