"""Parser for WebDAV multistatus responses (RFC 4918 13, RFC 4791) from untrusted servers.

Uses expat. A document type declaration aborts parsing, so there is no entity expansion.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final
from xml.parsers import expat

from scheduler.i18n import gettext_lazy
from scheduler.invites.busy.model import UnusableCalendar
from scheduler.invites.text import clean

MAX_ITEMS: Final = 20_000
MAX_DEPTH: Final = 32
DAV, CALDAV = "DAV: ", "urn:ietf:params:xml:ns:caldav "
_RESPONSE: Final = f"{DAV}response"
_BROKEN: Final = gettext_lazy("The calendar server's response is not CalDAV.")

_TOO_MANY: Final = gettext_lazy(
    "The calendar server lists more than %(most)s entries.", most=f"{MAX_ITEMS:,}"
)
_STATUS: Final = re.compile(r"HTTP/\d(?:\.\d)? ([1-5]\d\d)(?!\d)")
NAME_LIMIT: Final = 80

_TEXTS: Final = {
    (_RESPONSE, f"{DAV}href"): "href",
    (_RESPONSE, f"{DAV}status"): "status",
    (f"{DAV}prop", f"{DAV}displayname"): "name",
    (f"{DAV}current-user-principal", f"{DAV}href"): "principal",
    (f"{CALDAV}calendar-home-set", f"{DAV}href"): "home",
    (f"{DAV}prop", f"{CALDAV}calendar-data"): "calendar",
}
"""(parent element, element) of each text to extract."""


@dataclass(frozen=True, slots=True)
class DavItem:
    """One resource of a multistatus. URLs are as the server wrote them, or empty.

    `has_events` is None if the server does not state the calendar's component types. `status` is that of the
    resource as a whole, or 0 if only its properties have one. 507 means that the listing is truncated (RFC
    6578 3.6).
    """

    href: str = ""
    status: int = 0
    name: str = ""
    principal: str = ""
    home: str = ""
    is_calendar: bool = False
    has_events: bool | None = None
    calendar: str = ""


def read_multistatus(octets: bytes) -> tuple[DavItem, ...]:
    """Return the resources of a multistatus in document order. Raises UnusableCalendar for anything else."""
    reader = _Reader()
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.text
    parser.StartDoctypeDeclHandler = reader.refuse
    try:
        parser.Parse(octets, True)
    except (expat.ExpatError, ValueError, LookupError):
        raise UnusableCalendar(_BROKEN) from None
    if reader.root != f"{DAV}multistatus":
        raise UnusableCalendar(_BROKEN)
    return tuple(reader.items)


@dataclass(slots=True)
class _Reader:
    root: str = ""
    path: list[str] = field(default_factory=list)
    items: list[DavItem] = field(default_factory=list)
    texts: dict[str, list[str]] = field(default_factory=dict)
    kept: str = ""
    """Key of the text being read, or empty."""
    is_calendar: bool = False
    has_events: bool | None = None

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if len(self.path) >= MAX_DEPTH:
            raise UnusableCalendar(_BROKEN)
        if len(self.items) >= MAX_ITEMS:
            raise UnusableCalendar(_TOO_MANY)
        around = self.path[-1] if self.path else ""
        self.root = self.root or name
        self.path.append(name)
        if name == _RESPONSE:
            self.texts, self.is_calendar, self.has_events = {}, False, None
        self.kept = _TEXTS.get((around, name), "")
        if (around, name) == (f"{DAV}resourcetype", f"{CALDAV}calendar"):
            self.is_calendar = True
        if name == f"{CALDAV}comp":
            self.has_events = bool(self.has_events) or attributes.get("name", "").upper() == "VEVENT"

    def end(self, name: str) -> None:
        self.path.pop()
        self.kept = ""
        if name == _RESPONSE:
            said = {key: "".join(parts).strip() for key, parts in self.texts.items()}
            status = _STATUS.match(said.pop("status", ""))
            item = DavItem(
                href=said.get("href", ""),
                status=int(status[1]) if status else 0,
                name=clean(said.get("name", ""), NAME_LIMIT),
                principal=said.get("principal", ""),
                home=said.get("home", ""),
                is_calendar=self.is_calendar,
                has_events=self.has_events,
                calendar=said.get("calendar", ""),
            )
            self.items.append(item)

    def text(self, text: str) -> None:
        if self.kept:
            self.texts.setdefault(self.kept, []).append(text)

    def refuse(self, *_: object) -> None:
        raise UnusableCalendar(_BROKEN)
