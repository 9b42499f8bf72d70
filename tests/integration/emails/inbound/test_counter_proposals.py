"""Counter-proposals: what the next plan tries, and what is declined at once."""

from __future__ import annotations

from datetime import timedelta

import pytest

from scheduler.domain.entities import MailOutcome, Partstat, RequestState
from scheduler.services.delivery import rendering
from scheduler.services.problems import snapshot
from scheduler.storage.database import Database
from scheduler.storage.models import (
    AttendeeBusy,
    Event,
    InboundEmail,
    Invitation,
)
from tests.support import replies
from tests.support.factories import NOW, make_request, meet
from tests.support.published import LATER, Published
from tests.support.publishing import SETTINGS, draft, publish
from tests.unit.invites.builders import parsed, part


def counter(published: Published, slot: int, **others: object) -> InboundEmail:
    start = published.expo.slots[slot].start
    return published.answer(0, "TENTATIVE", method="COUNTER", start=start, **others)


def test_a_counter_proposal_is_what_the_next_run_tries(published: Published) -> None:
    mail = counter(published, 3)
    assert (mail.outcome, published.state()) == (MailOutcome.APPLIED, RequestState.ACCEPTED)
    with published.database.read() as session:
        (request,) = snapshot.build_problem(session, published.expo.event.id, now=LATER).requests
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
        (request,) = snapshot.build_problem(session, published.expo.event.id, now=LATER).requests
        assert request.slots is None


def test_an_answer_after_a_counter_proposal_ends_the_wish(published: Published) -> None:
    counter(published, 3, minutes=1)
    published.answer(0, "ACCEPTED", minutes=2)
    with published.database.read() as session:
        (request,) = snapshot.build_problem(session, published.expo.event.id, now=LATER).requests
        assert request.slots is None


def test_1_4_a_counter_at_no_slot_of_the_event_gets_a_declinecounter(published: Published) -> None:
    start = published.expo.slots[-1].end + timedelta(hours=3)
    mail = published.answer(0, "TENTATIVE", method="COUNTER", start=start)
    assert mail.outcome is MailOutcome.APPLIED and "declined by email" in mail.reason
    ((to, row),) = published.send(10).items()
    assert to == published.person(0).email
    raw = rendering.render_invitation_email(SETTINGS, row).data.decode()
    assert "method=DECLINECOUNTER" in raw
    assert (row.payload["method"], row.payload["sequence"]) == ("DECLINECOUNTER", 0)


def test_1_4_an_event_that_takes_no_proposals_says_so_and_declines_them(published: Published) -> None:
    with published.database.write() as session:
        session.get_one(Event, published.expo.event.id).proposals = False
    mail = counter(published, 3)
    assert (mail.outcome, mail.reason) == (
        MailOutcome.APPLIED,
        "The proposed time was declined by email. The organisers don't accept proposals for other times.",
    )
    (row,) = published.send(10).values()
    assert row.payload["method"] == "DECLINECOUNTER"
    text = part(parsed(rendering.render_invitation_email(SETTINGS, row)), "text/plain").get_content()
    assert "The organisers don't accept proposals" in text and "propose another" not in text
    (update, _) = published.publish_again(slot=2).values()
    request = rendering.render_invitation_email(SETTINGS, update)
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
    assert "Someone in this meeting is not available" in mail.reason
    with database.read() as session:
        assert all(
            r.slots is None
            for r in snapshot.build_problem(session, published.expo.event.id, now=LATER).requests
        )


def test_a_meeting_that_is_about_to_be_held_is_not_moved_by_a_wish(published: Published) -> None:
    counter(published, 3)
    soon = published.expo.slots[0].start - timedelta(hours=1)
    with published.database.read() as session:
        (request,) = snapshot.build_problem(session, published.expo.event.id, now=soon).requests
        assert request.slots is None
    mail = published.receive(
        replies.calendar(
            published.mail_to(1), method="COUNTER", start=published.expo.slots[4].start, minutes=2
        ),
        published.mail_to(1),
        now=soon,
    )
    assert "time of this meeting is fixed" in mail.reason


def test_a_declinecounter_does_not_count_as_told(published: Published) -> None:
    before = published.count(Invitation)
    published.answer(0, "TENTATIVE", method="COUNTER", start=NOW)
    published.send(10)
    assert published.count(Invitation) == before
