"""Address corrections: the new address is invited, the old calendar entry cancelled, and it is logged."""

from __future__ import annotations

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from scheduler.domain.entities import MailOutcome, Method, OutboxKind, OutboxState, Partstat, RequestState
from scheduler.domain.errors import InvalidInput, NotAllowed, NotFound, WrongState
from scheduler.invites.ical.content import Content
from scheduler.services.emails.email_addresses import address_corrections
from scheduler.services.identity import actors
from scheduler.services.replies import attendee_replies, reply_links
from scheduler.services.schedule import feed_addresses
from scheduler.storage.database import Database
from scheduler.storage.models import (
    Account,
    Attendee,
    BusySource,
    Event,
    Firm,
    Invitation,
    MeetingRequest,
    OutboxEmail,
)
from tests.support import replies
from tests.support.factories import NOW, SECRET_KEY, make_event, meet
from tests.support.outgoing_emails import MINUTE, Letters
from tests.support.publishing import SETTINGS, draft, publish

NEW = "wang@right.example"


class Corrected(Letters):
    def correct(self, email: str = NEW, minutes: float = 40) -> int:
        with self.database.write() as session:
            actor, now = self.expo.organiser_actor(), NOW + minutes * MINUTE
            return address_corrections.correct_address(
                session, actor, self.person(0).key, email, settings=SETTINGS, now=now
            )

    def attendee(self) -> Attendee:
        with self.database.read() as session:
            return session.get_one(Attendee, self.person(0).id)

    def told(self) -> list[tuple[str, int, Method]]:
        """Return the messages sent to the calendar in time order: UID, SEQUENCE and method."""
        with self.database.read() as session:
            rows = session.scalars(
                select(Invitation)
                .where(Invitation.attendee_id == self.person(0).id)
                .order_by(Invitation.dtstamp, Invitation.id)
            )
            return [(row.uid, row.sequence, row.method) for row in rows]

    def publish_same(self, slot: int, minutes: float) -> int:
        with self.database.write() as session:
            number = draft(session, self.expo, [meet(self.request, self.expo, slot=slot)])
            return publish(session, self.expo, number, number - 1, minutes=int(minutes))


@pytest.fixture
def corrected(database: Database) -> Corrected:
    return Corrected(database)


def test_an_address_that_bounced_gets_the_meeting_under_its_uid_with_the_next_sequence(
    corrected: Corrected,
) -> None:
    uid = corrected.mail_to(0).uid
    corrected.bounce(5)
    assert corrected.correct() == 2, "the invitation, and no notice to an address that takes no mail"
    sent = corrected.send(41)
    assert set(sent) == {NEW}
    payload = sent[NEW].payload
    assert (payload["uid"], payload["method"], payload["sequence"]) == (uid, "REQUEST", 1)
    assert (payload["kind"], payload["partstat"], payload["previous"]) == ("new", "NEEDS-ACTION", None)
    person = corrected.attendee()
    assert (person.email, person.bounced_at, person.bounce) == (NEW, None, "")


def test_an_address_that_took_the_mail_is_told_to_cancel_and_the_new_one_gets_a_uid_of_its_own(
    corrected: Corrected,
) -> None:
    old, uid = corrected.first, corrected.mail_to(0).uid
    assert corrected.correct() == 4
    sent = corrected.send(41)
    assert set(sent) == {old, NEW}
    cancel, invitation = sent[old].payload, sent[NEW].payload
    assert (cancel["uid"], cancel["method"], cancel["sequence"]) == (uid, "CANCEL", 1)
    assert not cancel["meeting_is_off"]
    assert invitation["uid"] != uid
    assert (invitation["method"], invitation["sequence"]) == ("REQUEST", 0)


def test_links_and_answers_of_the_old_mailbox_count_no_more(corrected: Corrected) -> None:
    old = corrected.mail_to(0)
    corrected.correct()
    corrected.send(41)
    mail = corrected.receive(replies.calendar(old, "DECLINED", minutes=50), old, NOW + 50 * MINUTE)
    assert mail.outcome is not MailOutcome.APPLIED
    with corrected.database.write() as session, pytest.raises(WrongState):
        reply_links.submit_reply(
            session, replies.token(old), Partstat.DECLINED, sequence=1, now=NOW + 50 * MINUTE
        )
    assert corrected.state() is RequestState.ACCEPTED


def test_the_new_address_answers_and_the_answer_counts(corrected: Corrected) -> None:
    corrected.correct()
    mail = corrected.send(41)[NEW]
    answered = corrected.receive(replies.calendar(mail, minutes=50), mail, NOW + 50 * MINUTE)
    assert answered.outcome is MailOutcome.APPLIED


def test_an_earlier_answer_does_not_stand_for_the_new_address(corrected: Corrected) -> None:
    corrected.answer(0, "ACCEPTED")
    corrected.bounce(6)
    corrected.correct()
    with corrected.database.read() as session:
        invitation = attendee_replies.find_latest_invitation(
            session, corrected.mail_to(0).uid or "", corrected.person(0).id
        )
        answer = attendee_replies.find_last_reply(session, invitation)
    assert (invitation.sequence, invitation.partstat) == (1, Partstat.NEEDS_ACTION)
    assert answer is not None and answer.sequence == 0


def test_a_mail_that_the_server_refused_is_put_away_and_told_to_the_new_address(corrected: Corrected) -> None:
    corrected.move(2, 10, refuse=corrected.first)
    corrected.correct()
    sent = corrected.send(41)
    assert set(sent) == {corrected.first, NEW}, "the first invitation had arrived at the old address"
    start = Content.from_json(sent[NEW].payload["content"]).start
    assert (start, sent[corrected.first].payload["sequence"]) == (corrected.expo.slots[2].start, 2)
    assert corrected.dead() == []


def test_what_no_sender_had_touched_goes_to_the_new_address_alone(database: Database) -> None:
    class Unsent(Corrected):
        def send(self, minutes: float = 0, **others: object) -> dict[str, OutboxEmail]:
            return super().send(minutes, **others) if minutes else {}  # type: ignore[arg-type]

    unsent = Unsent(database)
    assert unsent.correct() == 1, "nobody was told anything, and so not of the change"
    sent = unsent.send(41)
    assert set(sent) == {NEW, unsent.person(1).email}
    assert {row.uid for row in sent.values()} == {f"{unsent.request.uid}@expo.example"}


def test_a_publishing_before_the_mails_are_out_tells_nothing_twice(corrected: Corrected) -> None:
    corrected.correct()
    assert corrected.publish_same(0, 45) == 0
    assert {row.payload["method"] for row in corrected.send(46).values()} == {"CANCEL", "REQUEST"}


def test_later_changes_go_to_the_new_address_only(corrected: Corrected) -> None:
    corrected.correct()
    corrected.send(41)
    assert corrected.publish_same(3, 45) == 2
    assert set(corrected.send(46)) == {NEW, corrected.person(1).email}


def test_the_same_address_works_again_and_gets_what_was_held(corrected: Corrected) -> None:
    corrected.bounce(5)
    corrected.move(2, 10)
    assert corrected.correct(corrected.first.upper()) == 1
    sent = corrected.send(41)
    assert [row.payload["sequence"] for row in sent.values()] == [2]
    assert (corrected.dead(), corrected.is_marked()) == ([], False)


def test_a_cancellation_that_was_held_is_sent_when_the_same_address_works_again(corrected: Corrected) -> None:
    corrected.bounce(5)
    with corrected.database.write() as session:
        session.get_one(MeetingRequest, corrected.request.id).state = RequestState.WITHDRAWN
        publish(session, corrected.expo, draft(session, corrected.expo, []), 1, minutes=10)
    corrected.send(11)
    (held,) = corrected.dead()
    assert corrected.correct(corrected.first) == 0
    assert corrected.send(41)[corrected.first].id == held.id


def test_a_meeting_that_is_over_is_told_to_nobody(corrected: Corrected) -> None:
    assert corrected.correct(minutes=60 * 24 * 30) == 2
    assert {row.kind for row in corrected.send(60 * 24 * 30 + 1).values()} == {OutboxKind.DESK}


def test_a_pause_of_the_emails_keeps_no_notice_of_a_change_back(corrected: Corrected) -> None:
    with corrected.database.write() as session:
        session.get_one(Event, corrected.expo.event.id).mails_paused_at = NOW
    corrected.correct()
    sent = corrected.send(41)
    assert {(row.to_address, row.kind) for row in sent.values()} == {
        (corrected.first, OutboxKind.DESK), (NEW, OutboxKind.DESK),
    }  # fmt: skip


def test_it_is_on_record_who_changed_what(corrected: Corrected) -> None:
    old = corrected.first
    corrected.correct()
    with corrected.database.read() as session:
        (change,) = address_corrections.list_corrections(
            session, corrected.expo.organiser_actor(), corrected.person(0).key
        )
    assert (change.old, change.new, change.at) == (old, NEW, NOW + 40 * MINUTE)
    assert change.by == corrected.expo.organiser.email


def test_the_new_address_signs_in_as_the_attendee_and_the_old_one_no_more(corrected: Corrected) -> None:
    old = corrected.first
    corrected.correct()
    key = corrected.expo.event.key
    with corrected.database.read() as session:
        accounts = {a.email: a.id for a in session.scalars(select(Account))}
        assert actors.actor_for(session, accounts[NEW], key, now=NOW).attendee_id == corrected.person(0).id
        with pytest.raises(NotFound):
            actors.actor_for(session, accounts[old], key, now=NOW)


@pytest.mark.parametrize("email", ["", "nobody", "a b@c.example", "x@", "a@b.example\nBcc: c@d.example"])
def test_what_is_no_address_is_refused_by_its_field(corrected: Corrected, email: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        corrected.correct(email)
    assert [fault.path for fault in caught.value.faults] == ["email"]
    assert corrected.attendee().email == corrected.first


def test_the_same_address_is_refused_unless_it_bounces(corrected: Corrected) -> None:
    with pytest.raises(InvalidInput, match="does not bounce"):
        corrected.correct(corrected.first)
    assert corrected.send(41) == {}


def test_an_address_of_somebody_else_is_refused(corrected: Corrected) -> None:
    with pytest.raises(InvalidInput, match="belongs to"):
        corrected.correct(corrected.person(1).email)


def test_only_the_events_organisers_correct_addresses(corrected: Corrected) -> None:
    with corrected.database.write() as session:
        key = corrected.person(0).key
        with pytest.raises(NotAllowed):
            address_corrections.correct_address(
                session, corrected.expo.actor(0), key, NEW, settings=SETTINGS, now=NOW
            )
        other = make_event(session, firms=0).organiser_actor()
        with pytest.raises(NotFound):
            address_corrections.correct_address(session, other, key, NEW, settings=SETTINGS, now=NOW)
    assert {row.state for row in corrected.rows()} == {OutboxState.SENT}


def test_the_reader_at_the_old_address_keeps_no_feed_and_no_calendar(corrected: Corrected) -> None:
    person = corrected.person(0)
    with corrected.database.write() as session:
        feed_addresses.renew_firm_feed(session, corrected.expo.actor(0), secret_key=SECRET_KEY)
        for name, is_saved, address in (
            ("preview.ics", False, None),
            ("linked.example", True, b"sealed"),
            ("file.ics", True, None),
        ):
            session.add(
                BusySource(
                    attendee_id=person.id, key=name, name=name, is_saved=is_saved, address=address,
                    timezone="UTC", found={}, read_at=NOW,
                )
            )  # fmt: skip
    with corrected.database.read() as session:
        before = _feeds(session, person.id)
    corrected.correct()
    with corrected.database.read() as session:
        assert all(old != new for old, new in zip(before, _feeds(session, person.id), strict=True))
        assert session.scalars(select(BusySource.name)).all() == ["file.ics"]


def _feeds(session: Session, attendee_id: int) -> tuple[str, str | None]:
    """Return the feed hashes of a person and their firm."""
    row = session.execute(
        select(Attendee.feed_hash, Firm.feed_hash)
        .join(Firm, Firm.id == Attendee.firm_id)
        .where(Attendee.id == attendee_id)
    ).one()
    return row[0], row[1]
