"""SMTP client: one connection for many emails, with failures classified by the required action."""

from __future__ import annotations

import io
import smtplib
import socket
import ssl
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Literal, Self

from scheduler.invites.errors import ConnectionFailure, PermanentFailure, SendFailure, TemporaryFailure
from scheduler.invites.mail.mime import RenderedMail
from scheduler.invites.text import clean
from scheduler.invites.transport import dkim

MAX_REPLY = 200
"""Maximum length of a reply to an accepted email."""
TIMEOUT = 30.0
"""Seconds of a network wait after which the server counts as hanging."""
Security = Literal["none", "starttls", "tls"]
# The server closes the connection or requires authentication (RFC 5321 3.8, RFC 4954 6): not about one email.
_NOT_THE_MAIL = frozenset({421, 530, 534, 535, 538})


class _Replies(io.RawIOBase):
    """Raw stream of server replies, up to the connection's deadline."""

    def __init__(self, connection: _Deadline) -> None:
        self._connection = connection

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        left = self._connection.ends - time.monotonic()
        if left <= 0:
            raise TimeoutError("the email server took too long to reply")
        sock = self._connection.sock
        if sock is None:
            return 0
        sock.settimeout(min(left, self._connection.timeout))
        return int(sock.recv_into(buffer))


class _Deadline(smtplib.SMTP):
    """A connection whose replies must arrive before `ends`, in monotonic time.

    smtplib's own timeout applies to each read.
    """

    data_reply = b""
    """The server's reply to the last email's data."""

    def __init__(self, *address: Any, within: float, **options: Any) -> None:
        self.begin(within)
        super().__init__(*address, **options)

    def data(self, msg: Any) -> tuple[int, bytes]:
        code, self.data_reply = super().data(msg)
        return code, self.data_reply

    def begin(self, within: float) -> None:
        """Set the deadline in seconds from now."""
        self.ends = time.monotonic() + within

    def getreply(self) -> tuple[int, bytes]:
        if self.file is None:
            self.file = io.BufferedReader(_Replies(self))
        return super().getreply()


class _Tls(_Deadline, smtplib.SMTP_SSL):
    """A connection with implicit TLS (RFC 8314)."""


@dataclass(slots=True)
class Smtp:
    """A mail server as a context manager, with one connection from enter to exit.

    After a ConnectionFailure the object is unusable: exit it and enter a new one. `timeout` is in seconds per
    network wait. `deadline` is in seconds for connecting and for each email, since a server that replies
    octet by octet exceeds no single wait. Server certificates are verified unless `tls_context` says
    otherwise. Each email gets one DKIM signature per key.
    """

    host: str
    port: int
    security: Security = "none"
    username: str = field(default="", repr=False)
    password: str = field(default="", repr=False)
    timeout: float = TIMEOUT
    deadline: float = 45.0
    tls_context: ssl.SSLContext | None = field(default=None, repr=False)
    dkim_keys: Sequence[dkim.DkimKey] = field(default=(), repr=False)
    _connection: _Deadline | None = field(default=None, init=False, repr=False)

    def __enter__(self) -> Self:
        try:
            self._connection = self._open()
        except (OSError, smtplib.SMTPException, ValueError) as error:
            raise _connection_failure(
                "", error, f"The email server {self.host}:{self.port} failed: "
            ) from None
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        connection, self._connection = self._connection, None
        if connection is None:
            return
        try:
            connection.quit()
        except (OSError, smtplib.SMTPException):
            connection.close()

    def send(self, mail: RenderedMail) -> str:
        """Send one email. Return the server's reply, usually with its queue number, without the recipient.

        Raises TemporaryFailure or PermanentFailure about this email, after which the next one may be sent, or
        ConnectionFailure.
        """
        if self._connection is None:
            raise ConnectionFailure(mail.to_addr, None, "the connection is not open")
        try:
            self._connection.begin(self.deadline)
            self._connection.sendmail(mail.from_addr, [mail.to_addr], dkim.signed(mail.data, self.dkim_keys))
        except smtplib.SMTPRecipientsRefused as error:
            raise _refused(mail.to_addr, *error.recipients[mail.to_addr], is_of_recipient=True) from None
        except smtplib.SMTPResponseException as error:
            raise _refused(mail.to_addr, error.smtp_code, error.smtp_error) from None
        except (OSError, smtplib.SMTPException) as error:
            raise _connection_failure(mail.to_addr, error) from None
        reply = self._connection.data_reply.decode("utf-8", "replace")
        return clean(reply.replace(mail.to_addr, "..."), MAX_REPLY)

    def _open(self) -> _Deadline:
        name = socket.gethostname()  # smtplib would query DNS, which may take seconds
        context = self.tls_context or ssl.create_default_context()
        if self.security == "tls":
            connection: _Deadline = _Tls(
                self.host, self.port, name, within=self.deadline, timeout=self.timeout, context=context
            )
        else:
            connection = _Deadline(self.host, self.port, name, within=self.deadline, timeout=self.timeout)
        try:
            if self.security == "starttls":
                connection.starttls(context=context)
            connection.ehlo_or_helo_if_needed()
            if self.username:
                connection.login(self.username, self.password)
        except BaseException:
            connection.close()
            raise
        return connection


def _refused(recipient: str, code: int, reply: bytes | str, *, is_of_recipient: bool = False) -> SendFailure:
    said = clean(reply.decode("utf-8", "replace") if isinstance(reply, bytes) else reply, 300)
    if code in _NOT_THE_MAIL:
        return ConnectionFailure(recipient, code, said)
    if 500 <= code <= 599:
        return PermanentFailure(recipient, code, said, is_of_recipient=is_of_recipient)
    return TemporaryFailure(recipient, code, said, is_of_recipient=is_of_recipient)


def _connection_failure(recipient: str, error: Exception, what: str = "") -> ConnectionFailure:
    if isinstance(error, smtplib.SMTPResponseException):
        reply = error.smtp_error
        said = reply.decode("utf-8", "replace") if isinstance(reply, bytes) else reply
        return ConnectionFailure(recipient, error.smtp_code, clean(f"{what}{said}", 300))
    return ConnectionFailure(recipient, None, clean(f"{what}{type(error).__name__}: {error}", 300))
