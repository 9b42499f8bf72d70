"""Copies of a meeting for calendars that the invitation did not reach: file, compose URL, plain text.

The file has the UID and SEQUENCE of the invitation, so that it updates an existing entry. Google and Outlook
compose URLs create copies without a UID. No URL contains a token.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from html import escape
from typing import Final
from urllib.parse import urlencode

from scheduler.domain import bidi
from scheduler.domain.emails.calendar_imports import CalendarImportMethod
from scheduler.invites.catalogue import load_words
from scheduler.invites.ical.calendar import PRODID, Party, calendar_user, calendar_zone, meeting_lines
from scheduler.invites.ical.content import Content
from scheduler.invites.ical.feed import FeedEvent
from scheduler.invites.ical.lines import escape_text, fold_lines, format_utc, is_utc
from scheduler.invites.ical.view import content_rows
from scheduler.invites.ical.zones import vtimezone
from scheduler.invites.text import cap, clean

_ADDRESS_LIMIT: Final = 2_000
"""URL length accepted by every browser and both services."""
_DETAILS: Final = (1_200, 600, 300, 150, 60, 0)
"""Lengths of the details to try, since a Chinese character takes nine in a URL."""
_OUTLOOK: Final = {
    CalendarImportMethod.OUTLOOK: "https://outlook.live.com/calendar/0/deeplink/compose",
    CalendarImportMethod.MICROSOFT_365: "https://outlook.office.com/calendar/0/deeplink/compose",
}

FORM_ADDRESSES: Final = (CalendarImportMethod.GOOGLE, *_OUTLOOK)
"""Methods that open another site's prefilled compose form."""


def published_copy(event: FeedEvent, organizer: Party) -> bytes:
    """Return the meeting as a calendar file with METHOD:PUBLISH (RFC 5546 3.2.1). It requests no reply."""
    content = event.content
    zone = calendar_zone(content)
    head = ["BEGIN:VCALENDAR", "VERSION:2.0", f"PRODID:{PRODID}", "METHOD:PUBLISH"]
    body = [
        "BEGIN:VEVENT",
        f"UID:{escape_text(clean(event.uid, 255))}",
        f"DTSTAMP:{format_utc(event.revised)}",
        f"SEQUENCE:{event.sequence}",
        *meeting_lines(content),
        calendar_user("ORGANIZER", organizer),
        "STATUS:CONFIRMED",
        "TRANSP:OPAQUE",
        "END:VEVENT",
        "END:VCALENDAR",
    ]
    definition = b"" if is_utc(zone.key) else vtimezone(zone.key, content.start, content.end)
    return fold_lines(head) + definition + fold_lines(body)


def form_address(content: Content, way: CalendarImportMethod) -> str:
    """Return the URL of a compose form prefilled with the meeting, within the length limit."""
    made = ""
    for size in _DETAILS:
        made = _google(content, size) if way is CalendarImportMethod.GOOGLE else _outlook(content, way, size)
        if len(made) <= _ADDRESS_LIMIT:
            break
    return made


def plain_copy(content: Content) -> str:
    """Return the meeting as plain text to paste anywhere."""
    language = load_words(content.language)
    said = (f"{label}{language.colon}{value}" for label, value in content_rows(content, language))
    return "\n".join((content.summary, *said))


def _google(content: Content, size: int) -> str:
    times = f"{format_utc(content.start)}/{format_utc(content.end)}"
    asked = {"action": "TEMPLATE", "text": content.summary, "dates": times, "ctz": content.timezone}
    asked |= {"location": bidi.remove_isolates(content.location), "details": _details(content, size, "\n")}
    return f"https://calendar.google.com/calendar/render?{urlencode(asked)}"


def _outlook(content: Content, way: CalendarImportMethod, size: int) -> str:
    asked = {"path": "/calendar/action/compose", "rru": "addevent", "subject": content.summary}
    asked |= {"startdt": _extended(content.start), "enddt": _extended(content.end)}
    asked |= {"location": bidi.remove_isolates(content.location), "body": _details(content, size, "<br>")}
    return f"{_OUTLOOK[way]}?{urlencode(asked)}"


def _details(content: Content, size: int, line_break: str) -> str:
    """Return the details in at most `size` characters. Outlook interprets them as HTML."""
    shown = cap("\n".join(_about(content)), size) if size else ""
    shown = escape(shown) if line_break != "\n" else shown
    return shown.replace("\n", line_break)


def _about(content: Content) -> Iterator[str]:
    language = load_words(content.language)
    if content.agenda_url:
        yield content.agenda_url
    yield from (f"{label}{language.colon}{value}" for label, value in content_rows(content, language)[1:])


def _extended(moment: datetime) -> str:
    """Return RFC 3339 time: 2027-06-22T01:30:00Z."""
    return f"{moment:%Y-%m-%dT%H:%M:%S}Z"
