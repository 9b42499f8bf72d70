"""Whom a mail was delivered to, as its headers say: a mailbox keeps no envelope."""

from __future__ import annotations

from email.parser import BytesHeaderParser
from email.policy import compat32
from typing import Final

from scheduler.invites.charsets import decode_mail_header

_ADDRESSED: Final = ("Delivered-To", "X-Original-To", "Envelope-To", "X-Envelope-To", "To", "Cc")
_HEAD: Final = 256 * 1024
"""Octets. An answer to all of a long list has a long To, in which our address may be the last one."""
_MAX_HEADERS: Final = 50
"""Of one name."""
_ENCODED: Final = "=?"


def read_addressees(raw: bytes) -> str:
    """The text of the headers that name recipients. Any octets give a result."""
    mail = BytesHeaderParser(policy=compat32).parsebytes(raw[:_HEAD])
    return " ".join(_text(value) for name in _ADDRESSED for value in mail.get_all(name, [])[:_MAX_HEADERS])


def _text(value: object) -> str:
    """A header as it came, with the beginning of what is encoded in it: addresses are not."""
    text = str(value)
    return f"{text} {decode_mail_header(value, 2_000)}" if _ENCODED in text else text
