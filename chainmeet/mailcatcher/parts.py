"""MIME parts of an email, for its page and for tests."""

from __future__ import annotations

import re
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage

from markupsafe import Markup, escape

_LINK = re.compile(r"https?://[^\s<>\"']+[^\s<>\"'.,;:)\]]")


@dataclass(frozen=True, slots=True)
class Parts:
    """Headers and decoded parts of an email. A missing part is empty."""

    headers: tuple[tuple[str, str], ...]
    text: str
    html: str
    calendar: str


def read_parts(raw: bytes) -> Parts:
    """Parse an email. Undecodable bytes become replacement characters."""
    message = message_from_bytes(raw, policy=policy.default)
    found = {"text/plain": "", "text/html": "", "text/calendar": ""}
    for part in message.walk():
        kind = part.get_content_type()
        if found.get(kind) == "" and part.get_content_disposition() != "attachment":
            found[kind] = _decoded(part)
    headers = tuple((name, str(value)) for name, value in message.items())
    return Parts(headers, found["text/plain"], found["text/html"], found["text/calendar"])


def linked(text: str) -> Markup:
    """Return plain text as HTML with its URLs as links."""
    result, last = Markup(), 0
    for match in _LINK.finditer(text):
        url = match[0]
        result += escape(text[last : match.start()])
        result += Markup('<a href="{}" rel="noreferrer">{}</a>').format(url, url)
        last = match.end()
    return result + escape(text[last:])


def _decoded(part: EmailMessage) -> str:
    content = part.get_payload(decode=True)
    if not isinstance(content, bytes):
        return ""
    try:
        return content.decode(part.get_content_charset() or "utf-8", "replace")
    except LookupError:
        return content.decode("utf-8", "replace")
