"""Lines of the journal about accepted emails: what is needed to correct a calendar later.

A line about a meeting has what a database without it must know to correct that calendar: UID, SEQUENCE,
DTSTAMP and method. A CANCEL also needs the address, the name and what the entry shows. These are personal
data, so they are encrypted with a key derived from the secret key, which is not beside the journal. The file
alone discloses no one, and a copy of an installation with another key can write to no one. Other emails have
a hash of their Message-ID, so that none of them is sent again.
"""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from scheduler.domain.entities import Method
from scheduler.secret_keys import SecretKeys
from scheduler.services.identity import encryption
from scheduler.services.operations.restored_copy import short_hash
from scheduler.services.outbox import payloads
from scheduler.storage.models import OutboxEmail
from scheduler.storage.send_journal import Line

PURPOSE: Final = "journal"
_SHOWN: Final = (Method.REQUEST, Method.CANCEL)
"""Methods that change what a calendar shows."""


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """The last message about an entry of a calendar that the journal has."""

    uid: str
    attendee_id: int
    address_hash: str
    event_id: int
    request_id: int
    sequence: int
    dtstamp: datetime
    method: Method
    ends_at: datetime
    sealed: str

    def opened(self, secret_key: SecretKeys) -> dict[str, Any]:
        """Return address, name, content and the like. Raises UnreadableSecret with another key."""
        text = encryption.decrypt(secret_key, PURPOSE, self.sealed.encode())
        found: dict[str, Any] = json.loads(zlib.decompress(base64.b85decode(text)))
        return found


def journal_line(row: OutboxEmail, epoch: int, secret_key: SecretKeys, *, now: datetime) -> Line:
    """Return the line of an email that the mail server accepted."""
    line: Line = {"e": epoch, "t": now.isoformat(), "m": short_hash(row.message_id)}
    content = payloads.entry_content(row.payload)
    if row.uid is None or row.method not in _SHOWN or content is None or row.dtstamp is None:
        return line
    shown = {
        "to": row.to_address,
        "name": row.to_name,
        "thread": row.thread_id or row.message_id,
        "facts": row.facts,
        "content": row.payload["content"],
        "partstat": row.payload["partstat"],
    }
    return line | {
        "u": row.uid,
        "a": row.payload["attendee_id"],
        "h": short_hash(row.to_address),
        "v": row.event_id,
        "r": row.request_id,
        "s": row.sequence,
        "d": row.dtstamp.isoformat(),
        "k": row.method.value,
        "z": content.end.isoformat(),
        "x": _sealed(shown, secret_key),
    }


def line_key(line: Mapping[str, Any]) -> int | None:
    """Return the number of the key that a line is encrypted with, or None if nothing in it is."""
    return encryption.key_number(line["x"].encode()) if "x" in line else None


def reencrypted(line: Line, number: int, secret_key: SecretKeys) -> Line:
    """Return a line of this key encrypted with the newest one. Others, and unreadable ones, are unchanged."""
    if line_key(line) != number:
        return line
    try:
        text = encryption.decrypt(secret_key, PURPOSE, line["x"].encode())
    except encryption.UnreadableSecret:
        return line
    return {**line, "x": encryption.encrypt(secret_key, PURPOSE, text).decode()}


def erased(
    line: Line, attendees: Collection[int], erase: Callable[[Any], Any], secret_key: SecretKeys
) -> Line:
    """Return a line without a person: without the calendar entry if it is theirs, or without their names.

    `erase` returns a JSON value without the person. Unreadable lines of others are unchanged.
    """
    if line.get("a") in attendees:
        return {name: line[name] for name in ("e", "t", "m")}
    entry = read_entry(line)
    if entry is None:
        return line
    try:
        shown = entry.opened(secret_key)
    except encryption.UnreadableSecret:
        return line
    new = erase(shown)
    return line if new == shown else {**line, "x": _sealed(new, secret_key)}


def _sealed(shown: Mapping[str, Any], secret_key: SecretKeys) -> str:
    text = base64.b85encode(zlib.compress(json.dumps(shown).encode())).decode()
    return encryption.encrypt(secret_key, PURPOSE, text).decode()


def opens(line: Mapping[str, Any], secret_key: SecretKeys) -> bool:
    """Return True if today's keys decrypt what is encrypted in a line."""
    try:
        return "x" not in line or bool(encryption.decrypt(secret_key, PURPOSE, line["x"].encode()))
    except encryption.UnreadableSecret:
        return False


def read_entry(line: Mapping[str, Any]) -> JournalEntry | None:
    """Return the entry of a line, or None if it is about no calendar."""
    if "u" not in line:
        return None
    return JournalEntry(
        uid=line["u"],
        attendee_id=line["a"],
        address_hash=line["h"],
        event_id=line["v"],
        request_id=line["r"],
        sequence=line["s"],
        dtstamp=datetime.fromisoformat(line["d"]),
        method=Method(line["k"]),
        ends_at=datetime.fromisoformat(line["z"]),
        sealed=line["x"],
    )
