"""Substitutes: by an invitation's link, by iTIP, and by an organiser who resolves an email."""

from __future__ import annotations

import email
import email.policy
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from scheduler.domain.entities import MailOutcome, Partstat, RequestState, Side
from scheduler.domain.errors import InvalidInput, WrongState
from scheduler.services.agendas.week import handover
from scheduler.services.delivery import rendering
from scheduler.services.emails.inbound import inbox_actions
from scheduler.services.problems import snapshot
from scheduler.services.replies import reply_links
from scheduler.storage.database import Database
from scheduler.storage.models import (
    Attendee,
    AttendeeBusy,
    Event,
    InboundEmail,
    Invitation,
    InvitationReply,
    MeetingRequest,
    RequestPerson,
)
from tests.support import replies
from tests.support.factories import NOW, make_request, meet
from tests.support.published import LATER, Published
from tests.support.publishing import SETTINGS, draft, publish

APPLIED, IGNORED, WAITING = MailOutcome.APPLIED, MailOutcome.IGNORED, MailOutcome.WAITING


@pytest.fixture(params=[False, True], ids=["anybody", "named"])
def published(database: Database, request: pytest.FixtureRequest) -> Published:
    """Firm 0 has three people; the first attends the meeting, and the request names this person or no one."""
    made = Published.copied(database, people=3)
    if request.param:
        with database.write() as session:
            row = session.get_one(MeetingRequest, made.request.id)
            row.people = [RequestPerson(attendee_id=made.person(0).id, side=Side.FROM)]
    return made


def look(p: Published) -> reply_links.LinkedMeeting:
    with p.database.read() as session:
        return reply_links.show_meeting(session, replies.token(p.mail_to(0)), now=LATER)


def send(p: Published, colleague: str, comment: str = "", now: Any = LATER) -> str:
    with p.database.write() as session:
        return reply_links.send_substitute(
            session, replies.token(p.mail_to(0)), colleague, sequence=0, comment=comment, now=now
        )


def asked(p: Published) -> tuple[set[str], set[str]]:
    """Return the keys of firm 0's people whom the next plan must send, and of those excluded."""
    with p.database.read() as session:
        request = session.get_one(MeetingRequest, p.request.id)
        keys = {each.id: each.key for people in p.expo.people for each in people}
        named = {keys[row.attendee_id] for row in request.people if keys[row.attendee_id].startswith("f0")}
        return named, {keys[row.attendee_id] for row in request.excluded}


def mine(p: Published) -> tuple[Partstat, str, str]:
    """Return the invitee's answer: PARTSTAT, colleague, comment."""
    with p.database.read() as session:
        answer = session.scalars(
            select(InvitationReply).where(InvitationReply.attendee_id == p.person(0).id)
        ).one()
        colleague = session.get(Attendee, answer.delegate_id) if answer.delegate_id else None
        return answer.partstat, colleague.key if colleague else "", answer.comment


def test_a_colleague_is_sent_by_the_link_and_the_meeting_goes_on(published: Published) -> None:
    assert {each.person.key for each in look(published).substitutes} == {"f0-p1", "f0-p2"}
    said = send(published, "f0-p1", "Ana knows more of it.")
    assert said == "F0-P1 will attend instead of F0-P0 from the next schedule on."
    assert asked(published) == ({"f0-p1"}, {"f0-p0"})
    assert mine(published) == (Partstat.DECLINED, "f0-p1", "Ana knows more of it.")
    assert published.state() is RequestState.ACCEPTED
    with published.database.read() as session:
        problem = snapshot.build_problem(session, published.expo.event.id, now=LATER)
        (request,) = problem.requests
        assert [problem.attendees[each].id for each in request.from_attendees] == ["f0-p1"]
    answer = look(published).answer
    assert answer is not None and answer.delegate == "F0-P1"
    assert look(published).substitutes == ()


def test_the_next_publishing_invites_the_colleague_and_cancels_for_the_one_who_was_invited(
    published: Published,
) -> None:
    send(published, "f0-p1")
    with published.database.write() as session:
        there = [published.person(0, 1), published.person(1)]
        number = draft(session, published.expo, [meet(published.request, published.expo, people=there)])
        publish(session, published.expo, number, number - 1, minutes=30)
    mails = published.send(31)
    told = {row.to_address: row.payload["method"] for row in mails.values()}
    assert told[published.person(0).email] == "CANCEL"
    assert told[published.person(0, 1).email] == "REQUEST"


def test_who_comes_after_all_takes_the_colleagues_place_again(published: Published) -> None:
    send(published, "f0-p1")
    with published.database.write() as session:
        reply_links.submit_reply(
            session,
            replies.token(published.mail_to(0)),
            Partstat.ACCEPTED,
            sequence=0,
            now=LATER + timedelta(minutes=1),
        )
    assert asked(published) == ({"f0-p0"}, set())
    assert mine(published)[:2] == (Partstat.ACCEPTED, "")


def _other_meeting(p: Published) -> None:
    with p.database.write() as session:
        other = make_request(session, p.expo, 0, 2)
        there = [p.person(0, 1), p.person(2)]
        meetings = [p.meeting, meet(other, p.expo, people=there, place=p.expo.booths[2])]
        number = draft(session, p.expo, meetings)
        publish(session, p.expo, number, number - 1, minutes=1)


def _busy(p: Published) -> None:
    with p.database.write() as session:
        session.add(AttendeeBusy(attendee_id=p.person(0, 1).id, slot_id=p.expo.slots[0].id))


@pytest.mark.parametrize(("what", "is_busy"), [(_other_meeting, False), (_busy, True)])
def test_who_is_free_stands_first(
    published: Published, what: Callable[[Published], None], is_busy: bool
) -> None:
    what(published)
    found = [(each.person.key, each.is_free, each.is_busy) for each in look(published).substitutes]
    assert found == [("f0-p2", True, False), ("f0-p1", False, is_busy)]


def test_nobody_is_offered_who_cannot_go(published: Published) -> None:
    with published.database.write() as session:
        session.execute(update(Attendee).where(Attendee.key == "f0-p1").values(withdrawn_at=NOW))
        session.execute(update(Attendee).where(Attendee.key == "f0-p2").values(max_per_day=0))
    assert look(published).substitutes == ()
    for key in ("f0-p1", "f0-p2", "f0-p0", "f1-p0", "none", "\x00"):
        with pytest.raises(InvalidInput):
            send(published, key)
    assert published.count(InvitationReply) == 0


def test_a_meeting_that_begins_too_soon_for_a_plan_is_handed_to_nobody(published: Published) -> None:
    with published.database.write() as session:
        session.get_one(Event, published.expo.event.id).freeze_hours = 24 * 30
    assert look(published).substitutes == ()
    with pytest.raises(WrongState):
        send(published, "f0-p1")


def test_what_the_exhibitor_has_handed_over_is_in_other_hands(published: Published) -> None:
    with published.database.write() as session:
        handover.hand_over(
            session, published.expo.actor(0), published.request.key, "f0-p0", "f0-p2", now=LATER
        )
    with pytest.raises(WrongState):
        send(published, "f0-p1")


@pytest.mark.parametrize("people", [1, 2])
def test_the_mail_has_the_button_where_there_are_colleagues(database: Database, people: int) -> None:
    published = Published(database, people=people)
    mail = rendering.render_invitation_email(SETTINGS, published.mail_to(0))
    link = f"/answers/{replies.token(published.mail_to(0))}/instead"
    made = email.message_from_bytes(mail.data, policy=email.policy.default)
    for kind in ("plain", "html"):
        text = str(made.get_body((kind,)).get_content())  # type: ignore[union-attr]
        assert (link in text, "Send a colleague instead" in text) == (people > 1, people > 1)


def delegated(p: Published, to: str, *, declared: bool = True) -> bytes:
    """Return what a calendar sends when its owner delegates (RFC 5546 4.2.5)."""
    row = p.mail_to(0)
    line = f'ATTENDEE;PARTSTAT=NEEDS-ACTION;DELEGATED-FROM="mailto:{row.to_address}":mailto:{to}\n'
    raw = replies.calendar(row, "DELEGATED", lines=line)
    if declared:
        return raw.replace(b"PARTSTAT=DELEGATED:", f'PARTSTAT=DELEGATED;DELEGATED-TO="mailto:{to}":'.encode())
    return raw


@pytest.mark.parametrize("declared", [True, False], ids=["DELEGATED-TO", "by its ATTENDEE"])
def test_a_delegation_to_a_colleague_sends_them(published: Published, declared: bool) -> None:
    to = published.person(0, 2).email
    mail = published.receive(delegated(published, to, declared=declared), published.mail_to(0))
    assert (mail.outcome, mail.reason) == (
        APPLIED,
        "F0-P2 will attend instead of F0-P0 from the next schedule on.",
    )
    assert asked(published) == ({"f0-p2"}, {"f0-p0"})
    again = published.receive(replies.calendar(published.mail_to(0), attendee=to), published.mail_to(0))
    assert (again.outcome, "already known" in again.reason) == (IGNORED, True)


@pytest.mark.parametrize("to", ["stranger@else.example", "other firm"])
def test_a_delegation_to_somebody_else_waits(published: Published, to: str) -> None:
    address = published.person(1).email if to == "other firm" else to
    mail = published.receive(delegated(published, address), published.mail_to(0))
    assert (mail.outcome, address in mail.reason) == (WAITING, True)
    assert asked(published)[1] == set()
    assert offered(published, mail) is None


def offered(p: Published, mail: InboundEmail) -> str | None:
    with p.database.read() as session:
        found = inbox_actions.find_substitute(session, p.expo.organiser_actor(), mail.id, now=LATER)
        return found and found.key


def test_a_delegation_that_no_plan_can_follow_waits(published: Published) -> None:
    with published.database.write() as session:
        session.get_one(Event, published.expo.event.id).freeze_hours = 24 * 30
    mail = published.receive(delegated(published, published.person(0, 2).email), published.mail_to(0))
    assert (mail.outcome, "can't be changed" in mail.reason) == (WAITING, True)
    assert published.count(InvitationReply) == 0


@pytest.mark.parametrize("partstat", ["ACCEPTED", "TENTATIVE"])
def test_a_colleagues_acceptance_waits_until_an_organiser_sends_them(
    published: Published, partstat: str
) -> None:
    raw = replies.calendar(published.mail_to(0), partstat, attendee=published.person(0, 1).email)
    mail = published.receive(raw, published.mail_to(0))
    assert (mail.outcome, mail.reason) == (WAITING, "F0-P1, a colleague, accepts the invitation of F0-P0.")
    assert asked(published)[1] == set() and published.count(InvitationReply) == 0
    assert offered(published, mail) == "f0-p1"
    with published.database.write() as session:
        done = inbox_actions.accept_delegation(session, published.expo.organiser_actor(), mail.id, now=LATER)
        assert done.outcome is APPLIED
    assert asked(published) == ({"f0-p1"}, {"f0-p0"})
    with published.database.write() as session, pytest.raises(WrongState):
        inbox_actions.accept_delegation(session, published.expo.organiser_actor(), mail.id, now=LATER)


def test_a_colleagues_decline_waits_and_sends_nobody(published: Published) -> None:
    raw = replies.calendar(published.mail_to(0), "DECLINED", attendee=published.person(0, 1).email)
    mail = published.receive(raw, published.mail_to(0))
    assert (mail.outcome, "still expected" in mail.reason) == (WAITING, True)
    assert offered(published, mail) is None
    with published.database.write() as session, pytest.raises(WrongState):
        inbox_actions.accept_delegation(session, published.expo.organiser_actor(), mail.id, now=LATER)
    with published.database.read() as session:
        told = select(Invitation.partstat).where(Invitation.attendee_id == published.person(0).id)
        assert set(session.scalars(told)) == {Partstat.NEEDS_ACTION}
