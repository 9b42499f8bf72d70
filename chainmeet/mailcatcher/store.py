"""Email store: one append-only SQLite file."""

from __future__ import annotations

import re
import sqlite3
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.errors import HeaderParseError
from email.header import Header, decode_header, make_header
from email.parser import BytesHeaderParser
from email.policy import compat32
from pathlib import Path
from typing import Any

_SCHEMA = """
CREATE TABLE IF NOT EXISTS mail (
    id INTEGER PRIMARY KEY,
    received_at TEXT NOT NULL,
    sender TEXT NOT NULL,
    recipients TEXT NOT NULL,
    subject TEXT NOT NULL,
    method TEXT NOT NULL,
    message_id TEXT NOT NULL,
    raw BLOB NOT NULL
)
"""
_ADD = """
INSERT INTO mail (received_at, sender, recipients, subject, method, message_id, raw)
VALUES (?, ?, ?, ?, ?, ?, ?)
"""
_FIND = """
SELECT id, received_at, sender, recipients, subject, method, message_id FROM mail
WHERE instr(casefold(subject || ' ' || sender || ' ' || recipients), :text)
  AND (:to = '' OR instr(' ' || recipients || ' ', ' ' || :to || ' '))
  AND (:before IS NULL OR id < :before)
ORDER BY id DESC LIMIT :limit
"""
_COUNT = """
SELECT count(*) FROM mail
WHERE instr(casefold(subject || ' ' || sender || ' ' || recipients), :text)
  AND (:to = '' OR instr(' ' || recipients || ' ', ' ' || :to || ' '))
"""
_GET = """
SELECT id, received_at, sender, recipients, subject, method, message_id, raw FROM mail WHERE id = ?
"""
_METHOD = re.compile(rb'content-type:\s*text/calendar\b[^\0]{0,200}?method="?([a-z]+)', re.IGNORECASE)
LARGEST_HEAD = 16_384


@dataclass(frozen=True, slots=True)
class Mail:
    """An email in a list. `method` is that of its calendar part (REQUEST, CANCEL), or empty."""

    id: int
    received_at: datetime
    sender: str
    recipients: str
    subject: str
    method: str
    message_id: str


class MailStore:
    """Thread-safe store. When `add` returns, the email is in the OS cache and survives this process."""

    def __init__(self, path: Path) -> None:
        self._lock = threading.Lock()
        self._connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "busy_timeout=10000"):
            self._connection.execute(f"PRAGMA {pragma}")
        self._connection.create_function("casefold", 1, str.casefold, deterministic=True)
        self._connection.execute(_SCHEMA)

    def add(self, sender: str, recipients: Sequence[str], raw: bytes) -> None:
        """Store an email unchanged."""
        head = BytesHeaderParser(policy=compat32).parsebytes(raw[:LARGEST_HEAD])
        subject, message_id = (_readable(head.get(name, "")) for name in ("Subject", "Message-ID"))
        method = _METHOD.search(raw)
        calendar_method = method[1].decode("ascii").upper() if method else ""
        to = " ".join(recipients).lower()
        now = datetime.now(UTC).isoformat(timespec="milliseconds")  # noqa: TID251 -- no database clock here
        with self._lock:
            self._connection.execute(_ADD, (now, sender, to, subject, calendar_method, message_id, raw))

    def find(self, text: str = "", *, to: str = "", before: int | None = None, limit: int = 50) -> list[Mail]:
        """Return emails, newest first. `text` is part of a subject or address, `to` a recipient, `before` an
        id.
        """
        values = {"text": text.casefold(), "to": to.lower(), "before": before, "limit": limit}
        return [_mail(row) for row in self._read(_FIND, values)]

    def count(self, text: str = "", *, to: str = "") -> int:
        """Return the number of emails that `find` would return without a limit."""
        return int(self._read(_COUNT, {"text": text.casefold(), "to": to.lower()})[0][0])

    def get(self, number: int) -> tuple[Mail, bytes] | None:
        """Return an email with its raw bytes."""
        rows = self._read(_GET, (number,))
        return (_mail(rows[0][:7]), bytes(rows[0][7])) if rows else None

    def close(self) -> None:
        self._connection.close()

    def _read(self, statement: str, values: Any) -> list[Any]:
        with self._lock:
            return self._connection.execute(statement, values).fetchall()


def _mail(row: Sequence[Any]) -> Mail:
    number, received_at, *texts = row
    return Mail(number, datetime.fromisoformat(received_at), *texts)


def _readable(value: str | Header) -> str:
    """Unfold and decode a header (RFC 2047). A malformed one is returned undecoded."""
    unfolded = "".join(str(value).splitlines())
    try:
        return str(make_header(decode_header(unfolded)))
    except (HeaderParseError, LookupError, ValueError):
        return unfolded
