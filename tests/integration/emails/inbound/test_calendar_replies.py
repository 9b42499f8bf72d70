"""Replies: stored, respected by the next plan and emails, and taken back."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from scheduler.domain.entities import MailOutcome, Partstat, ReplySource, RequestState
from scheduler.services.delivery import rendering
from scheduler.services.problems import snapshot
from scheduler.services.requests import requests
from scheduler.storage.database import Database
from scheduler.storage.models import (
    InboundEmail,
    Invitation,
    MeetingRequest,
    ScheduleVersion,
)
from tests.support import replies
from tests.support.published import LATER, MINUTE, Published
from tests.support.publishing import SETTINGS, draft, publish
from tests.unit.invites.builders import parsed, part


@pytest.mark.parametrize(("partstat", "does"), [("ACCEPTED", "will attend"), ("TENTATIVE", "might attend")])
def test_an_answer_is_kept_and_known_to_the_next_details_mail(
    published: Published, partstat: str, does: str
) -> None:
    mail = published.answer(0, partstat, lines="COMMENT:See you\n")
    assert (mail.outcome, mail.reason) == (MailOutcome.APPLIED, f"{published.person(0).name} {does}.")
    answer = published.known(0)
    assert answer is not None
    assert (answer.partstat, answer.comment, answer.sequence) == (Partstat(partstat), "See you", 0)
    assert answer.source is ReplySource.EMAIL
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
        assert snapshot.build_problem(session, published.expo.event.id, now=LATER).requests == ()
        assert session.get_one(MeetingRequest, published.request.id).response_note == "On another stand"
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
    assert (mail.outcome, mail.reason) == (MailOutcome.WAITING, "The meeting had already been cancelled.")
    assert published.state() is RequestState.WITHDRAWN


def test_nobody_takes_back_what_the_firms_withdrew(published: Published) -> None:
    with published.database.write() as session:
        session.get_one(MeetingRequest, published.request.id).state = RequestState.WITHDRAWN
    mail = published.answer(1, "ACCEPTED")
    assert (mail.outcome, published.state()) == (MailOutcome.IGNORED, RequestState.WITHDRAWN)


def test_a_decline_of_one_of_several_named_people_keeps_the_meeting(database: Database) -> None:
    published = Published.copied(database, people=2, named=True)
    published.answer(0, "DECLINED", minutes=1)
    with database.read() as session:
        (request,) = snapshot.build_problem(session, published.expo.event.id, now=LATER).requests
        assert len(request.from_attendees) == 1
    published.answer(0, "ACCEPTED", minutes=2)
    with database.read() as session:
        (request,) = snapshot.build_problem(session, published.expo.event.id, now=LATER).requests
        assert len(request.from_attendees) == 2


def test_trap_7_an_answer_leaves_the_sequence_alone(published: Published) -> None:
    published.answer(0, "ACCEPTED")
    update = published.publish_again(slot=3)[published.person(0).email]
    assert update.payload["sequence"] == 1, "the next one after the invitation's"


def test_r7_an_older_answer_does_not_undo_a_later_one_and_somebody_sees_it(published: Published) -> None:
    published.answer(0, "ACCEPTED", minutes=2)
    mail = published.answer(0, "DECLINED", minutes=1)
    assert (mail.outcome, mail.reason) == (MailOutcome.WAITING, "A later reply is already known.")
    assert published.state() is RequestState.ACCEPTED


def test_a_replay_is_kept_once_and_does_nothing(published: Published) -> None:
    raw = replies.calendar(published.mail_to(0), "DECLINED", minutes=1)
    published.receive(raw, published.mail_to(0))
    published.answer(0, "ACCEPTED", minutes=2)
    published.receive(raw, published.mail_to(0))
    assert (published.count(InboundEmail), published.state()) == (2, RequestState.ACCEPTED)


def test_a_replay_with_other_headers_is_ignored(published: Published) -> None:
    raw = replies.calendar(published.mail_to(0), "DECLINED", minutes=1)
    published.receive(raw, published.mail_to(0))
    published.answer(0, "ACCEPTED", minutes=2)
    mail = published.receive(b"Received: again\r\n" + raw, published.mail_to(0))
    assert (mail.outcome, published.state()) == (MailOutcome.IGNORED, RequestState.ACCEPTED)


@pytest.mark.parametrize("by_mail", [True, False])
def test_the_others_read_who_declined_and_what_they_wrote(published: Published, by_mail: bool) -> None:
    note = "On another stand"
    if by_mail:
        published.answer(0, "DECLINED", lines=f"COMMENT:{note}\n")
    else:
        with published.database.write() as session:
            actor, key = published.expo.actor(0), published.request.key
            requests.withdraw_request(session, actor, key, note=note, now=LATER)
    mails = published.publish_again()
    theirs, mine = (mails[published.person(firm).email] for firm in (1, 0))
    text = part(parsed(rendering.render_invitation_email(SETTINGS, theirs)), "text/plain").get_content()
    who, firm = published.person(0).name, published.expo.firms[0].name
    did = "declined the invitation" if by_mail else "cancelled it"
    assert f"Reason: {who} of {firm} {did}.\r\n    “{note}”" in text
    own = part(parsed(rendering.render_invitation_email(SETTINGS, mine)), "text/plain").get_content()
    assert f"Reason: You {'declined' if by_mail else 'cancelled'} this meeting." in own


def test_who_loses_a_meeting_by_a_new_schedule_reads_the_plans_reason(published: Published) -> None:
    with published.database.write() as session:
        number = draft(session, published.expo, [])
        version = session.scalars(select(ScheduleVersion).where(ScheduleVersion.number == number)).one()
        version.unscheduled = [{"request": published.request.key, "reason": "people-busy"}]
        publish(session, published.expo, number, number - 1, minutes=30)
    for row in published.send(31).values():
        text = part(parsed(rendering.render_invitation_email(SETTINGS, row)), "text/plain").get_content()
        assert "Reason: It is not in the new schedule. Required attendees are in other meetings at" in text


def test_a_late_yes_to_a_withdrawn_meeting_waits_for_nobody_and_stands_once_the_decline_is_taken_back(
    published: Published,
) -> None:
    published.answer(1, "DECLINED", minutes=1)
    late = published.answer(0, "ACCEPTED", minutes=2)
    assert late.outcome is MailOutcome.IGNORED
    assert (
        late.reason == "The request for this meeting had already been withdrawn. "
        "The reply counts if the request is restored."
    )
    assert published.state() is RequestState.WITHDRAWN
    back = published.answer(1, "ACCEPTED", minutes=3)
    known = published.known(0)
    assert back.outcome is MailOutcome.APPLIED and published.state() is RequestState.ACCEPTED
    assert known is not None and known.partstat is Partstat.ACCEPTED
