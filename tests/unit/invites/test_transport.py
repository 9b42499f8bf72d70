"""Emails through a real SMTP server; its reply decides the next step."""

from __future__ import annotations

import socket
import ssl
import subprocess
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from scheduler.invites.errors import ConnectionFailure, PermanentFailure, TemporaryFailure
from scheduler.invites.mail.imip import RenderedMail, render_invitation
from scheduler.invites.transport.smtp import Smtp
from tests.support import missing_programs
from tests.support.mail_server import Catcher, serving
from tests.unit.invites.builders import envelope, new, update

pytestmark = [pytest.mark.smtp, pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")]

MAIL = render_invitation(new(), envelope(new()))


Serve = Callable[..., AbstractContextManager[Catcher]]


def client(catcher: Catcher, **changes: Any) -> Smtp:
    return Smtp(**{"host": "127.0.0.1", "port": catcher.port, "timeout": 10.0} | changes)


def test_the_server_gets_the_bytes_the_sender_and_the_one_recipient() -> None:
    with serving(Catcher()) as catcher, client(catcher) as smtp:
        smtp.send(MAIL)
    assert catcher.taken == [("bounces+b0unce@meet.example", ["peter.nagy@firm.example"], MAIL.data)]


def test_one_connection_serves_many_mails() -> None:
    with serving(Catcher()) as catcher, client(catcher) as smtp:
        for _ in range(20):
            smtp.send(MAIL)
    assert (len(catcher.taken), len(catcher.connections)) == (20, 1)


@pytest.mark.parametrize("step", [MAIL.to_addr, "DATA"])
def test_a_4xx_reply_is_a_temporary_failure_and_the_next_mail_is_sent(step: str) -> None:
    with serving(Catcher(replies={step: "451 4.7.1 Greylisted"})) as catcher, client(catcher) as smtp:
        with pytest.raises(TemporaryFailure) as caught:
            smtp.send(MAIL)
        catcher.replies.clear()
        smtp.send(MAIL)
    assert not isinstance(caught.value, ConnectionFailure)
    assert (caught.value.recipient, caught.value.reply_code) == (MAIL.to_addr, 451)
    assert caught.value.reply == "4.7.1 Greylisted"
    assert (len(catcher.taken), len(catcher.connections)) == (1, 1)


@pytest.mark.parametrize("step", [MAIL.to_addr, "DATA"])
def test_a_5xx_reply_is_a_permanent_failure_and_the_next_mail_is_sent(step: str) -> None:
    other: RenderedMail = render_invitation(update(), envelope(update(), attendee_email="li.na@firm.example"))
    with serving(Catcher(replies={step: "550 5.1.1 No such user"})) as catcher, client(catcher) as smtp:
        with pytest.raises(PermanentFailure) as caught:
            smtp.send(MAIL)
        catcher.replies.pop("DATA", None)
        smtp.send(other)
    assert (caught.value.recipient, caught.value.reply_code) == (MAIL.to_addr, 550)
    assert str(caught.value) == "Email to peter.nagy@firm.example was not accepted: 550 5.1.1 No such user"
    assert [taken[1] for taken in catcher.taken] == [["li.na@firm.example"]]


@pytest.mark.parametrize("step", [MAIL.to_addr, "DATA"])
@pytest.mark.parametrize("reply", ["421 4.3.2 Shutting down", "HANG UP"])
def test_a_connection_that_ends_is_told_apart_and_a_new_one_works(step: str, reply: str) -> None:
    with serving(Catcher(replies={step: reply})) as catcher:
        with client(catcher) as smtp, pytest.raises(ConnectionFailure):
            smtp.send(MAIL)
        catcher.replies.clear()
        with client(catcher) as smtp:
            smtp.send(MAIL)
    assert (len(catcher.taken), len(catcher.connections)) == (1, 2)


@pytest.mark.parametrize("first", ["220 ", "220 test.example\r\n250 test.example\r\n250 "])
def test_a_reply_that_comes_octet_by_octet_and_never_ends_ends_the_connection(first: str) -> None:
    """In the greeting, or after an email: no single byte takes long."""
    ended = threading.Event()

    def drip(server: socket.socket) -> None:
        connection, _ = server.accept()
        with connection, suppress(OSError):
            connection.sendall(first.encode())
            while not ended.wait(0.01):
                connection.sendall(b"a")

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=drip, args=(server,))
        thread.start()
        try:
            with (
                pytest.raises(
                    ConnectionFailure, match=r"unexpectedly closed: (timed out|the email server took)"
                ),
                Smtp("127.0.0.1", server.getsockname()[1], deadline=0.3) as smtp,
            ):
                smtp.send(MAIL)
        finally:
            ended.set()
            thread.join()


def test_a_server_that_is_not_there_is_a_connection_failure() -> None:
    with serving(Catcher()) as gone:
        pass
    with (
        pytest.raises(ConnectionFailure, match=f"^The email server 127.0.0.1:{gone.port} failed: "),
        client(gone),
    ):
        pass


def test_sending_without_a_connection_is_a_connection_failure() -> None:
    with pytest.raises(ConnectionFailure):
        Smtp("127.0.0.1", 1).send(MAIL)


def test_a_server_that_wants_a_sign_in_is_no_fault_of_the_mail() -> None:
    options = {"authenticator": accept_ann, "auth_required": True, "auth_require_tls": False}
    with (
        serving(Catcher(), **options) as catcher,
        client(catcher) as smtp,
        pytest.raises(ConnectionFailure) as caught,
    ):
        smtp.send(MAIL)
    assert caught.value.reply_code == 530


def accept_ann(
    _server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, auth_data: object
) -> AuthResult:
    assert isinstance(auth_data, LoginPassword)
    right = (auth_data.login, auth_data.password) == (b"ann", b"s3cret")
    return AuthResult(success=right, handled=False)


def test_a_user_name_and_password_are_used() -> None:
    options = {"authenticator": accept_ann, "auth_required": True, "auth_require_tls": False}
    with serving(Catcher(), **options) as catcher, client(catcher, username="ann", password="s3cret") as smtp:
        smtp.send(MAIL)
    assert len(catcher.taken) == 1


def test_a_wrong_password_is_a_connection_failure_that_does_not_tell_it() -> None:
    options = {"authenticator": accept_ann, "auth_required": True, "auth_require_tls": False}
    with (
        serving(Catcher(), **options) as catcher,
        pytest.raises(ConnectionFailure) as caught,
        client(catcher, username="ann", password="wr0ng-pass"),
    ):
        pass
    assert caught.value.reply_code == 535
    assert "wr0ng-pass" not in f"{caught.value!r} {caught.value} {caught.value.__cause__}"


def test_no_secret_is_in_a_repr() -> None:
    shown = repr(Smtp("mail.example", 587, "starttls", "ann", "s3cret"))
    assert shown == "Smtp(host='mail.example', port=587, security='starttls', timeout=30.0, deadline=45.0)"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Return a certificate for 127.0.0.1 and its key."""
    missing_programs.require("OpenSSL")
    folder = tmp_path_factory.mktemp("tls")
    paths = folder / "certificate.pem", folder / "key.pem"
    command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=x"
    names = ["-addext", "subjectAltName=IP:127.0.0.1", "-out", str(paths[0]), "-keyout", str(paths[1])]
    subprocess.run([*command.split(), *names], check=True, capture_output=True)
    return paths


@pytest.fixture
def server_tls(certificate: tuple[Path, Path]) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    return context


@pytest.fixture
def client_tls(certificate: tuple[Path, Path]) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(certificate[0]))


def test_starttls_encrypts_before_anything_is_said(
    server_tls: ssl.SSLContext, client_tls: ssl.SSLContext
) -> None:
    options = {"tls_context": server_tls, "require_starttls": True}
    with (
        serving(Catcher(), **options) as catcher,
        client(catcher, security="starttls", tls_context=client_tls) as smtp,
    ):
        smtp.send(MAIL)
    assert len(catcher.taken) == 1


def test_tls_from_the_first_octet(server_tls: ssl.SSLContext, client_tls: ssl.SSLContext) -> None:
    with (
        serving(Catcher(), tls=server_tls) as catcher,
        client(catcher, security="tls", tls_context=client_tls) as smtp,
    ):
        smtp.send(MAIL)
    assert len(catcher.taken) == 1


def test_an_unknown_certificate_is_refused(server_tls: ssl.SSLContext) -> None:
    with (
        serving(Catcher(), tls_context=server_tls) as catcher,
        pytest.raises(ConnectionFailure),
        client(catcher, security="starttls"),
    ):
        pass
    assert catcher.taken == []


def test_a_server_without_starttls_is_refused_where_it_is_asked_for() -> None:
    with (
        serving(Catcher()) as catcher,
        pytest.raises(ConnectionFailure),
        client(catcher, security="starttls"),
    ):
        pass


def test_a_line_with_a_single_dot_arrives_as_one() -> None:
    dotted = replace(MAIL, data=MAIL.data + b"\r\n.\r\nafter\r\n")
    with serving(Catcher()) as catcher, client(catcher) as smtp:
        smtp.send(dotted)
    assert catcher.taken[0][2] == dotted.data
