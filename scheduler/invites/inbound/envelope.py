"""Recipients of an email according to its headers, since a mailbox does not keep the envelope."""

from __future__ import annotations

from email.parser import BytesHeaderParser
from email.policy import compat32
from typing import Final

from scheduler.invites.charsets import decode_mail_header

_ADDRESSED: Final = ("Delivered-To", "X-Original-To", "Envelope-To", "X-Envelope-To", "To", "Cc")
_HEAD: Final = 256 * 1024
"""Octets. A reply to all of a long list has a long To header, which may end with our address."""
_MAX_HEADERS: Final = 50
"""Per header name."""
_ENCODED: Final = "=?"


def read_addressees(raw: bytes) -> str:
    """Return the text of all recipient headers. Never raises."""
    mail = BytesHeaderParser(policy=compat32).parsebytes(raw[:_HEAD])
    return " ".join(_text(value) for name in _ADDRESSED for value in mail.get_all(name, [])[:_MAX_HEADERS])


def _text(value: object) -> str:
    """Return the raw header, plus its decoded form if it has encoded words. Addresses are never encoded."""
    text = str(value)
    return f"{text} {decode_mail_header(value, 2_000)}" if _ENCODED in text else text
