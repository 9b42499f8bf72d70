"""Limits checked before parsing: the standard library's parsers would recurse or run for minutes."""

from __future__ import annotations

import re
from typing import Final

from scheduler.i18n import gettext_lazy
from scheduler.invites.inbound.model import UnreadableEmail

MAX_MAIL: Final = 5 * 1024 * 1024
"""Octets of an email."""
MAX_LINES: Final = 100_000
MAX_PARTS: Final = 100
MAX_DEPTH: Final = 20
"""Multiparts and enclosed messages together, an upper bound on the nesting depth."""
MAX_LINE: Final = 256 * 1024
"""Octets of a line. Some clients write a whole calendar on one line."""
MAX_HEADER: Final = 4_000
"""Octets of a parsed header. Parsing time grows with the square."""
MAX_OTHER_HEADER: Final = 64 * 1024
"""Octets of any other header. Mail servers add long traces."""
MAX_CALENDAR: Final = 256 * 1024
"""Octets of a calendar part."""
MAX_COMPONENTS: Final = 60
MAX_EVENTS: Final = 10

# Matches header-like lines in the body too, which errs on the safe side.
_READ: Final = re.compile(
    rb"(?im)^(content-[a-z-]+|from|subject|message-id|auto-submitted|precedence|x-failed-recipients)"
    rb":[^\n]*+(?:\n[ \t][^\n]*+)*+"
)
_OTHER: Final = re.compile(rb"(?m)^[!-9;-~]++:[^\n]*+(?:\n[ \t][^\n]*+)*+")
_ENCLOSING: Final = re.compile(rb"(?i)boundary|:\s*+message/")
_NAME: Final = re.compile("[:;]")
_NAME_LIMIT: Final = 80
"""Characters of a line that are searched for its name."""
_RECURRENCE: Final = ("RRULE", "EXRULE", "RDATE")
_YEARLY: Final = re.compile(
    r"(?i)RRULE:(?:(?:FREQ=YEARLY|(?:BY(?:HOUR|MINUTE|SECOND)=\d{1,2})"
    r"|(?:BY(?:MONTH|DAY|MONTHDAY|SETPOS|YEARDAY|WEEKNO)|INTERVAL|COUNT|UNTIL|WKST)=[\w,+-]{1,80})(?:;|$))+"
)
"""At most one hour, minute and second: a zone changes twice a year."""


def check_mail(lines: bytes) -> None:
    """Check the limits of an email with LF line ends: size, depth and parts. Raises UnreadableEmail."""
    if len(lines) > MAX_MAIL:
        raise UnreadableEmail(
            gettext_lazy("The email is larger than %(most)s MB.", most=MAX_MAIL // 1024 // 1024)
        )
    if lines.count(b"\n") > MAX_LINES:
        raise UnreadableEmail(gettext_lazy("The email has more than %(most)s lines.", most=MAX_LINES))
    if any(len(line) > MAX_LINE for line in lines.split(b"\n")):
        raise UnreadableEmail(
            gettext_lazy("The email has a line of more than %(most)s KB.", most=MAX_LINE // 1024)
        )
    read = [(match[1].lower(), match[0]) for match in _READ.finditer(lines)]
    types = [header for name, header in read if name == b"content-type"]
    if len(types) > MAX_PARTS:
        raise UnreadableEmail(gettext_lazy("The email has more than %(most)s parts.", most=MAX_PARTS))
    if any(len(header) > MAX_HEADER for _, header in read) or any(
        len(match[0]) > MAX_OTHER_HEADER for match in _OTHER.finditer(_head(lines))
    ):
        raise UnreadableEmail(gettext_lazy("The email has a header that is too long."))
    if sum(_ENCLOSING.search(header) is not None for header in types) > MAX_DEPTH:
        raise UnreadableEmail(
            gettext_lazy("The email has more than %(most)s parts inside parts.", most=MAX_DEPTH)
        )


def _head(lines: bytes) -> bytes:
    return lines.partition(b"\n\n")[0]


def check_calendar(unfolded: str) -> None:
    """Check an unfolded calendar against limits. Raises UnreadableEmail for one that cannot be a reply to us.

    Our meetings do not recur. A time zone has rules and dates of its own (RFC 5545 3.6.5). They must be
    yearly, since other rules can expand to millions of instances.
    """
    components: list[str] = []
    in_zone = False
    for line in unfolded.split("\n"):
        name = _NAME.split(line[:_NAME_LIMIT], 1)[0].strip().upper()
        if name in ("BEGIN", "END"):
            component = line.rpartition(":")[2].strip().upper()
            in_zone = name == "BEGIN" if component == "VTIMEZONE" else in_zone
            components += [component] if name == "BEGIN" else []
        elif name in _RECURRENCE and not (in_zone and _fits_a_zone(name, line.strip())):
            raise UnreadableEmail(
                gettext_lazy("The calendar contains a recurring event. Meetings here don't recur.")
            )
    if components.count("VEVENT") > MAX_EVENTS or len(components) > MAX_COMPONENTS:
        raise UnreadableEmail(
            gettext_lazy("The calendar contains more than %(most)s entries.", most=MAX_EVENTS)
        )


def _fits_a_zone(name: str, line: str) -> bool:
    return name == "RDATE" or _YEARLY.fullmatch(line) is not None
