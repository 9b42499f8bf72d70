"""Emails of the corpus, adapted to reply to an invitation that was sent, in their original encoding."""

from __future__ import annotations

import base64
import codecs
import quopri
import re
from collections.abc import Callable

from scheduler.storage.models import OutboxEmail
from tests.support import replies
from tests.support.factories import NOW
from tests.unit.invites.builders import UID

PETER = "peter.nagy@firm.example"
# Times of the corpus in UTC and Shanghai: the meeting in the first slot of an event, a COUNTER in the third.
TIMES = {
    "20270512T020000": "20261207T010000",
    "20270512T023000": "20261207T013000",
    "20270512T060000": "20261207T020000",
    "20270512T063000": "20261207T023000",
    "20270512T140000": "20261207T100000",
    "20270512T143000": "20261207T103000",
}
_HEAD = rb"(?im)^(content-transfer-encoding: *%s\r?\n(?:[^\r\n]+\r?\n)*\r?\n)(%s)"
_BASE64 = re.compile(_HEAD % (b"base64", rb"(?:[a-z0-9+/=]+(?:\r?\n|\Z))+"))
_QUOTED = re.compile(_HEAD % (b"quoted-printable", rb"(?:(?!--).*\n)+"))


def box(raw: bytes) -> str:
    """Return the local part before the token of the address that a corpus email is sent to."""
    return "bounces" if b"bounces+tok3n@" in raw else "meetings"


def addressed(raw: bytes, row: OutboxEmail) -> bytes:
    """Return a corpus email with the meeting, attendee and token of an email that was sent."""
    names = _names(row)
    mail = _BASE64.sub(_inside(names, base64.b64decode, base64.encodebytes), _replaced(raw, names))
    return _QUOTED.sub(_inside(names, quopri.decodestring, quopri.encodestring), mail)


def _inside(
    names: dict[str, str], decode: Callable[[bytes], bytes], encode: Callable[[bytes], bytes]
) -> Callable[[re.Match[bytes]], bytes]:
    """Return a function that replaces names in encoded parts. Other parts stay byte-identical."""

    def replaced(found: re.Match[bytes]) -> bytes:
        octets = decode(found[2])
        changed = _replaced(octets, names)
        lines = encode(changed).replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
        return found[0] if changed == octets else found[1] + lines

    return replaced


def _names(row: OutboxEmail) -> dict[str, str]:
    """Return the replacements of corpus texts. Addresses and domains are matched case-insensitively."""
    assert row.uid is not None
    return TIMES | {
        UID: row.uid,
        "SEQUENCE:2": f"SEQUENCE:{row.payload['sequence']}",
        "20270402T080000Z": f"{NOW:%Y%m%dT%H%M}01Z",
        PETER: row.to_address,
        PETER.replace("@", "%40"): row.to_address.replace("@", "%40"),
        "meetings+tok3n@meet.example": replies.address(row),
        "bounces+tok3n@meet.example": replies.address(row, "bounces"),
        "<first@meet.example>": row.message_id,
    }


def _replaced(octets: bytes, names: dict[str, str]) -> bytes:
    if octets.startswith(codecs.BOM_UTF16_LE):
        inner = octets.decode("utf-16").encode("utf-8")
        return codecs.BOM_UTF16_LE + _replaced(inner, names).decode("utf-8").encode("utf-16-le")
    pattern = b"|".join(rb"%s(?![0-9])" % re.escape(name.encode()) for name in names)
    named = re.compile(pattern, re.IGNORECASE)
    return named.sub(lambda found: _in_case(found[0].decode(), names).encode(), octets)


def _in_case(found: str, names: dict[str, str]) -> str:
    """Return the replacement of a name. Mixed case stays mixed, because clients change it."""
    if found in names:
        return names[found]
    return {name.lower(): given for name, given in names.items()}[found.lower()].title()
