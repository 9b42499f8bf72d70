"""IMAP mailbox of inbound email. Unread messages are handled one by one and marked as read."""

from __future__ import annotations

import imaplib
import ssl
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Final, Literal, Protocol, Self

import structlog

from scheduler.invites.errors import MailboxFailure
from scheduler.invites.inbound.limits import MAX_MAIL
from scheduler.invites.text import clean

Security = Literal["none", "starttls", "tls"]
MAX_ATTEMPTS: Final = 3
_AT_A_TIME: Final = 200
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

log = structlog.get_logger()


class LeftUnread(Exception):
    """Raised by a handler for a message of someone else: it stays unread, and no attempt is counted."""


class Attempts(Protocol):
    """Persistent number of attempts per message UID."""

    def known(self, validity: int, unread: Sequence[int]) -> Mapping[int, int]:
        """Return the attempts of the currently unread messages.

        UIDs are valid as long as `validity` is unchanged.
        """

    def begin(self, uid: int) -> int:
        """Record an attempt durably, and return the new count."""

    def taken(self, uid: int) -> None:
        """The message was handled: clear its count."""


@dataclass(slots=True)
class Mailbox:
    """A folder on an IMAP server, as a context manager. `timeout` is in seconds per network wait."""

    host: str
    port: int
    security: Security
    username: str = field(repr=False)
    password: str = field(repr=False)
    folder: str = "INBOX"
    timeout: float = 20.0
    _connection: imaplib.IMAP4 | None = field(default=None, init=False, repr=False)

    def __enter__(self) -> Self:
        try:
            self._connection = self._open()
            self._done(*self._connection.select(f'"{self.folder}"'))
        except (OSError, imaplib.IMAP4.error) as error:
            raise self._failure(error) from None
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        connection, self._connection = self._connection, None
        if connection is None:
            return
        try:
            connection.logout()
        except (OSError, imaplib.IMAP4.error):
            _close(connection)

    def each(
        self,
        handle: Callable[[bytes], None],
        *,
        most: int,
        attempts: Attempts,
        should_stop: Callable[[], bool],
    ) -> int:
        """Handle unread messages, oldest first. Return the number handled, at most `most`.

        A message is marked as read after `handle` returns. It stays unread if the server does not return it,
        if `handle` raises, or if the process dies. It is then retried after all others, and flagged for a
        person after the third attempt. A message for which `handle` raises LeftUnread is left as it is. An
        oversized message is truncated. Raises MailboxFailure.
        """
        try:
            found = self._done(*self._connected().uid("SEARCH", "UNSEEN"))[0].decode("ascii").split()
            unread = [int(uid) for uid in found]
            known = attempts.known(self._validity(), unread)
            tried = {uid: known.get(uid, 0) for uid in unread}
            for uid in unread:
                if tried[uid] >= MAX_ATTEMPTS:
                    self._flag(uid)
            taken = 0
            for uid in sorted(unread, key=lambda uid: (tried[uid], uid)):
                if taken == most or should_stop() or tried[uid] >= MAX_ATTEMPTS:
                    break
                count = attempts.begin(uid)  # counted before the fetch, since the process may die
                try:
                    is_taken = self._is_taken(uid, handle)
                except LeftUnread:
                    attempts.taken(uid)
                    continue
                if is_taken:
                    attempts.taken(uid)
                    taken += 1
                elif count >= MAX_ATTEMPTS:
                    log.error("mail of the mailbox left to a person", uid=uid)
                    self._flag(uid)
            return taken
        except (OSError, imaplib.IMAP4.error) as error:
            raise self._failure(error) from None

    def mark_unread(self, since: datetime) -> int:
        """Mark all messages since this day as unread. Return their number. Raises MailboxFailure."""
        day = since.astimezone(UTC)
        named = f"{day.day}-{_MONTHS[day.month - 1]}-{day.year}"  # RFC 3501, in English in every locale
        try:
            found = self._done(*self._connected().uid("SEARCH", "SEEN", "SINCE", named))[0]
            uids = found.decode("ascii").split()
            for i in range(0, len(uids), _AT_A_TIME):
                some = ",".join(uids[i : i + _AT_A_TIME])
                self._done(*self._connected().uid("STORE", some, "-FLAGS.SILENT", r"(\Seen)"))
            return len(uids)
        except (OSError, imaplib.IMAP4.error) as error:
            raise self._failure(error) from None

    def _validity(self) -> int:
        """Return UIDVALIDITY. UIDs are valid as long as it is unchanged (RFC 3501 2.3.1.1)."""
        _, parts = self._connected().response("UIDVALIDITY")
        return int(parts[0]) if parts and parts[0] else 0

    def _flag(self, uid: int) -> None:
        self._connected().uid("STORE", str(uid), "+FLAGS.SILENT", r"(\Flagged)")

    def _is_taken(self, uid: int, handle: Callable[[bytes], None]) -> bool:
        status, parts = self._connected().uid("FETCH", str(uid), f"(BODY.PEEK[]<0.{MAX_MAIL + 1}>)")
        if status != "OK":
            log.warning("mail not given by the mailbox", uid=uid)
            return False
        raw = next((part[1] for part in parts if isinstance(part, tuple)), None)
        try:
            if raw is not None:
                handle(raw)
        except LeftUnread:
            raise
        except Exception:  # one faulty message must not block the others
            log.exception("mail of the mailbox not taken", uid=uid)
            return False
        self._done(*self._connected().uid("STORE", str(uid), "+FLAGS.SILENT", r"(\Seen)"))
        return True

    def _open(self) -> imaplib.IMAP4:
        context = ssl.create_default_context()
        connection: imaplib.IMAP4
        if self.security == "tls":
            connection = imaplib.IMAP4_SSL(self.host, self.port, ssl_context=context, timeout=self.timeout)
        else:
            connection = imaplib.IMAP4(self.host, self.port, timeout=self.timeout)
        try:
            if self.security == "starttls":
                connection.starttls(context)
            connection.login(self.username, self.password)
        except BaseException:
            _close(connection)
            raise
        return connection

    def _connected(self) -> imaplib.IMAP4:
        if self._connection is None:
            raise MailboxFailure(self.host, "the connection is not open")
        return self._connection

    def _done(self, status: str, parts: list[Any]) -> list[Any]:
        if status != "OK":
            raise imaplib.IMAP4.error(f"{status} {parts!r:.200}")
        return parts

    def _failure(self, error: Exception) -> MailboxFailure:
        return MailboxFailure(f"{self.host}:{self.port}", clean(f"{type(error).__name__}: {error}", 300))


def _close(connection: imaplib.IMAP4) -> None:
    """Close a connection. After a TLS failure there is no socket, which must not mask the original error."""
    with suppress(OSError):
        connection.shutdown()
