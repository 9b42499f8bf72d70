"""VCALENDAR of one iTIP message: one VEVENT, one ATTENDEE, one VTIMEZONE (RFC 5546 3.2.2, 3.2.5)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from zoneinfo import ZoneInfo

from scheduler.domain import bidi
from scheduler.domain.entities import Method, Partstat
from scheduler.invites.catalogue import load_words
from scheduler.invites.ical.content import Content
from scheduler.invites.ical.itip import ItipMessage
from scheduler.invites.ical.lines import (
    escape_text,
    fold_lines,
    format_utc,
    is_utc,
    quote_parameter,
    time_line,
)
from scheduler.invites.ical.view import description
from scheduler.invites.ical.zones import same_offset, vtimezone
from scheduler.invites.text import address, clean, clean_parameter

PRODID: Final = "-//Chainmeet//Chainmeet Scheduler//EN"
_UTC: Final = ZoneInfo("UTC")
# Percent-encoded in mailto URIs (RFC 6068 2). The rest is kept, since clients compare addresses as text.
_URI = str.maketrans({"%": "%25", "?": "%3F", "#": "%23"})


@dataclass(frozen=True, slots=True)
class Party:
    """A calendar user: a display name and an email address."""

    name: str
    email: str


def build_calendar(
    message: ItipMessage, organizer: Party, attendee: Party, *, remind_minutes: int = 0
) -> bytes:
    """Return the calendar object of one message, deterministically. METHOD is that of the message.

    `organizer` has the address that receives this attendee's replies. An invitation has an alarm
    `remind_minutes` before the start, unless that is 0. Raises InvalidInput for an unusable address.
    """
    content = message.content
    head = ["BEGIN:VCALENDAR", "VERSION:2.0", f"PRODID:{PRODID}", f"METHOD:{message.method.value}"]
    event = [
        "BEGIN:VEVENT",
        f"UID:{escape_text(clean(message.uid, 255))}",
        f"DTSTAMP:{format_utc(message.dtstamp)}",
        f"SEQUENCE:{message.sequence}",
        *meeting_lines(content),
        calendar_user("ORGANIZER", organizer),
        calendar_user(_attendee(message), attendee),
        *_state(message),
        *_alarm(message, remind_minutes),
        "END:VEVENT",
        "END:VCALENDAR",
    ]
    zone = calendar_zone(content)
    definition = b"" if is_utc(zone.key) else vtimezone(zone.key, content.start, content.end)
    return fold_lines(head) + definition + fold_lines(event)


def meeting_lines(content: Content) -> list[str]:
    """Return the properties shared by emails and feeds: times, texts and the agenda's URL."""
    zone = calendar_zone(content)
    lines = [
        time_line("DTSTART", content.start, zone),
        time_line("DTEND", content.end, zone),
        f"SUMMARY:{escape_text(content.summary)}",
        # libical rejects an empty LOCATION or SUMMARY. A Content always has a title.
        # Calendars look a LOCATION up on maps, so it has no isolates.
        *([f"LOCATION:{escape_text(bidi.remove_isolates(content.location))}"] if content.location else []),
        f"DESCRIPTION:{escape_text(description(content, load_words(content.language)))}",
    ]
    return [*lines, f"URL:{content.agenda_url}"] if content.agenda_url else lines


def calendar_zone(content: Content) -> ZoneInfo:
    """Return the zone for a meeting's times: the venue's, or UTC where local time would be ambiguous.

    That is if the offset changes during the meeting, or in the second run of a repeated hour.
    """
    if not same_offset(content.timezone, content.start, content.end):
        return _UTC
    is_second_run = content.start.astimezone(content.zone).fold or content.end.astimezone(content.zone).fold
    return _UTC if is_second_run else content.zone


def calendar_user(name: str, party: Party) -> str:
    """Return ORGANIZER or ATTENDEE, with CN as the last parameter and a bare mailto URI (RFC 6047 2.3)."""
    shown = clean_parameter(party.name)
    common_name = f";CN={quote_parameter(shown)}" if shown else ""
    return f"{name}{common_name}:mailto:{address(party.email).translate(_URI)}"


def _attendee(message: ItipMessage) -> str:
    common = f"ATTENDEE;CUTYPE=INDIVIDUAL;ROLE=REQ-PARTICIPANT;PARTSTAT={message.partstat.value}"
    if message.method is not Method.REQUEST:
        return common
    return f"{common};RSVP={'TRUE' if message.partstat is Partstat.NEEDS_ACTION else 'FALSE'}"


def _alarm(message: ItipMessage, minutes: int) -> list[str]:
    """Return a DISPLAY alarm (RFC 5545 3.6.6). Only a REQUEST has one (RFC 5546 3.2)."""
    if minutes < 1 or message.method is not Method.REQUEST:
        return []
    shown = [
        "ACTION:DISPLAY",
        f"TRIGGER:-PT{minutes}M",
        f"DESCRIPTION:{escape_text(message.content.summary)}",
    ]
    return ["BEGIN:VALARM", *shown, "END:VALARM"]


def _state(message: ItipMessage) -> list[str]:
    if message.method is Method.REQUEST:
        refuses = "FALSE" if message.content.proposals else "TRUE"
        busy = ["STATUS:CONFIRMED", "TRANSP:OPAQUE", "X-MICROSOFT-CDO-BUSYSTATUS:BUSY"]
        return [*busy, f"X-MICROSOFT-DISALLOW-COUNTER:{refuses}"]
    if message.method is Method.DECLINECOUNTER:
        return []
    # STATUS only if the meeting is cancelled for everyone (RFC 5546 3.2.5).
    off = ["STATUS:CANCELLED"] if message.meeting_is_off else []
    return [*off, "TRANSP:TRANSPARENT", "X-MICROSOFT-CDO-BUSYSTATUS:FREE"]
