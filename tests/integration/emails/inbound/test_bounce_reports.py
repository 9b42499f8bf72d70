"""Delivery status notifications: only verified ones count, and two mark an address as bouncing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import pytest
from sqlalchemy import select, update

from scheduler.domain.entities import EmailFailure, MailKind, MailOutcome, OutboxState
from scheduler.domain.errors import WrongState
from scheduler.services.delivery import email_routes, failed_emails, rendering
from scheduler.services.emails.inbound import inbox, inbox_actions
from scheduler.storage.models import Attendee, EmailRoute, InboundEmail, OutboxEmail
from tests.support import replies
from tests.support.factories import NOW
from tests.support.published import LATER, MINUTE, Published
from tests.support.publishing import SETTINGS

APPLIED, IGNORED, WAITING = MailOutcome.APPLIED, MailOutcome.IGNORED, MailOutcome.WAITING


def marked(p: Published) -> list[str]:
    with p.database.read() as session:
        return list(session.scalars(select(Attendee.email).where(Attendee.bounced_at.is_not(None))))


def mail_now(p: Published) -> OutboxEmail:
    with p.database.read() as session:
        return session.get_one(OutboxEmail, p.mail_to(0).id)


def report(p: Published, now: datetime = LATER, **others: str) -> InboundEmail:
    """Receive a mail server's report about the email to firm 0 at the bounce address."""
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
    before = rendering.render_invitation_email(SETTINGS, published.mail_to(0))
    report(published)
    send_again(published, 36)
    assert rendering.render_invitation_email(SETTINGS, mail_now(published)) == before


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


def _an_answer(p: Published) -> tuple[bytes, str]:
    return replies.calendar(p.mail_to(0), "DECLINED"), replies.address(p.mail_to(0), "bounces")


UNPROVED: dict[str, Callable[[Published], tuple[bytes, str]]] = {
    "to the address for answers": _to_the_answers,
    "to the address for reports with the token of the invitation": _with_the_invitations_token,
    "as a plain text of a MAILER-DAEMON": _plain_text,
    "as a text file": _as_a_text_file,
    "about another address": _of_another,
    "about no mail and no address": _of_nothing,
    "as an answer to the address for reports": _an_answer,
}


@pytest.mark.parametrize("case", UNPROVED)
def test_what_is_not_proved_waits_for_a_person_however_often_it_comes(
    published: Published, case: str
) -> None:
    raw, to = UNPROVED[case](published)
    for minutes in (5, 60, 600, 6_000):
        mail = raw + f"\r\n{minutes}\r\n".encode()
        assert inbox.receive_email(published.database, SETTINGS, to, mail, now=NOW + minutes * MINUTE)
    with published.database.read() as session:
        assert set(session.scalars(select(InboundEmail.outcome))) == {WAITING}
        assert session.scalars(select(EmailRoute)).all() == []
    assert marked(published) == []
    assert published.known(0) is None
    assert mail_now(published).state is OutboxState.SENT


def test_a_report_that_does_not_return_the_mail_is_about_the_one_whose_envelope_it_came_to(
    published: Published,
) -> None:
    """Relays that replace Message-IDs report an unknown one."""
    assert report(published, message_id="<other@relay.example>").outcome is APPLIED
    again = mail_now(published)
    assert (again.state, again.next_attempt_at) == (OutboxState.QUEUED, LATER + 30 * MINUTE)
    held = report(published, NOW + 6 * MINUTE, status="5.7.1", said="550 5.7.1 no", message_id="")
    assert (held.outcome, "already sent again" in held.reason) == (IGNORED, True)


def test_an_organiser_may_believe_a_notice_that_names_the_address(published: Published) -> None:
    row = published.mail_to(0)
    mail = published.receive(replies.failure_notice(row), row, box="bounces")
    assert mail.outcome is WAITING
    with published.database.write() as session:
        actor = published.expo.organiser_actor()
        assert inbox_actions.reported_address(session, actor, mail.id) == published.person(0).email
        inbox_actions.confirm_bounce(session, actor, mail.id, now=LATER)
        done = session.get_one(InboundEmail, mail.id)
        assert (done.outcome, done.handled_by) == (APPLIED, actor.account_id)
    assert marked(published) == [published.person(0).email]


def _about_nobody(p: Published) -> bytes:
    return b"From: MAILER-DAEMON@mx.example\r\nSubject: failure notice\r\n\r\n550 5.1.1 no such user\r\n"


def _about_a_longer_address(p: Published) -> bytes:
    return _about_nobody(p).replace(b"no such", f"not-{p.person(0).email}.example no such".encode())


def _full(p: Published) -> bytes:
    return replies.failure_notice(p.mail_to(0)).replace(b"550 5.1.1 no such user", b"552 5.2.2 mailbox full")


def _delayed(p: Published) -> bytes:
    return replies.failure_notice(p.mail_to(0)).replace(b"550 5.1.1 no such user", b"451 4.4.1 not yet")


def _exchange_forwards(p: Published) -> bytes:
    return forwarding_notice("ana.kiss@else.example")


def _by_hand(p: Published) -> bytes:
    return f"From: boss@else.example\r\n\r\n{p.person(0).email} has left us.\r\n".encode()


NO_REPORTS: dict[str, Callable[[Published], bytes]] = {
    "of no address": _about_nobody,
    "of an address in which the attendee's stands": _about_a_longer_address,
    "of a full mailbox": _full,
    "of a delay": _delayed,
    "of another address": lambda p: _of_another(p)[0],
    "of a forwarded invitation": _exchange_forwards,
    "by a person": _by_hand,
}


@pytest.mark.parametrize("case", NO_REPORTS)
@pytest.mark.parametrize("box", ["meetings", "bounces"])
def test_an_address_can_be_marked_only_by_a_report_that_it_is_dead(
    published: Published, case: str, box: str
) -> None:
    mail = published.receive(NO_REPORTS[case](published), published.mail_to(0), box=box)
    with published.database.write() as session:
        actor = published.expo.organiser_actor()
        assert inbox_actions.reported_address(session, actor, mail.id) is None
        with pytest.raises(WrongState):
            inbox_actions.confirm_bounce(session, actor, mail.id, now=LATER)
    assert marked(published) == []


def test_a_provider_that_wants_less_is_slowed_down_by_a_report_as_by_a_reply(published: Published) -> None:
    mail = report(
        published, status="5.0.0", said="550 Ip frequency limited. https://service.mail.qq.com/detail/122/172"
    )
    assert mail.outcome is APPLIED
    again = mail_now(published)
    assert (again.state, again.failure) == (OutboxState.QUEUED, EmailFailure.TEMPORARY.value)
    with published.database.read() as session:
        route = session.get_one(EmailRoute, again.domain)
        assert route.per_minute == email_routes.UNLIMITED / 2
        assert route.paused_until == LATER + MINUTE


def test_a_refusal_of_content_in_a_report_holds_the_mail_and_tells_the_organisers(
    published: Published,
) -> None:
    report(
        published, status="5.0.0", said="550 Mail content denied. https://service.mail.qq.com/detail/122/171"
    )
    held = mail_now(published)
    assert (held.state, held.failure) == (OutboxState.QUEUED, EmailFailure.DEFERRED.value)
    with published.database.read() as session:
        told = session.scalars(select(OutboxEmail).where(OutboxEmail.kind == "alert")).all()
        assert told and "Mail content denied" in told[0].payload["reason"]["values"]["reply"]
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
    said = report(published)
    assert (said.outcome, "corrected" in said.reason) == (IGNORED, True)
    assert marked(published) == []


def test_what_was_reported_before_an_address_was_tried_again_by_hand_counts_no_more(
    published: Published,
) -> None:
    report(published)
    send_again(published, 36)
    report(published, NOW + 37 * MINUTE)
    with published.database.write() as session:
        actor = published.expo.organiser_actor()
        assert (
            failed_emails.resend_emails(session, actor, [published.mail_to(0).id], now=NOW + 40 * MINUTE) == 1
        )
    send_again(published, 41)
    report(published, NOW + 42 * MINUTE)
    assert marked(published) == []


def test_the_token_of_reports_is_another_one_for_each_mail_and_stands_in_none(published: Published) -> None:
    first, second = published.mail_to(0), published.mail_to(1)
    assert replies.address(first, "bounces") != replies.address(second, "bounces")
    assert replies.token(first) not in replies.address(first, "bounces")


def forwarding_notice(
    *to: str,
    sender: str = "MicrosoftExchange329e71ec88ae4615bbc36ab6ce41109e@firm.example",
    subject: str = "Meeting Forward Notification: Battery packs",
    label: str = "Recipients",
    said: str = "Peter Nagy has forwarded your meeting request to additional recipients.",
) -> bytes:
    """Return Exchange's notification that an attendee forwarded an invitation."""
    body = (
        f"<p>Your meeting was forwarded</p><p>{said}</p><p>Meeting</p><p>Battery packs</p>"
        f"<p>Meeting Time</p><p>Monday, 7 December 2026 09:30-10:00</p><p>{label}</p><p>{'; '.join(to)}</p>"
        "<p>All times listed are in the following time zone: (UTC+08:00) Beijing</p>"
        "<p>Sent by Microsoft Exchange Server 2019</p>"
    )
    head = f"From: Microsoft Outlook <{sender}>\nSubject: {subject}\nAuto-Submitted: auto-generated\n"
    mail = f"{head}MIME-Version: 1.0\nContent-Type: text/html; charset=UTF-8\n\n{body}\n"
    return mail.replace("\n", "\r\n").encode()


FORWARDS: dict[str, tuple[dict[str, str], str]] = {
    "of Exchange": ({}, "ana.kiss@else.example"),
    "of Exchange in German": (
        {
            "subject": "Benachrichtigung: Battery packs",
            "label": "Empfänger",
            "said": "Peter Nagy hat Ihre Besprechungsanfrage an weitere Personen weitergeleitet.",
        },
        "ana.kiss@else.example",
    ),
    "of Exchange in Chinese": (
        {"subject": "发送时间", "label": "收件人", "said": "Peter Nagy 已将您的会议请求转发给其他收件人。"},
        "ana.kiss@else.example",
    ),
    "of Outlook": ({"sender": "peter.nagy@firm.example"}, "ana.kiss@else.example"),
}


@pytest.mark.parametrize("case", FORWARDS)
@pytest.mark.parametrize("box", ["meetings", "bounces"])
def test_a_forwarding_notice_is_shown_as_one_and_reports_nothing(
    published: Published, case: str, box: str
) -> None:
    values, to = FORWARDS[case]
    mail = published.receive(forwarding_notice(to, **values), published.mail_to(0), box=box)
    assert (mail.kind, mail.outcome) == (MailKind.FORWARDED, IGNORED)
    assert mail.reason == f"Notice: the invitation was forwarded to {to}."


def test_a_forwarding_notice_may_name_people_without_their_addresses(published: Published) -> None:
    mail = published.receive(forwarding_notice("Ana Kiss", "王芳"), published.mail_to(0))
    assert mail.reason == "Notice: the invitation was forwarded to Ana Kiss, 王芳."


def test_a_report_of_exchange_is_a_report(published: Published) -> None:
    raw = replies.bounce(published.mail_to(0)).replace(
        f"From: <{published.mail_to(0).to_address}>".encode(),
        b"From: Microsoft Outlook <MicrosoftExchange329e71ec88ae4615bbc36ab6ce41109e@firm.example>",
    )
    mail = published.receive(raw, published.mail_to(0), box="bounces")
    assert (mail.kind, mail.outcome) == (MailKind.BOUNCE, APPLIED)
