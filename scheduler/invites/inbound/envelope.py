"""Whom a mail was delivered to, as its headers say: a mailbox keeps no envelope."""

from __future__ import annotations

from email.parser import BytesHeaderParser
from email.policy import compat32
from typing import Final

from scheduler.invites.inbound.charsets import header

_ADDRESSED: Final = ("Delivered-To", "X-Original-To", "Envelope-To", "X-Envelope-To", "To", "Cc")
_HEAD: Final = 65_536
_MAX_HEADERS: Final = 50
"""Of one name."""


def addressees(raw: bytes) -> str:
    """The text of the headers that name recipients. Any octets give a result."""
    mail = BytesHeaderParser(policy=compat32).parsebytes(raw[:_HEAD])
    return " ".join(
        header(value, 2_000) for name in _ADDRESSED for value in mail.get_all(name, [])[:_MAX_HEADERS]
    )
