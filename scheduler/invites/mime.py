"""Mail by the byte: the headers are folded by `email`, the frame is ours, so that a retry is the same mail.

`EmailMessage` takes 7 ms for this shape and makes a random boundary; the tests hold the two against
each other.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.policy import SMTP
from email.utils import format_datetime
from functools import lru_cache

from scheduler.invites import text


@dataclass(frozen=True, slots=True)
class RenderedMail:
    """A mail ready to send: envelope addresses, its Message-ID, and its bytes with CRLF."""

    from_addr: str
    to_addr: str
    message_id: str
    data: bytes


@lru_cache(maxsize=8192)
def mailbox(name: str, display_name: str, email: str) -> bytes:
    """A header of one mailbox, such as From or To, folded, with CRLF."""
    shown = text.clean(display_name, text.NAME_LIMIT)
    return _folded(name, (Address(display_name=shown, addr_spec=text.address(email)),))


def subject(value: str) -> bytes:
    """The Subject header, folded, with CRLF; RFC 2047 where it is not ASCII."""
    return _folded("Subject", text.clean(value, 250))


def stamp(moment: datetime, message_id: str, thread_id: str | None) -> bytes:
    """Date, Message-ID and the thread; Auto-Submitted keeps out-of-office answers quiet (RFC 3834)."""
    lines = [f"Date: {format_datetime(moment)}", f"Message-ID: {text.message_id(message_id)}"]
    if thread_id and thread_id != message_id:
        first = text.message_id(thread_id)
        lines += [f"In-Reply-To: {first}", f"References: {first}"]
    lines += ["Auto-Submitted: auto-generated", "MIME-Version: 1.0", ""]
    return "\r\n".join(lines).encode("ascii")


def leaf(content_type: str, body: bytes, *, disposition: str = "") -> bytes:
    """A part in base64; `content_type` and `disposition` are our own ASCII."""
    head = f"Content-Type: {content_type}\r\nContent-Transfer-Encoding: base64\r\n"
    if disposition:
        head += f"Content-Disposition: {disposition}\r\n"
    return head.encode("ascii") + b"\r\n" + base64.encodebytes(body).replace(b"\n", b"\r\n")


def text_leaf(subtype: str, body: str) -> bytes:
    """A text part in UTF-8 with CRLF line ends."""
    return leaf(f"text/{subtype}; charset=UTF-8", body.replace("\n", "\r\n").encode("utf-8"))


def multipart(subtype: str, seed: str, parts: Sequence[bytes]) -> bytes:
    """A multipart whose boundary comes from the seed; no base64 line can be that boundary."""
    boundary = "=_" + hashlib.sha256(f"{subtype} {seed}".encode()).hexdigest()[:24]
    head = f'Content-Type: multipart/{subtype}; boundary="{boundary}"\r\n\r\n'.encode("ascii")
    mark = f"--{boundary}\r\n".encode("ascii")
    framed = b"".join(mark + part + b"\r\n" for part in parts)
    return head + framed + f"--{boundary}--\r\n".encode("ascii")


def _folded(name: str, value: object) -> bytes:
    folded: str = SMTP.header_factory(name, value).fold(policy=SMTP)
    return folded.encode("ascii")
