"""Email aliases: an organiser confirms one for an attendee, and can remove it."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from scheduler.domain.entities import MailOutcome, Partstat
from scheduler.domain.errors import InvalidInput, NotAllowed
from scheduler.services.emails.inbound import aliases, inbox_actions
from scheduler.storage.models import AttendeeAlias, InboundEmail
from tests.support import replies
from tests.support.published import LATER, MINUTE, Published
from tests.support.publishing import SETTINGS

OTHER = "ann.primary@corp.example"


def answered(p: Published, partstat: str = "ACCEPTED", **others: object) -> InboundEmail:
    """Receive a reply to firm 0's invitation from the alias."""
    return p.answer(0, partstat, attendee=OTHER, **others)


def say_so(p: Published, mail: InboundEmail) -> InboundEmail:
    with p.database.write() as session:
        actor = p.expo.organiser_actor()
        inbox_actions.accept_alias(session, actor, mail.id, settings=SETTINGS, now=LATER + MINUTE)
        return session.get_one(InboundEmail, mail.id)


def claimed(p: Published, mail: InboundEmail) -> str | None:
    with p.database.read() as session:
        return aliases.claimable_address(session, session.get_one(InboundEmail, mail.id))


def test_an_answer_under_another_address_waits_and_counts_once_an_organiser_says_so(
    published: Published,
) -> None:
    mail = answered(published)
    assert (mail.outcome, claimed(published, mail)) == (MailOutcome.WAITING, OTHER)
    say_so(published, mail)
    with published.database.read() as session:
        done = session.get_one(InboundEmail, mail.id)
    assert (done.outcome, done.handled_by) == (MailOutcome.APPLIED, published.expo.organiser.id)
    answer = published.known(0)
    assert answer is not None and answer.partstat is Partstat.ACCEPTED


def test_later_answers_under_it_count_by_themselves(published: Published) -> None:
    say_so(published, answered(published))
    assert answered(published, "DECLINED", minutes=3).outcome is MailOutcome.APPLIED


def test_others_that_wait_under_it_are_judged_too_and_the_last_one_counts(published: Published) -> None:
    mail = answered(published, "ACCEPTED")
    answered(published, "TENTATIVE", minutes=2)
    say_so(published, mail)
    with published.database.read() as session:
        assert set(session.scalars(select(InboundEmail.outcome))) == {MailOutcome.APPLIED}
    answer = published.known(0)
    assert answer is not None and answer.partstat is Partstat.TENTATIVE


def test_it_can_be_taken_away_and_who_did_what_is_kept(published: Published) -> None:
    say_so(published, answered(published))
    actor, key = published.expo.organiser_actor(), published.person(0).key
    with published.database.write() as session:
        (alias,) = aliases.list_aliases(session, actor, key)
        assert (alias.address, alias.by) == (OTHER, published.expo.organiser.email)
        assert aliases.remove_alias(session, actor, key, alias.id, now=LATER)
        assert not aliases.remove_alias(session, actor, key, alias.id, now=LATER)
        assert aliases.list_aliases(session, actor, key) == []
        row = session.scalars(select(AttendeeAlias)).one()
        assert (row.added_by, row.removed_by) == (actor.account_id, actor.account_id)
    assert answered(published, "DECLINED", minutes=3).outcome is MailOutcome.WAITING


def test_it_is_offered_only_where_the_token_has_proved_who_was_invited(published: Published) -> None:
    row = published.mail_to(0)
    colleague = published.person(1).email
    raw = replies.calendar(row, "ACCEPTED", attendee=OTHER)
    to_reports = published.receive(raw, row, box="bounces")
    of_colleague = published.answer(0, "ACCEPTED", attendee=colleague)
    other_meeting = published.answer(0, "ACCEPTED", attendee=OTHER, uid="other@expo.example")
    text = published.receive(replies.mail(row, "Content-Type: text/plain\n\nHello\n"), row)
    for mail in (to_reports, of_colleague, other_meeting, text):
        assert (mail.outcome, claimed(published, mail)) == (MailOutcome.WAITING, None)
        with pytest.raises(InvalidInput):
            say_so(published, mail)


def test_an_address_is_of_one_person_of_an_event_only(published: Published) -> None:
    say_so(published, answered(published))
    mail = published.answer(1, "ACCEPTED", attendee=OTHER)
    assert claimed(published, mail) is None


def test_only_organisers_may_say_so(published: Published) -> None:
    mail = answered(published)
    with published.database.write() as session, pytest.raises(NotAllowed):
        inbox_actions.accept_alias(session, published.expo.actor(0), mail.id, settings=SETTINGS, now=LATER)
