"""The parts of an email, flattened. Content of an enclosed message is excluded, as it has another author."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes
from email.message import Message
from email.policy import compat32
from typing import Any, Final

from scheduler.i18n import gettext_lazy
from scheduler.invites.charsets import decode_text
from scheduler.invites.inbound.limits import MAX_PARTS, check_mail
from scheduler.invites.inbound.model import UnreadableEmail
from scheduler.invites.text import clean

_PARAMETERS: Final = {
    name: re.compile(rf"(?i);\s*+{name}\s*+\*?+\s*+=\s*+\"?+([^\s\";]+)")
    for name in ("method", "charset", "name", "filename", "report-type", "smime-type")
}
_PARAMETER_LIMIT: Final = 250
_HTML_LIMIT: Final = 20_000
_UNSEEN: Final = re.compile(r"(?i)<(style|script|title)\b|<!--")
_ENDS: Final = {
    "!--": re.compile("-->"),
    **{name: re.compile(rf"(?i)</{name} ?>") for name in ("style", "script", "title")},
}
_BREAKING: Final = re.compile(r"(?i)<(?:p|br|div|tr|li|h[1-6])\b[^<>]*>")
_TAG: Final = re.compile(r"<[^<>]*>")


@dataclass(frozen=True, slots=True)
class MailPart:
    """One non-multipart part. Fields other than type and octets are parameters, or empty."""

    content_type: str
    method: str
    charset: str
    name: str
    octets: bytes
    smime_type: str = ""

    @property
    def text(self) -> str:
        """The part as text, HTML without tags."""
        shown = decode_text(self.octets, self.charset)
        return _without_tags(shown[:_HTML_LIMIT]) if self.content_type == "text/html" else shown


def parse_email(raw: bytes) -> Message[str, str]:
    """Parse an email with the standard library. Raises UnreadableEmail if it exceeds a limit."""
    lines = raw.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    check_mail(lines)
    return message_from_bytes(lines, policy=compat32)


def own_parts(mail: Message[str, str]) -> list[MailPart]:
    """Return the leaf parts in order. An enclosed message is one leaf without octets."""
    leaves: list[MailPart] = []
    for leaf in _leaves(mail):
        if len(leaves) == MAX_PARTS:
            raise UnreadableEmail(gettext_lazy("The email has more than %(most)s parts.", most=MAX_PARTS))
        leaves.append(_part(leaf))
    return leaves


def read_parameter(content_type: str, name: str) -> str:
    """Return a cleaned, short parameter of Content-Type or Content-Disposition, or an empty string."""
    found = _PARAMETERS[name].search(content_type)
    return clean(found[1], _PARAMETER_LIMIT) if found else ""


def _leaves(mail: Message[str, str]) -> Iterator[Message[str, str]]:
    payload: Any = mail.get_payload()
    if mail.get_content_maintype() == "multipart" and isinstance(payload, list):
        for child in payload:
            yield from _leaves(child)
    else:
        yield mail


def _part(leaf: Message[str, str]) -> MailPart:
    content_type = str(leaf.get("Content-Type", ""))
    disposition = str(leaf.get("Content-Disposition", ""))
    octets: Any = None if leaf.is_multipart() else leaf.get_payload(decode=True)
    return MailPart(
        content_type=leaf.get_content_type(),
        method=clean(read_parameter(content_type, "method"), 40).upper(),
        charset=read_parameter(content_type, "charset"),
        name=(read_parameter(disposition, "filename") or read_parameter(content_type, "name")).lower(),
        octets=octets if isinstance(octets, bytes) else b"",
        smime_type=read_parameter(content_type, "smime-type").lower(),
    )


def _without_tags(markup: str) -> str:
    """Return the visible text of HTML. The standard library's parser stops at some malformed markup."""
    shown = _BREAKING.sub("\n", "".join(_seen(" ".join(markup.split()))))
    return html.unescape(_TAG.sub("", shown))


def _seen(markup: str) -> Iterator[str]:
    """Yield the markup outside style, script, title and comments.

    A missing end tag is searched only once per name.
    """
    at, start = 0, 0
    without_end: set[str] = set()
    while opening := _UNSEEN.search(markup, at):
        name = (opening[1] or "!--").lower()
        end = None if name in without_end else _ENDS[name].search(markup, opening.end())
        at = end.end() if end else opening.end()
        if end:
            yield markup[start : opening.start()]
            start = at
        else:
            without_end.add(name)
    yield markup[start:]
