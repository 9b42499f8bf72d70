"""What is refused before any parser sees it: the standard library's would recurse, or work for minutes."""

from __future__ import annotations

import re
from typing import Final

from scheduler.invites.inbound.model import Unreadable

MAX_MAIL: Final = 5 * 1024 * 1024
"""Octets of a mail."""
MAX_LINES: Final = 100_000
MAX_PARTS: Final = 100
MAX_DEPTH: Final = 20
"""Multiparts and enclosed messages, in any order: no mail can be nested deeper than it has of them."""
MAX_HEADER: Final = 4_000
"""Characters of one Content-Type; the parser's work grows with their square."""
MAX_CALENDAR: Final = 256 * 1024
"""Octets of a calendar part."""
MAX_COMPONENTS: Final = 60
MAX_EVENTS: Final = 10

_CONTENT_TYPE: Final = re.compile(rb"(?im)^content-type:[^\n]*(?:\n[ \t][^\n]*)*")
_ENCLOSING: Final = re.compile(rb"(?i)boundary|:\s*message/")
_BEGIN: Final = re.compile(r"(?im)^begin:\s*(\w*)")
_RULE: Final = re.compile(r"(?im)^(?:RRULE|EXRULE|RDATE)[;:].*$")
_YEARLY: Final = re.compile(
    r"(?i)RRULE:(?:(?:FREQ=YEARLY|(?:BYMONTH|BYDAY|BYMONTHDAY|INTERVAL|COUNT|UNTIL|WKST)=[\w,+-]+)(?:;|$))+"
)


def check_mail(lines: bytes) -> None:
    """Raise Unreadable for a mail (line ends are LF) that is too large, too deep or has too many parts."""
    if len(lines) > MAX_MAIL:
        raise Unreadable(f"The mail is larger than {MAX_MAIL // 1024 // 1024} MiB.")
    if lines.count(b"\n") > MAX_LINES:
        raise Unreadable(f"The mail has more than {MAX_LINES} lines.")
    types = [match[0] for match in _CONTENT_TYPE.finditer(lines)]
    if len(types) > MAX_PARTS:
        raise Unreadable(f"The mail has more than {MAX_PARTS} parts.")
    if any(len(header) > MAX_HEADER for header in types):
        raise Unreadable("The mail has a header that is too long.")
    if sum(_ENCLOSING.search(header) is not None for header in types) > MAX_DEPTH:
        raise Unreadable(f"The mail has more than {MAX_DEPTH} parts inside parts.")


def check_calendar(unfolded: str) -> None:
    """Raise Unreadable for a calendar (one content line a line) that we would not send an answer to.

    Our meetings do not recur; a rule of a time zone is yearly, and any other one may stand for
    millions of moments.
    """
    names = [match[1].upper() for match in _BEGIN.finditer(unfolded)]
    if names.count("VEVENT") > MAX_EVENTS or len(names) > MAX_COMPONENTS:
        raise Unreadable(f"The calendar has more than {MAX_EVENTS} events.")
    if not all(_YEARLY.fullmatch(match[0].strip()) for match in _RULE.finditer(unfolded)):
        raise Unreadable("The calendar is about a series; our meetings do not recur.")
