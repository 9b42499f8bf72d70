"""Delivery through a real SMTP server, whose replies determine each email's state."""

from __future__ import annotations

import email
import socket
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from email.utils import format_datetime

import pytest
from aiosmtpd.smtp import SMTP, Envelope
from aiosmtpd.smtp import Session as SmtpSession
from icalendar import Calendar
from sqlalchemy import select, update

from scheduler.config import Settings
from scheduler.domain.entities import OutboxState, VersionState
from scheduler.domain.plan import Meeting
from scheduler.services.delivery import delivery, rendering
from scheduler.services.identity import sign_in
from scheduler.services.outbox import outbox
from scheduler.storage.database import Database
from scheduler.storage.models import OutboxEmail
from tests.integration.delivery.test_outbox import publish_some
from tests.support.dns_server import serving_dns
from tests.support.factories import (
    NOW,
    SECRET_KEY,
    Expo,
    make_account,
    make_event,
    make_request,
    make_version,
    meet,
)
from tests.support.publishing import SETTINGS, publish_version
from tests.support.signing import ed25519_pem, rsa_pem, verified, zone
from tests.unit.invites.test_transport import Catcher, serving

pytestmark = pytest.mark.smtp

QUEUED, SENDING, SENT, FAILED = OutboxState.QUEUED, OutboxState.SENDING, OutboxState.SENT, OutboxState.FAILED


@dataclass
class Sender:
    """Sends due emails at minutes after the publication that the test chooses."""

    database: Database
    settings: Settings
    asked: int = 0

    def deliver(self, minutes: float = 0, *, stop_after: int | None = None) -> int:
        """Return the number sent; `stop_after` stops the sender after that many.

        A sender that waits for the rate is stopped, as the clock stands still: it would wait for a minute.
        """
        before, waits = self.count(SENT), list[float]()

        def should_stop() -> bool:
            return bool(waits) or (stop_after is not None and self.count(SENT) - before >= stop_after)

        return delivery.deliver_emails(
            self.database,
            self.settings,
            worker="w",
            now=lambda: NOW + timedelta(minutes=minutes),
            should_stop=should_stop,
            sleep=waits.append,
        )

    def rows(self) -> list[OutboxEmail]:
        with self.database.read() as session:
            return list(session.scalars(select(OutboxEmail).order_by(OutboxEmail.id)))

    def states(self) -> Counter[OutboxState]:
        return Counter(row.state for row in self.rows())

    def count(self, state: OutboxState) -> int:
        return self.states()[state]


@dataclass
class Dropping(Catcher):
    """Closes the connection once instead of replying to one email."""

    at_mail: int = 0
    seen: list[bytes] = field(default_factory=list)

    async def handle_DATA(self, server: SMTP, session: SmtpSession, envelope: Envelope) -> str:  # noqa: N802
        assert isinstance(envelope.content, bytes)
        self.seen.append(envelope.content)
        if len(self.seen) == self.at_mail:
            server.transport.abort()
            return "421 Gone"
        return await super().handle_DATA(server, session, envelope)


def to(catcher: Catcher) -> Settings:
    return replace(SETTINGS, smtp_port=catcher.port, smtp_security="none")


def publish(database: Database, meetings: int = 3) -> list[str]:
    """Queue two emails for each of some meetings. Return their addresses in sending order."""
    with database.write() as session:
        publish_some(session, meetings, mail_per_minute=60_000)
        return list(session.scalars(select(OutboxEmail.to_address).order_by(OutboxEmail.id)))


def only_once(addresses: list[str]) -> str:
    """Return an address with exactly one email."""
    return next(address for address, count in Counter(addresses).items() if count == 1)


def addresses(catcher: Catcher) -> list[str]:
    return [recipient for _, recipients, _ in catcher.taken for recipient in recipients]


def test_emails_are_signed_as_they_leave_and_not_as_they_are_stored(database: Database) -> None:
    publish(database)
    with serving(Catcher()) as catcher:
        settings = replace(to(catcher), dkim_keys=rsa_pem() + ed25519_pem(), dkim_selectors="s1 s2")
        before = [rendering.render_email(settings, row, {}).data for row in Sender(database, settings).rows()]
        assert Sender(database, settings).deliver() == 6
    after = [rendering.render_email(settings, row, {}).data for row in Sender(database, settings).rows()]
    assert before == after and not any(b"DKIM-Signature" in data for data in after)
    with serving_dns(zone(settings.dkim)) as resolver:
        for *_, content in catcher.taken:
            assert verified(content, resolver) == [True, True]
            assert facts(content) == ("REQUEST", 0)


def test_every_mail_arrives_once_over_one_connection(database: Database) -> None:
    expected = publish(database)
    with serving(Catcher()) as catcher:
        sender = Sender(database, to(catcher))
        assert sender.deliver() == 6
        assert sender.deliver(1) == 0
    assert addresses(catcher) == expected
    assert len(catcher.connections) == 1
    assert sender.states() == {SENT: 6}
    assert {row.sent_at for row in sender.rows()} == {NOW}


def test_a_sign_in_link_goes_out_before_invitations_that_wait_longer(database: Database) -> None:
    publish(database)
    with database.write() as session:
        account = make_account(session)
        link = sign_in.queue_sign_in_email(
            session, account.email, secret_key=SECRET_KEY, mail_domain="expo.example", now=NOW
        )
        assert link is not None
    with serving(Catcher()) as catcher:
        assert Sender(database, to(catcher)).deliver() == 7
    assert addresses(catcher)[0] == account.email
    text = email.message_from_bytes(catcher.taken[0][2]).get_payload(0)
    assert f"{SETTINGS.base_url}/sign-in/" in text.get_payload(decode=True).decode()


def test_a_mail_refused_for_now_is_sent_later_and_the_others_at_once(database: Database) -> None:
    expected = publish(database)
    slow = only_once(expected)
    with serving(Catcher(replies={slow: "451 4.7.1 Greylisted"})) as catcher:
        sender = Sender(database, to(catcher))
        assert sender.deliver() == 5
        assert sender.states() == {SENT: 5, QUEUED: 1}
        (waiting,) = [row for row in sender.rows() if row.state is QUEUED]
        assert (waiting.to_address, waiting.next_attempt_at) == (slow, NOW + timedelta(minutes=1))
        assert "4.7.1 Greylisted" in (waiting.error or "")
        catcher.replies.clear()
        assert sender.deliver(0.9) == 0
        assert sender.deliver(1) == 1
    assert sorted(addresses(catcher)) == sorted(expected)
    assert sender.states() == {SENT: 6}
    assert [row.error for row in sender.rows()] == [None] * 6


def test_a_mail_to_no_such_user_is_tried_once_more_and_then_has_failed(database: Database) -> None:
    expected = publish(database)
    gone = only_once(expected)
    with serving(Catcher(replies={gone: "550 5.1.1 No such user"})) as catcher:
        sender = Sender(database, to(catcher))
        assert sender.deliver() == 5
        assert sender.states() == {SENT: 5, QUEUED: 1}
        assert sender.deliver(30) == 0
        catcher.replies.clear()
        assert sender.deliver(60 * 24) == 0
    assert gone not in addresses(catcher)
    (failed,) = [row for row in sender.rows() if row.state is FAILED]
    assert (failed.to_address, failed.attempts) == (gone, 2)
    assert "550 5.1.1 No such user" in (failed.error or "")


def test_a_connection_that_drops_loses_nothing_and_sends_only_the_mail_in_flight_twice(
    database: Database,
) -> None:
    expected = publish(database)
    with serving(Dropping(at_mail=3)) as catcher:
        sender = Sender(database, to(catcher))
        assert sender.deliver() == 2
        assert sender.states() == {SENT: 2, QUEUED: 4}
        assert sender.deliver(0.5) == 3
        assert sender.deliver(1) == 1
    assert sorted(addresses(catcher)) == sorted(expected)
    dates, mails = zip(*(octets.split(b"\r\n", 1) for octets in catcher.seen), strict=True)
    again = Counter(mails)  # the same Message-ID, and the same bytes except the sending time
    assert (len(again), sorted(again.values())) == (6, [1, 1, 1, 1, 1, 2])
    assert again[mails[2]] == 2
    assert dates[-1] == f"Date: {format_datetime(NOW + timedelta(minutes=1))}".encode()
    assert {dates[0], dates[2]} == {f"Date: {format_datetime(NOW)}".encode()}


def test_m12_a_mail_that_waited_is_dated_when_it_is_sent(database: Database) -> None:
    """Spam filters penalise an old Date of an email that a pause or server delayed overnight."""
    publish(database)
    with serving(Catcher()) as catcher:
        assert Sender(database, to(catcher)).deliver(9 * 60) == 6
    for _, _, octets in catcher.taken:
        assert email.message_from_bytes(octets)["Date"] == format_datetime(NOW + timedelta(hours=9))


def test_a_server_that_is_down_postpones_every_mail_and_uses_up_no_attempt(database: Database) -> None:
    expected = publish(database)
    with socket.socket() as taken:  # bound but not listening: no answer, and the port stays reserved
        taken.bind(("127.0.0.1", 0))
        sender = Sender(database, replace(SETTINGS, smtp_port=taken.getsockname()[1], smtp_security="none"))
        assert sender.deliver() == 0
    assert sender.states() == {QUEUED: 6}
    assert {(row.attempts, row.next_attempt_at) for row in sender.rows()} == {
        (0, NOW + delivery.RECONNECT_AFTER)
    }
    assert all("refused" in (row.error or "") for row in sender.rows())
    with serving(Catcher()) as catcher:
        sender.settings = to(catcher)
        assert sender.deliver(0.4) == 0
        assert sender.deliver(0.5) == 6
    assert addresses(catcher) == expected


def test_a_sender_that_is_asked_to_stop_gives_the_rest_back_for_the_next_one(database: Database) -> None:
    expected = publish(database)
    with serving(Catcher()) as catcher:
        sender = Sender(database, to(catcher))
        assert sender.deliver(stop_after=2) == 2
        assert sender.states() == {SENT: 2, QUEUED: 4}
        assert max(row.next_attempt_at for row in sender.rows()) == NOW
        assert sender.deliver() == 4
    assert addresses(catcher) == expected


def test_being_given_back_many_times_counts_as_one_attempt_at_most(database: Database) -> None:
    publish(database)
    with serving(Catcher()) as catcher:
        sender = Sender(database, to(catcher))
        for _ in range(4):  # each time a different worker is shut down in mid-batch
            assert sender.deliver(stop_after=1) == 1
        last = sender.rows()[-1].to_address
        catcher.replies[last] = "451 4.7.1 Greylisted"
        sender.deliver()
    waiting = sender.rows()[-1]
    assert (waiting.state, waiting.attempts, waiting.next_attempt_at) == (
        QUEUED,
        2,
        NOW + timedelta(minutes=5),
    )


def test_a_mail_that_cannot_be_made_does_not_keep_the_others_back(database: Database) -> None:
    expected = publish(database)
    with database.write() as session:
        first = session.scalars(select(OutboxEmail).order_by(OutboxEmail.id)).first()
        assert first is not None
        payload = {key: value for key, value in first.payload.items() if key != "kind"}
        session.execute(update(OutboxEmail).where(OutboxEmail.id == first.id).values(payload=payload))
    with serving(Catcher()) as catcher:
        sender = Sender(database, to(catcher))
        assert sender.deliver() == 5
    assert addresses(catcher) == expected[1:]
    broken = sender.rows()[0]
    assert (broken.state, broken.next_attempt_at) == (QUEUED, NOW + timedelta(minutes=1))
    assert "KeyError" in (broken.error or "")


PAIRS, HELD = 20, 10
"""Pairs of firms that meet simultaneously, and slots with a new partner each."""


def fair(database: Database, settings: Settings) -> tuple[Expo, list[Meeting]]:
    """An event of 40 firms with 200 published meetings, and two free slots at its end."""
    with database.write() as session:
        expo = make_event(session, firms=2 * PAIRS, slots="12", tables=PAIRS, mail_per_minute=60_000)
        meetings = []
        for slot in range(HELD):
            for i in range(PAIRS):
                partner = PAIRS + (i + slot) % PAIRS
                people = [expo.people[i][0], expo.people[partner][0]]
                request = make_request(session, expo, i, partner)
                meetings.append(meet(request, expo, slot=slot, place=expo.tables[i], people=people))
    publish_plan(database, expo, meetings, None, settings, NOW)
    return expo, meetings


def publish_plan(
    database: Database,
    expo: Expo,
    meetings: list[Meeting],
    compared_with: int | None,
    settings: Settings,
    now: datetime,
) -> None:
    with database.write() as session:
        draft = make_version(session, expo, meetings, state=VersionState.DRAFT, now=now)
        publish_version(
            session,
            event_id=expo.event.id,
            number=draft.number,
            compared_with=compared_with,
            by=None,
            settings=settings,
            now=now,
        )


def facts(content: bytes) -> tuple[str, int]:
    """Return METHOD and SEQUENCE of an email's calendar part."""
    message = email.message_from_bytes(content)
    part = next(part for part in message.walk() if part.get_content_type() == "text/calendar")
    calendar = Calendar.from_ical(part.get_payload(decode=True))
    (event,) = calendar.walk("VEVENT")
    return str(calendar["METHOD"]), int(event["SEQUENCE"])


@pytest.mark.slow
def test_a_change_to_three_meetings_of_two_hundred_sends_exactly_six_mails(database: Database) -> None:
    with serving(Catcher()) as catcher:
        sender = Sender(database, to(catcher))
        expo, meetings = fair(database, sender.settings)
        assert (len(meetings), sender.deliver(), len(catcher.taken)) == (200, 400, 400)
        catcher.taken.clear()
        moved = [replace(meeting, slot=expo.slots[HELD + 1].key) for meeting in meetings[:3]]
        later = NOW + timedelta(hours=1)
        publish_plan(database, expo, [*moved, *meetings[3:]], 1, sender.settings, later)
        assert sender.deliver(60) == 6
        publish_plan(database, expo, [*moved, *meetings[3:]], 2, sender.settings, later + timedelta(hours=1))
        assert sender.deliver(120) == 0
    keys = {key for meeting in moved for key in meeting.attendees}
    told = {person.email for people in expo.people for person in people if person.key in keys}
    assert Counter(addresses(catcher)) == dict.fromkeys(told, 1)
    assert [facts(content) for _, _, content in catcher.taken] == [("REQUEST", 1)] * 6
    with database.read() as session:
        assert outbox.count_mails(session, expo.event.id) == outbox.OutboxCounts(0, 0, 406, 0)
