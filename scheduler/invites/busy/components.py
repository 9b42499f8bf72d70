"""Parser for components and the content lines relevant to busy times (RFC 5545 3.1, 3.4).

icalendar is not used: it builds every property of every event, fails on irrelevant malformed lines, and
expands time zone rules without a limit.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from scheduler.i18n import gettext_lazy
from scheduler.invites.busy.model import UnusableCalendar
from scheduler.invites.charsets import decode_text

MAX_COMPONENTS: Final = 60_000
MAX_LINES: Final = 600_000
"""Relevant lines. Ten MiB of real events have a third of this."""
MAX_DEPTH: Final = 4
MAX_LINE: Final = 128 * 1024
"""Characters of a relevant line after unfolding."""

_NEEDED: Final = frozenset(
    ("ATTENDEE", "BEGIN", "DTEND", "DTSTART", "DURATION", "END", "EXDATE", "EXRULE", "FREEBUSY", "PRIORITY",
     "RDATE", "RECURRENCE-ID", "RRULE", "SEQUENCE", "STATUS", "SUMMARY", "TRANSP", "TZID", "TZOFFSETFROM",
     "TZOFFSETTO", "UID", "X-MICROSOFT-CDO-BUSYSTATUS")
)  # fmt: skip
_NAME: Final = re.compile(r"[A-Za-z0-9-]++(?=[;:])")
# No group per character, since `re` keeps state for each.
_PARAMETER: Final = re.compile(r';([A-Za-z0-9-]++)=([^";:]*+(?:"[^"]*+"[^";:]*+)*+)')


@dataclass(frozen=True, slots=True)
class ContentLine:
    """A property value with its parameters. Parameter names are upper case, their values unquoted."""

    value: str
    parameters: dict[str, str]


@dataclass(slots=True)
class Component:
    """A component with its relevant lines by property name, and its child components."""

    name: str
    lines: defaultdict[str, list[ContentLine]] = field(default_factory=lambda: defaultdict(list))
    children: list[Component] = field(default_factory=list)

    def first(self, name: str) -> ContentLine | None:
        """Return the first line of a property, or None. A property that must occur once may be repeated."""
        lines = self.lines.get(name)
        return lines[0] if lines else None

    def text(self, name: str) -> str:
        """Return the property's value without surrounding space, or an empty string."""
        line = self.first(name)
        return line.value.strip() if line else ""


def parse_calendars(octets: bytes) -> list[Component]:
    """Return every complete VCALENDAR, ignoring anything around them. Raises UnusableCalendar."""
    lines = re.sub(r"\r\n?", "\n", decode_text(octets))
    found: list[Component] = []
    open_: list[Component] = []
    count = lines_count = 0
    for name, text in _needed(re.sub(r"\n[ \t]", "", lines)):
        if name == "BEGIN":
            count += 1
            component = Component(text.partition(":")[2].strip().upper())
            if len(open_) > MAX_DEPTH:
                raise UnusableCalendar(gettext_lazy("The calendar has entries that are nested too deeply."))
            if count > MAX_COMPONENTS:
                raise UnusableCalendar(
                    gettext_lazy("The calendar has more than %(most)s entries.", most=f"{MAX_COMPONENTS:,}")
                )
            if open_ or component.name == "VCALENDAR":
                open_.append(component)
        elif name == "END" and open_:
            _close(open_, text.partition(":")[2].strip().upper(), found)
        elif open_:
            lines_count += 1
            if lines_count > MAX_LINES:
                raise UnusableCalendar(
                    gettext_lazy("The calendar has more than %(most)s lines.", most=f"{MAX_LINES:,}")
                )
            open_[-1].lines[name].append(_line(text))
    if open_:
        raise UnusableCalendar(gettext_lazy("The calendar is incomplete: its end is missing."))
    if not found:
        raise UnusableCalendar(
            gettext_lazy(
                "This is not a calendar file (BEGIN:VCALENDAR is missing). Export the calendar again."
            )
        )
    return found


def _needed(unfolded: str) -> Iterator[tuple[str, str]]:
    for text in unfolded.split("\n"):
        match = _NAME.match(text)
        name = match[0].upper() if match else ""
        if name not in _NEEDED:
            continue
        if len(text) > MAX_LINE:
            raise UnusableCalendar(
                gettext_lazy(
                    "The calendar has a line longer than %(most)s KB (%(name)s).",
                    most=MAX_LINE // 1024,
                    name=name,
                )
            )
        yield name, text


def _close(open_: list[Component], name: str, found: list[Component]) -> None:
    component = open_.pop()
    if component.name != name:
        raise UnusableCalendar(
            gettext_lazy(
                "The calendar is damaged: %(begun)s ends as %(ended)s.",
                begun=ascii(component.name[:40]),
                ended=ascii(name[:40]),
            )
        )
    if open_:
        open_[-1].children.append(component)
    else:
        found.append(component)


def _line(text: str) -> ContentLine:
    """Parse a content line (RFC 5545 3.1). A quoted parameter value may contain a colon."""
    name = _NAME.match(text)
    at, parameters = name.end() if name else 0, {}
    while match := _PARAMETER.match(text, at):
        parameters[match[1].upper()] = match[2].replace('"', "")
        at = match.end()
    is_whole = text[at : at + 1] == ":"
    return ContentLine(text[at + 1 :] if is_whole else text.partition(":")[2], parameters)
