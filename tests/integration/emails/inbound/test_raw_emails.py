"""Storing incoming emails before they are parsed: quotas, attempts, retention."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from scheduler.domain.entities import AlertKind, MailKind, MailOutcome, OutboxKind
from scheduler.services.emails.inbound import failed_attempts, flood_alerts, inbox, intake, judgement
from scheduler.services.emails.inbound import mailbox as fetching
from scheduler.services.emails.inbound.intake import InboxFull
from scheduler.services.operations import alerts
from scheduler.services.privacy import pruning
from scheduler.services.privacy.retention import DataKind
from scheduler.storage.database import Database
from scheduler.storage.models import FailedEmailRead, InboundEmail, OutboxEmail
from scheduler.untrusted import parsers
from scheduler.untrusted.pool import ChildKilled, ChildPool, LimitExceeded, PoolExhausted
from tests.integration.emails.inbound.test_receiving import lmtp, mailbox
from tests.support import clocks, replies
from tests.support.conflicts import end_once
from tests.support.factories import NOW
from tests.support.published import LATER, Published
from tests.support.publishing import SETTINGS
from tests.support.threads import PATIENCE, Step

CORPUS = sorted((Path(__file__).parents[3] / "unit" / "invites" / "corpus").glob("*.eml"))


def kept(published: Published) -> InboundEmail:
    """Return the only stored email."""
    with published.database.read() as session:
        return session.scalars(select(InboundEmail)).one()


def texts(published: Published, count: int, size: int = 10) -> Iterator[bytes]:
    for number in range(count):
        yield replies.mail(published.mail_to(0), f"Content-Type: text/plain\n\n{number} {'x' * size}")


def test_an_address_takes_so_many_mails_a_day_and_the_same_one_again_is_no_further_one(
    published: Published, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intake, "MAX_A_DAY", 8)
    *first, last = texts(published, intake.MAX_A_DAY + 1)
    for raw in (*first, *first):
        published.receive(raw, published.mail_to(0))
    with pytest.raises(InboxFull, match="8 emails within a day"):
        published.receive(last, published.mail_to(0))
    assert published.count(InboundEmail) == intake.MAX_A_DAY
    published.receive(replies.bounce(published.mail_to(1)), published.mail_to(1))
    published.receive(last, published.mail_to(0), now=LATER + timedelta(days=1))
    assert published.count(InboundEmail) == intake.MAX_A_DAY + 2


def test_of_many_mails_of_a_day_the_newest_waits_in_place_of_those_before_it(
    published: Published, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intake, "MOST_WAITING", 2)
    for raw in texts(published, 5):
        last = published.receive(raw, published.mail_to(0))
    decline = published.answer(0, "DECLINED")
    with published.database.read() as session:
        rows = session.scalars(select(InboundEmail).order_by(InboundEmail.id)).all()
    waiting = [row.id for row in rows if row.outcome is MailOutcome.WAITING]
    assert waiting == [rows[0].id, rows[1].id, last.id]
    assert decline.outcome is MailOutcome.APPLIED
    assert {row.reason for row in rows[2:4]} == {
        "Many emails came to this address on this day. A newer one waits for a decision instead of this one."
    }


def test_mails_that_come_at_one_moment_are_no_more_than_those_of_a_day(
    published: Published, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intake, "MAX_A_DAY", 2)
    together = threading.Barrier(6)

    def receive(raw: bytes) -> bool:
        together.wait(PATIENCE)
        try:
            published.receive(raw, published.mail_to(0))
        except InboxFull:
            return False
        return True

    steps = [Step(partial(receive, raw)) for raw in texts(published, 6)]
    assert sum(step.done() for step in steps) == 2
    assert published.count(InboundEmail) == 2


@pytest.mark.parametrize("database", [pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True)
def test_a_judgement_outlives_a_deadlock_without_another_attempt(
    published: Published, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = end_once(monkeypatch, judgement, "judge_reply")
    published.receive(next(texts(published, 1)), published.mail_to(0))
    assert (len(calls), kept(published).attempts) == (2, 1)
    assert kept(published).outcome is not MailOutcome.RECEIVED


def test_the_octets_of_an_address_take_5_mib_and_the_newest_mail_gets_the_room_of_the_oldest(
    published: Published,
) -> None:
    settled = published.answer(0, "ACCEPTED", lines=f"X-FILL:{'x' * 200_000}\n")
    for day, raw in enumerate(texts(published, 6, size=1_000_000)):
        published.receive(raw, published.mail_to(0), now=LATER + timedelta(days=day))
    with published.database.read() as session:
        rows = session.scalars(select(InboundEmail).order_by(InboundEmail.id)).all()
    assert [bool(row.stored_size) for row in rows] == [False, False, True, True, True, True, True]
    assert rows[0].id == settled.id and sum(row.stored_size for row in rows) <= intake.MAX_OCTETS


def test_what_is_beyond_the_quota_is_put_off_by_lmtp_and_left_unread_in_the_mailbox(
    published: Published, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intake, "MAX_A_DAY", 1)
    first, second = texts(published, 2)
    to = [replies.address(published.mail_to(0))]
    with lmtp(published.database) as client:
        client.sendmail("", to, first)
        code, said = client.docmd("RSET")
        client.mail("")
        client.rcpt(to[0])
        code, said = client.data(second)
    assert (code, b"too much mail" in said) == (452, True)
    other = replies.calendar(published.mail_to(1))
    with mailbox([*texts(published, 2), other]) as server:
        server_now = published.database.now()
        assert fetching.fetch_mailbox(published.database, server.settings(), now=lambda: server_now) == 1
        assert list(server.unread) == [1, 2]
        for _ in range(2):
            fetching.fetch_mailbox(published.database, server.settings(), now=lambda: server_now)
        assert (list(server.unread), server.flagged) == ([1, 2], {1, 2})
    assert published.count(InboundEmail) == 2 and told(published)


def test_a_place_is_kept_for_what_reads_as_an_answer_of_the_attendee_and_organisers_are_told(
    published: Published, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Someone floods the address of a forwarded invitation until its quota is exhausted."""
    monkeypatch.setattr(intake, "MAX_A_DAY", 3)
    monkeypatch.setattr(intake, "MAX_ANSWERS", 1)
    to = published.mail_to(0)
    *first, last = texts(published, 4)
    for raw in first:
        published.receive(raw.replace(to.to_address.encode(), b"thief@evil.example"), to)
    with pytest.raises(InboxFull):
        published.receive(last, to)
    stranger = replies.calendar(to).replace(to.to_address.encode(), b"thief@evil.example")
    with pytest.raises(InboxFull):
        published.receive(stranger, to)
    answer = published.answer(0, "DECLINED")
    assert (answer.kind, answer.outcome) == (MailKind.REPLY, MailOutcome.APPLIED)
    with pytest.raises(InboxFull):
        published.answer(0, "ACCEPTED", minutes=2)
    with published.database.write() as session:
        flood_alerts.update_flood_alerts(session, now=LATER)
        session.flush()
        (alert,) = alerts.list_open_alerts(session, published.expo.event.id)
        assert alert.kind is AlertKind.MAIL_FLOOD and "3 emails within a day" in alert.reason
        flood_alerts.update_flood_alerts(session, now=LATER + timedelta(days=2))
        session.flush()
        assert alerts.list_open_alerts(session, published.expo.event.id) == []


def test_the_octets_of_a_settled_mail_are_removed_after_30_days_and_those_of_a_waiting_one_are_not(
    published: Published, monkeypatch: pytest.MonkeyPatch
) -> None:
    applied = published.answer(0, "ACCEPTED")
    (raw,) = texts(published, 1)
    waiting = published.receive(raw, published.mail_to(0))
    for days, count in ((29, 0), (31, 1), (32, 0)):
        clocks.hold(monkeypatch, LATER + timedelta(days=days))
        pruned = pruning.prune(published.database, SETTINGS).rows
        assert pruned.get(DataKind.ORIGINAL_EMAILS, 0) == count
    with published.database.read() as session:
        octets = {row.id: (row.raw, row.stored_size) for row in session.scalars(select(InboundEmail))}
    assert octets == {applied.id: (b"", 0), waiting.id: (raw, len(raw))}


def test_a_mail_is_there_before_it_is_read_and_nothing_is_held_meanwhile(
    published: Published, monkeypatch: pytest.MonkeyPatch
) -> None:
    read, seen = parsers.read_email, []

    def look(raw: bytes) -> object:
        assert published.database.engine.pool.checkedout() == 0
        row = kept(published)
        seen.append((row.outcome, row.kind, row.attempts, row.stored_size))
        return read(raw)

    monkeypatch.setattr(parsers, "read_email", look)
    raw = replies.mail(published.mail_to(0), "Content-Type: text/plain\n\n" + 30_000 * f"{'x' * 99}\n")
    published.receive(raw, published.mail_to(0))
    assert seen == [(MailOutcome.RECEIVED, MailKind.UNREADABLE, 1, len(raw))]
    assert (kept(published).kind, kept(published).stored_size) == (MailKind.TEXT, intake.KEPT)


@pytest.mark.parametrize("failure", [ChildKilled(), OSError("no such thing")])
def test_the_third_attempt_that_fails_leaves_a_mail_to_a_person_and_the_next_is_read_all_along(
    published: Published, monkeypatch: pytest.MonkeyPatch, failure: Exception
) -> None:
    read = parsers.read_email

    def sometimes(raw: bytes) -> object:
        if b"ACCEPTED" in raw:
            raise failure
        return read(raw)

    monkeypatch.setattr(parsers, "read_email", sometimes)
    bad = published.answer(0, "ACCEPTED")
    published.answer(1, "DECLINED")
    assert published.known(1) is not None
    now = LATER
    for attempts in (1, 2, 3):
        with published.database.read() as session:
            row = session.get_one(InboundEmail, bad.id)
            assert (row.outcome, row.attempts) == (MailOutcome.RECEIVED, attempts)
            assert inbox.find_unjudged(session, now=now) == []
            now += inbox.PATIENCE
            assert inbox.find_unjudged(session, now=now) == [bad.id]
        inbox.judge_email(published.database, SETTINGS, bad.id, now=now)
    with published.database.read() as session:
        row = session.get_one(InboundEmail, bad.id)
        assert (row.outcome, row.raw) == (MailOutcome.WAITING, replies.calendar(published.mail_to(0)))
        assert "in 3 attempts. Check the original email." in row.reason
        assert inbox.find_unjudged(session, now=now + inbox.PATIENCE) == []


def test_a_mail_for_which_no_child_is_free_has_lost_no_attempt(
    published: Published, monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy(_raw: bytes) -> object:
        raise PoolExhausted

    with monkeypatch.context() as patched:
        patched.setattr(parsers, "read_email", busy)
        published.answer(0, "ACCEPTED")
    row = kept(published)
    assert (row.outcome, row.attempts) == (MailOutcome.RECEIVED, 0)
    inbox.judge_email(published.database, SETTINGS, row.id, now=LATER + inbox.PATIENCE)
    assert published.known(0) is not None


def test_a_mail_that_takes_more_than_it_may_waits_unread_for_a_person_at_once(
    published: Published, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LC_ALL", "spin")
    pool = ChildPool(1, "tests.support.hostile_child")
    monkeypatch.setattr(parsers, "pool", pool)
    try:
        mail = published.answer(0, "ACCEPTED")
    finally:
        pool.close()
    assert (mail.outcome, mail.attempts) == (MailOutcome.WAITING, 1)
    assert mail.reason.startswith("The content could not be read: it took more than")


def test_a_mail_for_several_of_our_addresses_is_read_once(
    published: Published, monkeypatch: pytest.MonkeyPatch
) -> None:
    read, times = parsers.read_email, []
    monkeypatch.setattr(parsers, "read_email", lambda raw: times.append(raw) or read(raw))
    to = f"To: <{replies.address(published.mail_to(1))}>\r\n".encode()
    raw = to + replies.calendar(published.mail_to(0))
    with mailbox([raw]) as server:
        assert fetching.fetch_mailbox(published.database, server.settings(), now=lambda: NOW) == 1
    assert (published.count(InboundEmail), len(times)) == (2, 1)
    assert published.known(0) is not None and published.known(1) is None


def told(published: Published) -> list[str]:
    """Return the alerts about emails that were given up."""
    with published.database.read() as session:
        found = alerts.list_open_alerts(session, None)
        return [alert.reason for alert in found if alert.kind is AlertKind.MAIL_LEFT]


def test_a_mail_that_the_mailbox_never_gives_is_left_to_a_person_who_is_told(published: Published) -> None:
    with mailbox([b"damaged", b"hi"]) as server:
        server.damaged = {1}
        for attempts in range(4):
            assert bool(told(published)) == (attempts == 3)
            fetching.fetch_mailbox(published.database, server.settings(), now=lambda: NOW)
        assert (list(server.unread), server.fetched, server.flagged) == ([1], [1, 2, 1, 1], {1})
        (said,) = told(published)
        assert said.startswith("1 email could not be read in after three attempts.")
        with published.database.read() as session:
            mails = session.scalars(select(OutboxEmail).where(OutboxEmail.kind == OutboxKind.ALERT)).all()
        left = [mail.to_address for mail in mails if mail.payload["kind"] == AlertKind.MAIL_LEFT]
        assert left == [published.expo.organiser.email]
        del server.unread[1]  # another client has read it
        fetching.fetch_mailbox(published.database, server.settings(), now=lambda: NOW)
    assert (told(published), published.count(FailedEmailRead)) == ([], 0)


def test_a_mail_by_which_its_reader_dies_comes_last_and_is_given_up_too(
    published: Published, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The attempts are counted in the database, so the next process continues."""

    def receive_for_recipients(
        _database: object, _settings: object, _to: object, raw: bytes, **_: object
    ) -> list[str]:
        if raw == b"deadly":
            raise SystemExit
        return ["known"]

    monkeypatch.setattr(fetching.inbox, "receive_for_recipients", receive_for_recipients)
    with mailbox([b"deadly", b"hi"]) as server:
        for _ in range(3):
            with pytest.raises(SystemExit):
                fetching.fetch_mailbox(published.database, server.settings(), now=lambda: NOW)
        assert server.fetched == [1, 2, 1, 1]
        fetching.fetch_mailbox(published.database, server.settings(), now=lambda: NOW)
        assert (server.fetched, server.flagged) == ([1, 2, 1, 1], {1})
    assert told(published)


def test_two_visits_at_once_count_their_attempts_at_one_mail_together(database: Database) -> None:
    visits = [failed_attempts.FailedAttempts(database, "a" * 64, lambda: NOW) for _ in range(4)]
    begun: list[int] = []
    threads = [threading.Thread(target=lambda each=each: begun.append(each.begin(1))) for each in visits]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(begun) == [1, 2, 3, 4]


def test_another_mailbox_and_another_validity_of_uids_begin_anew(database: Database) -> None:
    first, second = (failed_attempts.FailedAttempts(database, name * 64, lambda: NOW) for name in "ab")
    assert (first.known(7, [1]), first.begin(1), first.begin(1)) == ({}, 1, 2)
    assert (first.known(7, [1]), second.known(7, [1])) == ({1: 2}, {})
    assert first.known(8, [1]) == {}, "the server has numbered its mails anew"


def test_headers_that_cannot_be_read_keep_no_other_mail_back(
    published: Published, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(raw: bytes) -> str:
        if raw.startswith(b"bad"):
            raise LimitExceeded("it is bad")
        return replies.address(published.mail_to(0))

    monkeypatch.setattr(parsers, "read_addressees", refuse)
    with mailbox([b"bad", replies.calendar(published.mail_to(0))]) as server:
        assert fetching.fetch_mailbox(published.database, server.settings(), now=lambda: NOW) == 2
    assert published.known(0) is not None


LINES = st.sampled_from(
    [
        b"BEGIN:VCALENDAR", b"METHOD:REPLY", b"BEGIN:VEVENT", b"UID:\x00\xff", b"DTSTAMP:20270101T000000Z",
        b"SEQUENCE:99999999999", b"ATTENDEE;PARTSTAT=" + b"A" * 600 + b":mailto:" + b"b" * 600, b"END:VEVENT",
        b"COMMENT:" + "\ud800\U0001f600\0".encode("utf-8", "surrogatepass"), b"END:VCALENDAR", b"\x00",
    ]
)  # fmt: skip
HEADS = st.sampled_from(
    [
        b"Subject: =?utf-8?b?AAAA?=", b"From: " + b"a" * 400 + b"@b.ex", b"Subject: \xff\0" + b"s" * 900,
        b"Content-Type: text/calendar; method=" + b"R" * 600, b"Content-Type: text/calendar; method=REPLY",
        b"From: mailer-daemon@x.ex", b"X-Failed-Recipients: " + b"c" * 600, b"Message-ID: <" + b"d" * 999,
        b"Content-Type: message/delivery-status",
    ]
)  # fmt: skip


@given(st.lists(HEADS, max_size=6), st.lists(LINES, max_size=12), st.sampled_from(CORPUS), st.data())
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_octets_are_kept_and_judged_on_both_engines(
    published: Published, heads: list[bytes], lines: list[bytes], path: Path, data: st.DataObject
) -> None:
    """Oversized and invalid texts are truncated or cleaned before storage."""
    raw = path.read_bytes()
    at = data.draw(st.integers(0, len(raw)))
    damaged = raw[:at] + data.draw(st.binary(max_size=20)) + raw[at + data.draw(st.integers(0, 40)) :]
    for octets in (b"\r\n".join([*heads, b"", *lines]), damaged):
        with published.database.write() as session:
            session.execute(InboundEmail.__table__.delete())
        mail = published.receive(octets, published.mail_to(0))
        assert mail.outcome is not MailOutcome.RECEIVED, mail.reason
