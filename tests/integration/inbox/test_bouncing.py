"""Delivery reports: only a proved one does anything, and only two mark an address."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import pytest
from sqlalchemy import select, update

from scheduler.domain.entities import MailFailure, MailKind, MailOutcome, OutboxState
from scheduler.services.delivery import dead_letters, mail_routes, rendering
from scheduler.services.inbox import handling, inbox
from scheduler.storage.models import Attendee, InboundMail, MailRoute, OutboxMail
from tests.support import replies
from tests.support.factories import NOW
from tests.support.published import LATER, MINUTE, Published
from tests.support.publishing import SETTINGS

APPLIED, IGNORED, WAITING = MailOutcome.APPLIED, MailOutcome.IGNORED, MailOutcome.WAITING


def marked(p: Published) -> list[str]:
    with p.database.read() as session:
        return list(session.scalars(select(Attendee.email).where(Attendee.bounced_at.is_not(None))))


def mail_now(p: Published) -> OutboxMail:
    with p.database.read() as session:
        return session.get_one(OutboxMail, p.mail_to(0).id)


def report(p: Published, now: datetime = LATER, **others: str) -> InboundMail:
    """A mail server's report about the mail to firm 0, at the address that it reports to."""
    raw = replies.bounce(p.mail_to(0), **others) + f"\r\n{now}\r\n".encode()
    return p.receive(raw, p.mail_to(0), now, box="bounces")


def send_again(p: Published, minutes: int) -> None:
    assert p.mail_to(0).to_address in p.send(minutes)


def test_one_report_sends_the_mail_once_more_and_a_second_one_marks_the_address(published: Published) -> None:
    first = report(published)
    assert (first.outcome, "once more" in first.reason) == (APPLIED, True)
    again = mail_now(published)
    assert (again.state, again.next_attempt_at) == (OutboxState.QUEUED, LATER + 30 * MINUTE)
    assert marked(published) == []
    send_again(published, 36)
    second = report(published, NOW + 37 * MINUTE)
    assert second.outcome is APPLIED
    assert marked(published) == [published.person(0).email]
    assert (mail_now(published).state, mail_now(published).failure) == (OutboxState.FAILED, "permanent")


def test_the_mail_that_is_sent_once_more_is_the_same_mail(published: Published) -> None:
    before = rendering.invitation_mail(SETTINGS, published.mail_to(0))
    report(published)
    send_again(published, 36)
    assert rendering.invitation_mail(SETTINGS, mail_now(published)) == before


def test_the_same_report_again_and_reports_of_one_moment_count_once(published: Published) -> None:
    for minutes in (5, 5.5, 6, 9):
        report(published, NOW + minutes * MINUTE)
    assert marked(published) == []
    send_again(published, 60)
    report(published, NOW + 61 * MINUTE)
    assert len(marked(published)) == 1


def _to_the_answers(p: Published) -> tuple[bytes, str]:
    return replies.bounce(p.mail_to(0)), replies.address(p.mail_to(0))


def _with_the_invitations_token(p: Published) -> tuple[bytes, str]:
    return replies.bounce(p.mail_to(0)), f"bounces+{replies.token(p.mail_to(0))}@{replies.DOMAIN}"


def _plain_text(p: Published) -> tuple[bytes, str]:
    raw = (
        "From: MAILER-DAEMON@mx.example\r\nSubject: failure notice\r\n\r\n"
        f"<{p.mail_to(0).to_address}>: 550 5.1.1 no such user\r\n"
    )
    return raw.encode(), replies.address(p.mail_to(0), "bounces")


def _as_a_text_file(p: Published) -> tuple[bytes, str]:
    report = replies.bounce(p.mail_to(0)).replace(
        b"message/delivery-status", b'text/plain; name="details.txt"'
    )
    return report, replies.address(p.mail_to(0), "bounces")


def _of_another(p: Published) -> tuple[bytes, str]:
    return replies.bounce(p.mail_to(0), recipient="x@else.example"), replies.address(p.mail_to(0), "bounces")


def _of_nothing(p: Published) -> tuple[bytes, str]:
    raw = replies.bounce(p.mail_to(0), message_id="<other@else.example>")
    no_recipient = raw.replace(f"Final-Recipient: rfc822;{p.mail_to(0).to_address}\r\n".encode(), b"")
    return no_recipient, replies.address(p.mail_to(0), "bounces")


def _policy_without_the_mail(p: Published) -> tuple[bytes, str]:
    raw = replies.bounce(p.mail_to(0), "5.7.1", said="550 5.7.1 no", message_id="")
    return raw, replies.address(p.mail_to(0), "bounces")


def _an_answer(p: Published) -> tuple[bytes, str]:
    return replies.calendar(p.mail_to(0), "DECLINED"), replies.address(p.mail_to(0), "bounces")


UNPROVED: dict[str, Callable[[Published], tuple[bytes, str]]] = {
    "to the address for answers": _to_the_answers,
    "to the address for reports with the token of the invitation": _with_the_invitations_token,
    "as a plain text of a MAILER-DAEMON": _plain_text,
    "as a text file": _as_a_text_file,
    "about another address": _of_another,
    "about no mail and no address": _of_nothing,
    "of a policy, without the mail": _policy_without_the_mail,
    "as an answer to the address for reports": _an_answer,
}


@pytest.mark.parametrize("case", UNPROVED)
def test_what_is_not_proved_waits_for_a_person_however_often_it_comes(
    published: Published, case: str
) -> None:
    raw, to = UNPROVED[case](published)
    for minutes in (5, 60, 600, 6_000):
        mail = raw + f"\r\n{minutes}\r\n".encode()
        assert inbox.receive(published.database, SETTINGS, to, mail, now=NOW + minutes * MINUTE)
    with published.database.read() as session:
        assert set(session.scalars(select(InboundMail.outcome))) == {WAITING}
        assert session.scalars(select(MailRoute)).all() == []
    assert marked(published) == []
    assert published.known(0) is None
    assert mail_now(published).state is OutboxState.SENT


def test_a_report_that_names_the_address_but_not_the_mail_waits_until_a_second_one_comes(
    published: Published,
) -> None:
    first = report(published, message_id="")
    assert (first.outcome, "a second one marks it" in first.reason) == (WAITING, True)
    assert mail_now(published).state is OutboxState.SENT
    second = report(published, NOW + 600 * MINUTE, message_id="")
    assert second.outcome is APPLIED
    assert len(marked(published)) == 1
    with published.database.read() as session:
        assert set(session.scalars(select(InboundMail.outcome))) == {APPLIED}


def test_an_organiser_may_believe_one_report(published: Published) -> None:
    mail = report(published, message_id="")
    with published.database.write() as session:
        actor = published.expo.organiser_actor()
        handling.mark_dead(session, actor, mail.id, now=LATER)
        done = session.get_one(InboundMail, mail.id)
        assert (done.outcome, done.handled_by) == (APPLIED, actor.account_id)
    assert marked(published) == [published.person(0).email]


def test_a_provider_that_wants_less_is_slowed_down_by_a_report_as_by_a_reply(published: Published) -> None:
    mail = report(
        published, status="5.0.0", said="550 Ip frequency limited. https://service.mail.qq.com/detail/122/172"
    )
    assert mail.outcome is APPLIED
    again = mail_now(published)
    assert (again.state, again.failure) == (OutboxState.QUEUED, MailFailure.TEMPORARY.value)
    with published.database.read() as session:
        route = session.get_one(MailRoute, again.domain)
        assert route.per_minute == mail_routes.UNLIMITED / 2
        assert route.paused_until == LATER + MINUTE


def test_a_refusal_of_content_in_a_report_holds_the_mail_and_tells_the_organisers(
    published: Published,
) -> None:
    report(
        published, status="5.0.0", said="550 Mail content denied. https://service.mail.qq.com/detail/122/171"
    )
    held = mail_now(published)
    assert (held.state, held.failure) == (OutboxState.QUEUED, MailFailure.HELD.value)
    with published.database.read() as session:
        told = session.scalars(select(OutboxMail).where(OutboxMail.kind == "alert")).all()
        assert told and "Mail content denied" in told[0].payload["reason"]
    assert marked(published) == []


@pytest.mark.parametrize("action", ["delayed", "relayed", "delivered", "expanded"])
def test_a_report_on_the_way_of_a_mail_is_ignored(published: Published, action: str) -> None:
    assert report(published, status="4.4.1", action=action).outcome is IGNORED
    assert mail_now(published).state is OutboxState.SENT


def test_an_out_of_office_note_to_the_address_for_reports_is_ignored(published: Published) -> None:
    raw = replies.mail(
        published.mail_to(0), "Auto-Submitted: auto-replied\nContent-Type: text/plain\n\nAway.\n"
    )
    mail = published.receive(raw, published.mail_to(0), box="bounces")
    assert (mail.kind, mail.outcome) == (MailKind.AUTO_REPLY, IGNORED)


def test_a_report_about_an_address_that_was_corrected_meanwhile_does_nothing(published: Published) -> None:
    with published.database.write() as session:
        session.execute(
            update(Attendee).where(Attendee.id == published.person(0).id).values(email="new@else.example")
        )
    assert report(published).outcome is WAITING
    assert marked(published) == []


def test_what_was_reported_before_an_address_was_tried_again_by_hand_counts_no_more(
    published: Published,
) -> None:
    report(published)
    send_again(published, 36)
    report(published, NOW + 37 * MINUTE)
    with published.database.write() as session:
        actor = published.expo.organiser_actor()
        assert dead_letters.resend(session, actor, [published.mail_to(0).id], now=NOW + 40 * MINUTE) == 1
    send_again(published, 41)
    report(published, NOW + 42 * MINUTE)
    assert marked(published) == []


def test_the_token_of_reports_is_another_one_for_another_address(published: Published) -> None:
    row = published.mail_to(0)
    before = replies.address(row, "bounces")
    row.to_address = "new@else.example"
    assert replies.address(row, "bounces") != before
    assert replies.token(row) not in before
