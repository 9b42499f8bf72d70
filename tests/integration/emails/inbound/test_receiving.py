"""Reception by LMTP and from an IMAP mailbox: each email is stored before it is acknowledged."""

from __future__ import annotations

import os
import shutil
import signal
import smtplib
import socketserver
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import delete, func, select

from chainmeet.stack import ports
from scheduler.config import Settings
from scheduler.domain.entities import MailOutcome
from scheduler.invites.errors import MailboxFailure
from scheduler.services.emails.inbound import inbox
from scheduler.services.emails.inbound import mailbox as fetching
from scheduler.storage.database import Database
from scheduler.storage.models import InboundEmail, Installation, InvitationReply, OutboxEmail
from tests.support import replies
from tests.support.factories import NOW
from tests.support.published import Published
from tests.support.publishing import SETTINGS
from workers.lmtp_receiver import lmtp_server

LONG_AGO = -3 * 365 * 24 * 60
"""Minutes: before today on any machine's clock, which the server uses."""


@contextmanager
def lmtp(database: Database) -> Iterator[smtplib.LMTP]:
    port = ports.take(0, "LMTP", "")
    server = lmtp_server(database, SETTINGS, "127.0.0.1", port)
    server.start()
    try:
        with smtplib.LMTP("127.0.0.1", port) as client:
            yield client
    finally:
        server.stop()


def test_a_mail_by_lmtp_is_kept_and_judged_before_it_is_taken(published: Published) -> None:
    row = published.mail_to(0)
    with lmtp(published.database) as client:
        client.sendmail("", [replies.address(row)], replies.calendar(row, minutes=LONG_AGO))
    assert published.known(0) is not None


def test_lmtp_refuses_addresses_that_are_not_ours(published: Published) -> None:
    with lmtp(published.database) as client, pytest.raises(smtplib.SMTPRecipientsRefused) as refused:
        client.sendmail("", ["info@expo.example"], b"hi")
    assert refused.value.recipients["info@expo.example"][0] == 550


def test_lmtp_takes_one_recipient_at_a_time(published: Published) -> None:
    first, second = published.mail_to(0), published.mail_to(1)
    to = [replies.address(first), replies.address(second)]
    with lmtp(published.database) as client:
        refused = client.sendmail("", to, replies.calendar(first, minutes=LONG_AGO))
    assert {address: code for address, (code, _) in refused.items()} == {to[1]: 452}


def test_lmtp_takes_longer_lines_than_the_standard_allows(published: Published) -> None:
    row = published.mail_to(0)
    raw = replies.calendar(row, minutes=LONG_AGO, lines=f"DESCRIPTION:{'x' * 100_000}\n")
    with lmtp(published.database) as client:
        client.sendmail("", [replies.address(row)], raw)
    assert published.known(0) is not None


def test_lmtp_asks_to_try_again_when_the_mail_cannot_be_kept(
    published: Published, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> bool:
        raise OSError("disk full")

    row = published.mail_to(0)
    with lmtp(published.database) as client:
        monkeypatch.setattr(inbox, "receive_email", broken)
        with pytest.raises(smtplib.SMTPDataError) as refused:
            client.sendmail("", [replies.address(row)], replies.calendar(row))
    assert refused.value.smtp_code == 451


@contextmanager
def receiving(published: Published) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """Run the command as a separate process, and yield it with its port; it must exit cleanly."""
    port = ports.take(0, "LMTP", "")
    settings = replace(SETTINGS, database_url=published.database.url.render_as_string(hide_password=False))
    command = [sys.executable, "-m", "chainmeet.cli", "receive", "--port", str(port)]
    environment = {**os.environ, **settings.to_env(), "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            assert "by LMTP" in process.stdout.readline()
            yield process, port
            process.terminate()
            assert process.wait() == 0
        finally:
            process.kill()


def hand_in(port: int, row: OutboxEmail) -> None:
    with smtplib.LMTP("127.0.0.1", port) as client:
        client.sendmail("", [replies.address(row)], replies.calendar(row, minutes=LONG_AGO))


def test_the_command_takes_mail_in_until_it_is_told_to_stop(published: Published) -> None:
    with receiving(published) as (_, port):
        hand_in(port, published.mail_to(0))
    assert published.known(0) is not None


def test_the_receiver_answers_the_next_mail_while_one_is_worked_on_that_does_not_end(
    published: Published,
) -> None:
    """With one of two child processes suspended, one of two emails is still accepted and processed."""
    with receiving(published) as (process, port), ThreadPoolExecutor() as threads:
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        assert len(children) == 2
        first = int(children[0])
        try:
            os.kill(first, signal.SIGSTOP)
            asked = [threads.submit(hand_in, port, published.mail_to(firm)) for firm in (0, 1)]
            done, _ = wait(asked, return_when=FIRST_COMPLETED)
            assert [each.exception() for each in done] in ([None], [None, None])
            assert published.known(0) is not None or published.known(1) is not None
        finally:
            os.kill(first, signal.SIGCONT)
        for each in asked:
            each.result()
    assert published.known(0) is not None and published.known(1) is not None


class MailboxServer(socketserver.ThreadingTCPServer):
    """The part of IMAP (RFC 3501) that a reader of unread emails needs; `unread` by UID."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, mails: list[bytes]) -> None:
        self.unread = dict(enumerate(mails, start=1))
        self.damaged: set[int] = set()
        self.fetched: list[int] = []
        self.flagged: set[int] = set()
        self.seen: dict[int, bytes] = {}
        self.since: list[str] = []
        super().__init__(("127.0.0.1", 0), _Imap)

    def settings(self, **changes: object) -> Settings:
        return replace(
            SETTINGS,
            imap_host="127.0.0.1",
            imap_port=self.server_address[1],
            imap_security="none",
            imap_username="answers",
            imap_password="secret word",
            **changes,
        )


class _Imap(socketserver.StreamRequestHandler):
    server: MailboxServer

    def handle(self) -> None:
        self.say("* OK IMAP4rev1 ready")
        for line in self.rfile:
            tag, _, rest = line.decode().strip().partition(" ")
            name = " ".join(rest.upper().split(" ")[: 2 if rest.upper().startswith("UID") else 1])
            status = self.answer(name, rest)
            self.say(f"{tag} {status}")
            if name == "LOGOUT":
                return

    def answer(self, name: str, rest: str) -> str:
        unread = self.server.unread
        if name == "CAPABILITY":
            self.say("* CAPABILITY IMAP4rev1")
        elif name == "LOGIN":
            return "OK done" if rest.endswith('"secret word"') else "NO wrong password"
        elif name == "SELECT":
            self.say(f"* {len(unread)} EXISTS")
            return "OK [READ-WRITE] done" if '"INBOX"' in rest else "NO no such folder"
        elif name == "UID SEARCH" and "SINCE" in rest:
            self.server.since.append(rest.rsplit(maxsplit=1)[-1])
            self.say("* SEARCH " + " ".join(map(str, self.server.seen)))
        elif name == "UID SEARCH":
            self.say("* SEARCH " + " ".join(map(str, unread)))
        elif name == "UID FETCH":
            uid = int(rest.split()[2])
            self.server.fetched.append(uid)
            if uid in self.server.damaged:
                return "NO the mail is damaged"
            mail = unread[uid]
            self.wfile.write(b"* 1 FETCH (UID 1 BODY[]<0> {%d}\r\n%s)\r\n" % (len(mail), mail))
        elif name == "UID STORE":
            if "-FLAGS" in rest:
                for each in map(int, rest.split()[2].split(",")):
                    unread[each] = self.server.seen.pop(each)
                return "OK done"
            uid = int(rest.split()[2])
            if r"\Flagged" in rest:
                self.server.flagged.add(uid)
            else:
                assert r"\Seen" in rest
                self.server.seen[uid] = unread.pop(uid)
        elif name == "LOGOUT":
            self.say("* BYE")
        return "OK done"

    def say(self, line: str) -> None:
        self.wfile.write(f"{line}\r\n".encode())


@contextmanager
def mailbox(mails: list[bytes]) -> Iterator[MailboxServer]:
    with MailboxServer(mails) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield server
        finally:
            server.shutdown()


def test_unread_mails_of_the_mailbox_are_taken_in_and_marked(published: Published) -> None:
    first, second = published.mail_to(0), published.mail_to(1)
    mails = [
        replies.calendar(first),
        b"To: info@expo.example\r\n\r\nhi",
        replies.calendar(second, "DECLINED"),
    ]
    with mailbox(mails) as server:
        assert fetching.fetch_mailbox(published.database, server.settings(), now=lambda: NOW) == 3
        assert server.unread == {}
        assert fetching.fetch_mailbox(published.database, server.settings(), now=lambda: NOW) == 0
    assert (published.count(InboundEmail), published.count(InvitationReply)) == (3, 2)


def test_a_mail_that_cannot_be_kept_stays_unread_and_those_behind_it_are_taken(
    published: Published, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = published.mail_to(0), published.mail_to(1)
    receive = inbox.receive_for_recipients

    def sometimes(
        database: Database, settings: Settings, to: list[str], raw: bytes, **more: object
    ) -> list[str]:
        if to == [replies.address(first)]:
            raise OSError("disk full")
        return receive(database, settings, to, raw, **more)

    with mailbox([replies.calendar(first), replies.calendar(second)]) as server:
        with monkeypatch.context() as patched:
            patched.setattr(inbox, "receive_for_recipients", sometimes)
            assert fetching.fetch_mailbox(published.database, server.settings(), now=lambda: NOW) == 1
        assert (list(server.unread), published.known(0)) == ([1], None)
        assert published.known(1) is not None
        fetching.fetch_mailbox(published.database, server.settings(), now=lambda: NOW)
    assert published.known(0) is not None


def test_a_mail_that_the_mailbox_does_not_give_keeps_none_back(published: Published) -> None:
    with mailbox([b"damaged", replies.calendar(published.mail_to(0))]) as server:
        server.damaged = {1}
        assert fetching.fetch_mailbox(published.database, server.settings(), now=lambda: NOW) == 1
        assert list(server.unread) == [1]
    assert published.known(0) is not None


def test_a_mail_handed_in_twice_counts_once(published: Published) -> None:
    row = published.mail_to(0)
    with mailbox([replies.calendar(row), replies.calendar(row)]) as server:
        fetching.fetch_mailbox(published.database, server.settings(), now=lambda: NOW)
    with published.database.read() as session:
        assert session.scalars(select(func.count()).select_from(InboundEmail)).one() == 1


@pytest.mark.parametrize("change", [{"imap_folder": "Elsewhere"}, {"imap_port": 1}])
def test_a_mailbox_that_cannot_be_read_is_a_sentence(database: Database, change: dict[str, object]) -> None:
    with mailbox([b"hi"]) as server:
        settings = replace(server.settings(), **change)
        with pytest.raises(MailboxFailure, match="cannot be read"):
            fetching.fetch_mailbox(database, settings, now=lambda: NOW)
        assert len(server.unread) == 1


def test_after_a_restore_emails_since_the_backup_are_read_again_and_count_once(published: Published) -> None:
    database = published.database
    before = replies.calendar(published.mail_to(0))
    after = replies.calendar(published.mail_to(1), "DECLINED")
    with mailbox([before, after]) as server:
        assert fetching.fetch_mailbox(database, server.settings(), now=lambda: NOW) == 2
        with database.write() as session:  # the backup does not have the second one
            lost = session.scalars(select(InboundEmail).order_by(InboundEmail.id.desc())).first()
            session.execute(delete(InvitationReply).where(InvitationReply.attendee_id == lost.attendee_id))
            session.delete(lost)
            session.add(Installation(id=1, pause_reason="", mailbox_from=datetime(2027, 3, 5, tzinfo=UTC)))
        assert fetching.fetch_mailbox(database, server.settings(), now=lambda: NOW) == 2
        assert (server.since, list(server.seen)) == (["5-Mar-2027"], [1, 2])
        assert fetching.fetch_mailbox(database, server.settings(), now=lambda: NOW) == 0
    assert (published.count(InboundEmail), published.count(InvitationReply)) == (2, 2)


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_two_installations_on_one_mailbox_leave_each_others_emails_alone(
    published: Published, sqlite_template: Path, tmp_path: Path
) -> None:
    other = Database(f"sqlite:///{shutil.copy(sqlite_template, tmp_path / 'other.db')}")
    reply = replies.calendar(published.mail_to(0))
    mails = [reply, b"To: <meetings@expo.example>\r\n\r\nhi", b"To: <desk@other.example>\r\n\r\nhi"]
    with mailbox(mails) as server:
        theirs = server.settings(mail_domain="other.example")
        for _ in range(4):  # more often than a failing email is tried
            fetching.fetch_mailbox(other, theirs, now=lambda: NOW)
        assert (list(server.unread), server.flagged) == ([1, 2], set())
        assert fetching.fetch_mailbox(published.database, server.settings(), now=lambda: NOW) == 2
    assert published.known(0) is not None
    with other.read() as session:
        assert [mail.outcome for mail in session.scalars(select(InboundEmail))] == [MailOutcome.WAITING]
    other.dispose()


def test_emails_to_an_earlier_domain_of_the_installation_are_still_taken(published: Published) -> None:
    with mailbox([replies.calendar(published.mail_to(0))]) as server:
        moved = server.settings(mail_domain="new.example")
        assert fetching.fetch_mailbox(published.database, moved, now=lambda: NOW) == 1
    assert published.count(InboundEmail) == 1
