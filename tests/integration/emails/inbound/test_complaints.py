"""Spam complaints (ARF, RFC 5965) end digests and summaries."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from scheduler.domain.entities import MailKind, MailOutcome
from scheduler.services.delivery import rendering
from scheduler.services.emails.inbound import inbox, inbox_actions
from scheduler.storage.models import Attendee, DigestPreference, InboundEmail
from tests.support.published import LATER, Published
from tests.support.publishing import SETTINGS

APPLIED, IGNORED, WAITING = MailOutcome.APPLIED, MailOutcome.IGNORED, MailOutcome.WAITING


def complaint(
    published: Published,
    *,
    feedback: str = "abuse",
    head: str = "",
    recipient: str | None = None,
    message_id: str | None = None,
    envelope: str = "",
    part: str = "message/rfc822",
) -> bytes:
    """Return a provider's report about the email to firm 0."""
    row = published.mail_to(0)
    to = row.to_address if recipient is None else recipient
    about = row.message_id if message_id is None else message_id
    fields = f"Feedback-Type: {feedback}\nUser-Agent: SomeGenerator/1.0\nVersion: 1\n"
    fields += f"Original-Rcpt-To: {to}\n" if to else ""
    fields += f"Original-Mail-From: <{envelope}>\n" if envelope else ""
    text = (
        f"From: <feedback@provider.example>\nTo: <complaints@expo.example>\nSubject: FW: Invitation\n{head}"
        'MIME-Version: 1.0\nContent-Type: multipart/report; report-type=feedback-report; boundary="b"\n\n'
        "--b\nContent-Type: text/plain\n\nThis is an email abuse report.\n"
        f"--b\nContent-Type: message/feedback-report\n\n{fields}\n"
        f"--b\nContent-Type: {part}\n\nFrom: <meetings@expo.example>\nMessage-ID: {about}\n"
        "Subject: Invitation\n\nSee you.\n--b--\n"
    )
    return text.replace("\n", "\r\n").encode()


def receive(published: Published, raw: bytes, to: str = "complaints@expo.example") -> InboundEmail:
    assert inbox.receive_email(published.database, SETTINGS, to, raw, now=LATER)
    with published.database.read() as session:
        return session.scalars(select(InboundEmail).order_by(InboundEmail.id.desc()).limit(1)).one()


def stopped(published: Published) -> set[str]:
    """Return the people who get neither digests nor summaries any more."""
    with published.database.read() as session:
        rows = session.execute(
            select(Attendee.email, Attendee.summaries_stopped_at, DigestPreference.stopped_at).outerjoin(
                DigestPreference
            )
        )
        found = {email: (summaries is not None, digests is not None) for email, summaries, digests in rows}
    assert not {(True, False), (False, True)} & set(found.values())
    return {email for email, (is_off, _) in found.items() if is_off}


AUTOMATIC = "Auto-Submitted: auto-generated\n"


@pytest.mark.parametrize("head", ["", AUTOMATIC], ids=["plain", "Auto-Submitted"])
@pytest.mark.parametrize("part", ["message/rfc822", "text/rfc822-headers"])
def test_a_complaint_that_returns_the_mail_stops_digests_and_summaries(
    published: Published, head: str, part: str
) -> None:
    mail = receive(published, complaint(published, head=head, part=part, recipient=""))
    assert (mail.kind, mail.outcome) == (MailKind.COMPLAINT, APPLIED)
    assert stopped(published) == {published.person(0).email}
    assert published.known(0) is None


@pytest.mark.parametrize("head", ["", AUTOMATIC], ids=["plain", "Auto-Submitted"])
@pytest.mark.parametrize("box", ["meetings", "bounces"])
def test_a_complaint_to_an_address_with_a_token_does_too(published: Published, head: str, box: str) -> None:
    raw = complaint(published, head=head, recipient="", message_id="<rewritten@relay.example>")
    mail = published.receive(raw, published.mail_to(0), box=box)
    assert (mail.kind, mail.outcome) == (MailKind.COMPLAINT, APPLIED)
    assert stopped(published) == {published.person(0).email}


def test_the_envelope_in_a_complaint_tells_the_mail(published: Published) -> None:
    envelope = rendering.render_invitation_email(SETTINGS, published.mail_to(0)).from_addr
    raw = complaint(published, recipient="", message_id="<rewritten@relay.example>", envelope=envelope)
    assert receive(published, raw).outcome is APPLIED
    assert stopped(published) == {published.person(0).email}


def test_a_complaint_that_names_nothing_of_ours_stops_nothing_and_waits(published: Published) -> None:
    raw = complaint(published, message_id="<other@else.example>", envelope="bounces+guessed@expo.example")
    mail = receive(published, raw)
    assert (mail.kind, mail.outcome) == (MailKind.COMPLAINT, WAITING)
    assert stopped(published) == set()


@pytest.mark.parametrize("feedback", ["not-spam", "auth-failure"])
def test_a_report_that_is_no_complaint_stops_nothing(published: Published, feedback: str) -> None:
    assert receive(published, complaint(published, feedback=feedback)).outcome is IGNORED
    assert stopped(published) == set()


def test_a_mail_that_only_encloses_a_complaint_is_none(published: Published) -> None:
    inner = complaint(published).decode()
    raw = (
        "From: <boss@else.example>\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/mixed; boundary="outer"\r\n\r\n--outer\r\nContent-Type: text/plain\r\n\r\n'
        f"See below.\r\n--outer\r\nContent-Type: message/rfc822\r\n\r\n{inner}\r\n--outer--\r\n"
    ).encode()
    assert published.receive(raw, published.mail_to(0)).kind is not MailKind.COMPLAINT
    assert stopped(published) == set()


def test_complaints_are_counted_by_the_domain_of_the_recipient(published: Published) -> None:
    receive(published, complaint(published))
    receive(published, complaint(published, head="X-Second: yes\n"))
    receive(published, complaint(published, message_id="<other@else.example>"))
    domain = published.person(0).email.partition("@")[2]
    with published.database.read() as session:
        assert inbox_actions.count_complaints(session, published.expo.organiser_actor()) == {domain: 2}


def test_invitations_go_on_after_a_complaint(published: Published) -> None:
    receive(published, complaint(published))
    assert published.person(0).email in published.publish_again(slot=2)


def test_who_complained_under_an_address_that_is_another_ones_now_stops_nothing(published: Published) -> None:
    with published.database.write() as session:
        session.get_one(Attendee, published.person(0).id).email = "new@else.example"
    assert receive(published, complaint(published)).outcome is APPLIED
    assert stopped(published) == set()
