"""Replies and reports to each kind of email reach a person, by LMTP and IMAP."""

from __future__ import annotations

import email
import email.policy
from datetime import datetime, timedelta
from email.message import EmailMessage
from typing import Any

import pytest
from sqlalchemy import select

from scheduler.domain.entities import (
    AlertKind,
    MailBox,
    MailKind,
    MailOutcome,
    OutboxKind,
    OutboxState,
    Partstat,
)
from scheduler.domain.entities import RequestState as State
from scheduler.domain.errors import NotAllowed, NotFound, WrongState
from scheduler.invites.mail.mime import RenderedMail
from scheduler.services.delivery import claims, rendering
from scheduler.services.emails.inbound import (
    inbound_addresses,
    inbox,
    inbox_actions,
    intake,
    unassigned_emails,
)
from scheduler.services.emails.inbound import mailbox as fetching
from scheduler.services.identity import sign_in
from scheduler.services.identity.sessions import SignedIn
from scheduler.services.operations import alerts
from scheduler.services.outbox import letters
from scheduler.services.outbox.letters import NewLetter
from scheduler.services.publishing import sample_emails
from scheduler.services.requests.digests import digest_sending
from scheduler.storage.database import Database
from scheduler.storage.models import (
    Account,
    Attendee,
    Event,
    InboundEmail,
    Interpreter,
    MeetingRequest,
    OutboxEmail,
    SignInLink,
)
from tests.integration.emails.inbound.test_receiving import lmtp, mailbox
from tests.support.factories import (
    NOW,
    SECRET_KEY,
    make_account,
    make_event,
    make_interpreter,
    make_request,
    meet,
)
from tests.support.publishing import SETTINGS, draft, publish
from tests.support.row_copies import made_once

LATER = NOW + timedelta(minutes=5)
INTERPRETER = "lin.yue@interpreters.example"
OPERATOR = "operator@site.example"
BARE = ("requests", "no-reply", "desk", "alerts", "sign-in", "meetings", "bounces")


class Everything:
    """An event that has sent an email of each kind."""

    def __init__(self, database: Database) -> None:
        self.database = database
        with database.write() as session:
            self.expo = make_event(
                session,
                firms=3,
                slots="4",
                mail_per_minute=60_000,
                digest_mails=True,
                summary_mails=True,
                digests_since=NOW - timedelta(days=1),
            )
            self.interpreter = make_interpreter(session, self.expo, email=INTERPRETER)
            self.operator = make_account(session, OPERATOR, is_operator=True)
            request = make_request(session, self.expo, 0, 1)
            self.asked = make_request(
                session, self.expo, 2, 1, state=State.PENDING, priority=3, expires_at=None
            )
            other = make_request(session, self.expo, 0, 2)
            meetings = [
                meet(request, self.expo, interpreter=self.interpreter),
                meet(other, self.expo, slot=1),
            ]
            publish(session, self.expo, draft(session, self.expo, meetings), None)
            self.exhibitor = self.expo.people[1][0]
            digest_sending.queue_due_digests(session, SETTINGS, now=NOW + timedelta(days=2))
            sign_in.queue_sign_in_email(
                session, self.exhibitor.email, secret_key=SECRET_KEY, mail_domain="expo.example", now=NOW
            )
            alerts.raise_alert(
                session, AlertKind.MAILBOX, event_id=None, about="", reason="It is away.", path="/", now=NOW
            )
            letters.queue_letters(
                session,
                [
                    NewLetter(
                        letter="operator", to_address=OPERATOR, language="en", values={"by": "x"}, path="/"
                    )
                ],
                now=NOW,
            )
            sample_emails.queue_test_email(
                session, self.expo.organiser_actor(), "en", "new", {}, settings=SETTINGS, now=NOW
            )
        self.rows = self.send(NOW + timedelta(days=2))

    def send(self, now: datetime) -> dict[OutboxKind, OutboxEmail]:
        """Send queued emails, one of each kind."""
        with self.database.write() as session:
            rows = claims.claim_emails(session, worker="w", limit=500, secret_key=SECRET_KEY, now=now)
            for row in rows:
                claims.mark_sent(session, row.id, worker="w", now=now)
        to_exhibitor = [row for row in rows if row.to_address == self.exhibitor.email]
        return {row.kind: row for row in [*rows, *to_exhibitor]}

    def rendered(self, kind: OutboxKind) -> RenderedMail:
        with self.database.read() as session:
            links = {link.id: link for link in session.scalars(select(SignInLink))}
            return rendering.render_email(SETTINGS, self.rows[kind], links)

    def reply(
        self, kind: OutboxKind, text: str = "Yes, we accept.", *, to: str = "", **headers: str
    ) -> bytes:
        """Return a person's reply to an email of this kind."""
        made = parsed(self.rendered(kind))
        mail = EmailMessage()
        mail["From"] = made["To"]
        mail["To"] = to or made["Reply-To"] or made["From"]
        mail["Subject"] = f"Re: {made['Subject']}"
        mail["In-Reply-To"] = mail["References"] = made["Message-ID"]
        for name, value in headers.items():
            mail[name.replace("_", "-")] = value
        mail.set_content(text)
        return mail.as_bytes(policy=email.policy.SMTP)

    def kept(self) -> list[InboundEmail]:
        with self.database.read() as session:
            return list(session.scalars(select(InboundEmail).order_by(InboundEmail.id)))


def parsed(mail: RenderedMail) -> EmailMessage:
    return email.message_from_bytes(mail.data, policy=email.policy.default)  # type: ignore[return-value]


def bare_of(address: str) -> str:
    return str(email.policy.default.header_factory("To", address).addresses[0].addr_spec)  # type: ignore[attr-defined]


@pytest.fixture
def sent(database: Database) -> Everything:
    return made_once("an email of each kind", database, lambda: Everything(database))


SENT = [kind for kind in OutboxKind if kind is not OutboxKind.RESEND]
"""A RESEND renders as an invitation."""


def test_each_kind_of_mail_is_sent(sent: Everything) -> None:
    assert set(sent.rows) == set(SENT)


def test_the_envelope_of_every_mail_has_a_token_that_names_it(sent: Everything) -> None:
    found = {}
    with sent.database.read() as session:
        for kind in SENT:
            known = inbound_addresses.parse_address(session, sent.rendered(kind).from_addr, SETTINGS)
            found[kind] = known and known.about and (known.box, known.about.id)
    assert found == {kind: (MailBox.REPORTS, sent.rows[kind].id) for kind in SENT}


def test_the_token_for_replies_is_not_the_one_for_reports(sent: Everything) -> None:
    for kind in SENT:
        mail = sent.rendered(kind)
        token = mail.from_addr.partition("+")[2].partition("@")[0]
        assert token.encode() not in mail.data


def test_a_reply_to_any_mail_waits_in_the_inbox_of_its_event_by_lmtp(sent: Everything) -> None:
    with lmtp(sent.database) as client:
        for kind in SENT:
            raw = sent.reply(kind, f"About the {kind}.")
            client.sendmail("", [bare_of(str(email.message_from_bytes(raw)["To"]))], raw)
    kept = {mail.text.strip(): mail for mail in sent.kept()}
    assert set(kept) == {f"About the {kind}." for kind in SENT}
    for kind in SENT:
        mail = kept[f"About the {kind}."]
        of_event = kind not in (OutboxKind.SIGN_IN, OutboxKind.ALERT, OutboxKind.DESK)
        expected = sent.expo.event.id if of_event else None
        assert (mail.kind, mail.outcome, mail.event_id) == (MailKind.TEXT, MailOutcome.WAITING, expected)


@pytest.mark.parametrize("local", BARE)
def test_a_reply_to_the_bare_address_is_known_by_what_it_answers(sent: Everything, local: str) -> None:
    raw = sent.reply(OutboxKind.DIGEST, to=f"{local}@expo.example")
    with mailbox([raw]) as server:
        assert fetching.fetch_mailbox(sent.database, server.settings(), now=lambda: LATER) == 1
    (mail,) = sent.kept()
    assert (mail.event_id, mail.outbox_email_id) == (sent.expo.event.id, sent.rows[OutboxKind.DIGEST].id)
    assert (mail.outcome, mail.attendee_id) == (MailOutcome.WAITING, sent.exhibitor.id)


def test_the_organiser_sees_the_requests_that_a_reply_to_a_digest_is_about(sent: Everything) -> None:
    raw = sent.reply(OutboxKind.DIGEST)
    assert inbox.receive_email(sent.database, SETTINGS, bare_of(_to(raw)), raw, now=LATER)
    with sent.database.read() as session:
        actor = sent.expo.organiser_actor()
        (mail,) = inbox_actions.list_emails(session, actor).items
        assert mail.about is not None and mail.about.kind is OutboxKind.DIGEST
        assert [(each.key, each.state) for each in mail.about.requests] == [(sent.asked.key, State.PENDING)]
        assert "Yes, we accept." in mail.text and not mail.is_answerable
    with sent.database.write() as session, pytest.raises(WrongState):
        inbox_actions.apply_as_reply(session, actor, mail.id, Partstat.ACCEPTED, now=LATER)
    with sent.database.read() as session:
        assert session.get_one(MeetingRequest, sent.asked.id).state is State.PENDING


def _to(raw: bytes) -> str:
    return str(email.message_from_bytes(raw)["To"])


def test_a_mail_to_a_bare_address_without_a_reference_is_known_by_its_sender(sent: Everything) -> None:
    raw = f"From: {sent.exhibitor.email}\r\nTo: requests@expo.example\r\n\r\nYes, all of them.\r\n".encode()
    assert inbox.receive_email(sent.database, SETTINGS, "requests@expo.example", raw, now=LATER)
    (mail,) = sent.kept()
    assert (mail.event_id, mail.outcome) == (sent.expo.event.id, MailOutcome.WAITING)


def test_a_reply_all_that_names_both_addresses_is_kept_once(sent: Everything) -> None:
    raw = sent.reply(OutboxKind.DIGEST, Cc="requests@expo.example")
    with mailbox([raw]) as server:
        fetching.fetch_mailbox(sent.database, server.settings(), now=lambda: LATER)
    assert [mail.box for mail in sent.kept()] == [MailBox.ANSWERS]


def test_an_answer_of_a_calendar_to_a_bare_address_waits_and_can_be_taken(sent: Everything) -> None:
    row = sent.rows[OutboxKind.INVITATION]
    body = (
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nMETHOD:REPLY\r\nBEGIN:VEVENT\r\n"
        f"UID:{row.uid}\r\nSEQUENCE:0\r\nDTSTAMP:20261124T080100Z\r\n"
        f"ATTENDEE;PARTSTAT=DECLINED:mailto:{row.to_address}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
    )
    raw = (
        f"From: {row.to_address}\r\nTo: meetings@expo.example\r\n"
        f"Content-Type: text/calendar; method=REPLY; charset=UTF-8\r\n\r\n{body}"
    ).encode()
    assert inbox.receive_email(sent.database, SETTINGS, "meetings@expo.example", raw, now=LATER)
    (mail,) = sent.kept()
    assert (mail.outcome, mail.uid, "anyone can know" in mail.reason) == (MailOutcome.WAITING, row.uid, True)
    with sent.database.write() as session:
        done = inbox_actions.apply_as_reply(
            session, sent.expo.organiser_actor(), mail.id, Partstat.DECLINED, now=LATER
        )
        assert done.outcome is MailOutcome.APPLIED


def operator(sent: Everything, **changes: Any) -> SignedIn:
    values: dict[str, Any] = {"is_operator": True} | changes
    return SignedIn(
        0, sent.operator.id, OPERATOR, "", created_at=NOW, last_seen_at=NOW, found_at=NOW, **values
    )


def stranger(sent: Everything, local: str = "no-reply") -> InboundEmail:
    raw = f"From: who@else.example\r\nTo: {local}@expo.example\r\n\r\nWho are you? {local}\r\n".encode()
    with mailbox([raw]) as server:
        fetching.fetch_mailbox(sent.database, server.settings(), now=lambda: LATER)
    return sent.kept()[-1]


def open_alerts(sent: Everything) -> set[AlertKind]:
    with sent.database.read() as session:
        return {alert.kind for alert in alerts.list_open_alerts(session, None)}


@pytest.mark.parametrize("local", ["no-reply", "info", "postmaster"])
def test_a_mail_that_nobody_can_place_waits_for_an_operator_who_is_told(sent: Everything, local: str) -> None:
    mail = stranger(sent, local)
    assert (mail.event_id, mail.outcome) == (None, MailOutcome.WAITING)
    assert AlertKind.MAIL_UNPLACED in open_alerts(sent)
    with sent.database.read() as session:
        assert [each.id for each in unassigned_emails.list_unassigned(session, operator(sent)).items] == [
            mail.id
        ]
        with pytest.raises(NotAllowed):
            unassigned_emails.list_unassigned(session, operator(sent, is_operator=False))
        with pytest.raises(NotFound):
            inbox_actions.get_email(session, sent.expo.organiser_actor(), mail.id)


def test_an_operator_gives_a_mail_to_an_event_or_sets_it_aside(sent: Everything) -> None:
    first, second = stranger(sent), stranger(sent, "desk")
    with sent.database.write() as session:
        assert unassigned_emails.assign_to_event(
            session, operator(sent), first.id, sent.expo.event.key, now=LATER
        )
    with sent.database.write() as session, pytest.raises(NotFound):
        unassigned_emails.ignore_email(session, operator(sent), first.id, now=LATER)
    assert AlertKind.MAIL_UNPLACED in open_alerts(sent)
    with sent.database.write() as session:
        unassigned_emails.ignore_email(session, operator(sent), second.id, now=LATER)
    assert AlertKind.MAIL_UNPLACED not in open_alerts(sent)
    with sent.database.read() as session:
        mail = inbox_actions.get_email(session, sent.expo.organiser_actor(), first.id)
        assert (mail.outcome, mail.attendee, mail.about) == (MailOutcome.WAITING, None, None)


def test_a_bare_address_takes_more_mails_a_day_than_that_of_one_invitation_and_not_without_end(
    sent: Everything, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intake, "MAX_A_DAY_BARE", 25)
    with pytest.raises(intake.InboxFull):
        for number in range(26):
            raw = f"From: a@b.example\r\n\r\n{number}\r\n".encode()
            inbox.receive_email(sent.database, SETTINGS, "desk@expo.example", raw, now=LATER)
    assert len(sent.kept()) == 25


def report(row: OutboxEmail, number: int, action: str = "failed") -> bytes:
    """Return a report without the original email, hence without its Message-ID."""
    return (
        "From: MAILER-DAEMON@relay.example\r\nSubject: Undelivered\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n'
        f"--b\r\nContent-Type: text/plain\r\n\r\nReport {number}.\r\n--b\r\n"
        "Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; relay.example\r\n\r\n"
        f"Final-Recipient: rfc822; {row.to_address}\r\nAction: {action}\r\nStatus: 5.1.1\r\n"
        "Diagnostic-Code: smtp; 550 no such user\r\n--b--\r\n"
    ).encode()


@pytest.mark.parametrize("kind", [OutboxKind.DIGEST, OutboxKind.BRIEFING, OutboxKind.SIGN_IN])
def test_two_reports_mark_the_address_whatever_mail_they_are_about(
    sent: Everything, kind: OutboxKind
) -> None:
    row, to = sent.rows[kind], sent.rendered(kind).from_addr
    for number, minutes in enumerate((5, 60)):
        with sent.database.write() as session:
            session.get_one(OutboxEmail, row.id).state = OutboxState.SENT
        now = NOW + timedelta(days=2, minutes=minutes)
        assert inbox.receive_email(sent.database, SETTINGS, to, report(row, number), now=now)
    with sent.database.read() as session:
        assert set(session.scalars(select(InboundEmail.outcome))) == {MailOutcome.APPLIED}
        marked = [
            each.email
            for table in (Attendee, Interpreter)
            for each in session.scalars(select(table).where(table.bounced_at.is_not(None)))
        ]
    assert marked == [row.to_address]


def test_a_report_about_a_mail_to_an_operator_gives_the_mail_up(sent: Everything) -> None:
    row = sent.rows[OutboxKind.DESK]
    to = sent.rendered(OutboxKind.DESK).from_addr
    assert inbox.receive_email(sent.database, SETTINGS, to, report(row, 1), now=LATER)
    (mail,) = sent.kept()
    assert (mail.outcome, "does not exist" in mail.reason) == (MailOutcome.APPLIED, True)
    with sent.database.read() as session:
        assert session.get_one(OutboxEmail, row.id).state is OutboxState.FAILED


def test_a_token_of_another_installation_or_row_opens_nothing(sent: Everything) -> None:
    address = sent.rendered(OutboxKind.DIGEST).from_addr
    local, _, rest = address.partition("+")
    token = rest.partition("@")[0]
    forged = [f"{local}+{'a' * 7}{letter}{token[8:]}@expo.example" for letter in "abcdefgh"]
    wrong = [f"meetings+{token}@expo.example", address.replace("expo.example", "else.example"), *forged]
    with sent.database.read() as session:
        known = [
            inbound_addresses.parse_address(session, each, SETTINGS) for each in wrong if each != address
        ]
    assert known == [None] * len(known)


def test_a_mail_of_an_archived_or_deleted_thing_still_waits_for_somebody(sent: Everything) -> None:
    with sent.database.write() as session:
        session.get_one(Event, sent.expo.event.id).archived_at = NOW
    raw = sent.reply(OutboxKind.DIGEST)
    assert inbox.receive_email(sent.database, SETTINGS, bare_of(_to(raw)), raw, now=LATER)
    raw = f"From: {sent.exhibitor.email}\r\n\r\nHello\r\n".encode()
    assert inbox.receive_email(sent.database, SETTINGS, "desk@expo.example", raw, now=LATER)
    assert [mail.event_id for mail in sent.kept()] == [sent.expo.event.id, None]
    with sent.database.read() as session:
        assert session.scalars(select(Account.id).where(Account.email == OPERATOR)).one() == sent.operator.id
