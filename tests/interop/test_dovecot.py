"""Replies through a real Dovecot: in by LMTP, out by IMAP, claimed once, and parsed as in the table."""

from __future__ import annotations

import os
import smtplib
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select

from scheduler.config import Settings
from scheduler.domain.entities import MailKind, MailOutcome
from scheduler.invites.errors import MailboxFailure
from scheduler.invites.transport import mailbox
from scheduler.services.emails.inbound import inbox
from scheduler.services.emails.inbound import mailbox as fetching
from scheduler.storage.database import Database
from scheduler.storage.models import InboundEmail, InvitationReply
from tests.integration.emails.inbound.test_corpus import EXPECTED, became, invited, mail_of
from tests.integration.emails.inbound.test_receiving import SETTINGS, lmtp
from tests.interop.dovecot import PASSWORD, Dovecot, dovecot
from tests.support import replies
from tests.support.published import LATER, Published
from tests.support.workers import ROOT

ON_ONE_ENGINE = pytest.mark.parametrize(
    "database", [pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True
)
"""What the corpus does is tested on both engines where it is received; here, how it comes there."""


@pytest.fixture
def published(database: Database) -> Published:
    return Published(database)


@pytest.fixture
def server() -> Iterator[Dovecot]:
    with tempfile.TemporaryDirectory(prefix="chainmeet-dovecot-") as name:
        home = Path(name)
        home.chmod(0o755)
        with dovecot(home) as running:
            yield running


def settings_of(server: Dovecot, **changes: object) -> Settings:
    here = {"imap_host": "127.0.0.1", "imap_port": server.imap, "imap_security": "none"}
    return replace(SETTINGS, imap_username="answers", imap_password=PASSWORD, **here | changes)


def deliver(port: int, to: str, mails: list[bytes]) -> None:
    """Deliver emails as a mail server does."""
    with smtplib.LMTP("127.0.0.1", port) as client:
        for raw in mails:
            client.sendmail("", [to], raw)


def fetch(published: Published, server: Dovecot, **changes: object) -> int:
    return fetching.fetch_mailbox(published.database, settings_of(server, **changes), now=lambda: LATER)


def kept(published: Published) -> list[InboundEmail]:
    with published.database.read() as session:
        return list(session.scalars(select(InboundEmail).order_by(InboundEmail.id)))


def answers(published: Published, count: int) -> list[bytes]:
    row = published.mail_to(0)
    return [replies.calendar(row, lines=f"COMMENT:{n}\n", minutes=n) for n in range(1, count + 1)]


@ON_ONE_ENGINE
def test_the_whole_corpus_comes_through_a_real_mailbox_and_does_what_the_table_says(
    database: Database, server: Dovecot
) -> None:
    events = invited(database)
    for name, event in events.items():
        to, raw = mail_of(name, event)
        deliver(server.lmtp, to, [raw])
    assert fetching.fetch_mailbox(database, settings_of(server), now=lambda: LATER) == len(events)
    assert became(events) == EXPECTED
    assert fetching.fetch_mailbox(database, settings_of(server), now=lambda: LATER) == 0


@ON_ONE_ENGINE
def test_the_whole_corpus_comes_through_our_own_lmtp_and_does_what_the_table_says(database: Database) -> None:
    events = invited(database)
    with lmtp(database) as client:
        for name, event in events.items():
            to, raw = mail_of(name, event)
            client.sendmail("", [to], raw)
    assert became(events) == EXPECTED


@pytest.mark.parametrize("security", ["tls", "starttls"])
def test_the_mailbox_is_read_over_tls(
    published: Published, server: Dovecot, security: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    deliver(server.lmtp, replies.address(published.mail_to(0)), answers(published, 1))
    port = server.imaps if security == "tls" else server.imap
    with pytest.raises(MailboxFailure, match="CERTIFICATE_VERIFY_FAILED"):
        fetch(published, server, imap_security=security, imap_port=port)
    monkeypatch.setenv("SSL_CERT_FILE", str(server.certificate))
    assert fetch(published, server, imap_security=security, imap_port=port) == 1
    assert published.known(0) is not None


def test_two_pollers_at_once_keep_each_mail_once(published: Published, server: Dovecot) -> None:
    deliver(server.lmtp, replies.address(published.mail_to(0)), answers(published, 20))
    pollers = [threading.Thread(target=fetch, args=(published, server)) for _ in range(2)]
    for poller in pollers:
        poller.start()
    for poller in pollers:
        poller.join()
    assert [mail.outcome for mail in kept(published)].count(MailOutcome.APPLIED) >= 1
    assert (len(kept(published)), published.count(InvitationReply), fetch(published, server)) == (20, 1, 0)


KILLED = """
import os, signal
from scheduler.config import Settings
from scheduler.services.emails.inbound import inbox, mailbox
from scheduler.storage.database import Database
from tests.support.published import LATER
receive = inbox.receive_for_recipients
def kept_and_killed(*args, **named):
    receive(*args, **named)
    os.kill(os.getpid(), signal.SIGKILL)
inbox.receive_for_recipients = kept_and_killed
settings = Settings.from_env()
mailbox.fetch_mailbox(Database(settings.database_url), settings, now=lambda: LATER)
"""


def test_a_poller_that_is_killed_between_keeping_and_marking_loses_nothing(
    published: Published, server: Dovecot
) -> None:
    deliver(server.lmtp, replies.address(published.mail_to(0)), answers(published, 3))
    url = published.database.url.render_as_string(hide_password=False)
    settings = settings_of(server, database_url=url)
    command = [sys.executable, "-c", KILLED]
    assert (
        subprocess.run(command, env={**os.environ, **settings.to_env()}, cwd=ROOT, check=False).returncode
        == -9
    )
    assert len(kept(published)) == 1
    assert fetch(published, server) == 3, "the first one comes again"
    assert (len(kept(published)), {mail.kind for mail in kept(published)}) == (3, {MailKind.REPLY})


def test_a_connection_that_ends_in_between_leaves_the_rest_for_the_next_visit(
    published: Published, server: Dovecot, monkeypatch: pytest.MonkeyPatch
) -> None:
    deliver(server.lmtp, replies.address(published.mail_to(0)), answers(published, 3))
    opened: list[mailbox.Mailbox] = []
    receive = inbox.receive_for_recipients

    def cut(*args: object, **named: object) -> list[str]:
        assert opened[0]._connection is not None
        opened[0]._connection.sock.shutdown(socket.SHUT_RDWR)
        return receive(*args, **named)

    with monkeypatch.context() as patched:
        enter = mailbox.Mailbox.__enter__
        patched.setattr(mailbox.Mailbox, "__enter__", lambda self: opened.append(enter(self)) or self)
        patched.setattr(inbox, "receive_for_recipients", cut)
        with pytest.raises(MailboxFailure):
            fetch(published, server)
    assert fetch(published, server) == 3
    assert len(kept(published)) == 3


def test_a_mailbox_that_was_numbered_anew_gives_no_mail_twice(published: Published, server: Dovecot) -> None:
    to = replies.address(published.mail_to(0))
    first, second = answers(published, 2)
    deliver(server.lmtp, to, [first])
    assert fetch(published, server) == 1
    for path in server.mail.glob("dovecot*"):  # UIDVALIDITY, UIDs and all indexes
        path.unlink()
    deliver(server.lmtp, to, [second])
    assert fetch(published, server) == 1
    assert len(kept(published)) == 2
