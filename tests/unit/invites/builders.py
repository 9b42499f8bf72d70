"""Builders of one meeting at an expo in Shanghai: messages, emails and calendars."""

from __future__ import annotations

import email
import email.policy
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from email.message import EmailMessage
from typing import Any

from icalendar import Calendar, Event

from scheduler.domain.entities import Method, Partstat
from scheduler.invites.ical.calendar import Party, build_calendar
from scheduler.invites.ical.content import Content
from scheduler.invites.ical.itip import EntryKey, ItipMessage, SentEntry, TargetEntry
from scheduler.invites.ical.itip_revisions import next_messages
from scheduler.invites.mail.imip import Envelope, RenderedMail, message_id

UID = "5b3c2a7e-8f1d-4c65-9d0e-2f4b6a8c1e33@meet.example"
ATTENDEE_ID = 7
KEY = EntryKey(UID, ATTENDEE_ID)
NOW = datetime(2027, 4, 1, 9, 30, 15, 250_000, tzinfo=UTC)
ORGANIZER = Party("Chain Expo", "meetings+tok3n@meet.example")
ATTENDEE = Party("Nagy, Péter", "peter.nagy@firm.example")


def content(**changes: Any) -> Content:
    values: dict[str, Any] = {
        "start": datetime(2027, 5, 12, 2, 0, tzinfo=UTC),
        "end": datetime(2027, 5, 12, 2, 30, tzinfo=UTC),
        "timezone": "Asia/Shanghai",
        "summary": "Meeting with Huaxin",
        "place_name": "Table 17",
        "hall": "Hall 3",
        "partner_firm": "Huaxin Microelectronics",
        "partner_people": ("Wang Xiaoming", "Li Na"),
        "own_people": ("Kovács Éva",),
        "interpreter": "Zhao Lei",
        "topic": "Power modules",
        "directions": "South entrance,\nlevel 2",
        "event_name": "Chain Expo",
        "agenda_url": "https://meet.example/agenda",
    }
    return Content(**values | changes)


def told(
    shown: Content | None = None,
    *,
    sequence: int = 0,
    method: Method = Method.REQUEST,
    dtstamp: datetime = datetime(2027, 3, 1, tzinfo=UTC),
    partstat: Partstat = Partstat.NEEDS_ACTION,
    key: EntryKey = KEY,
) -> dict[EntryKey, SentEntry]:
    return {key: SentEntry(*key, sequence, dtstamp, method, shown or content(), partstat)}


def wanted(shown: Content | None = None, key: EntryKey = KEY) -> dict[EntryKey, TargetEntry]:
    return {key: TargetEntry(*key, shown or content())}


def only(
    was: Mapping[EntryKey, SentEntry], goal: Mapping[EntryKey, TargetEntry], now: datetime = NOW
) -> ItipMessage:
    (message,) = next_messages(was, goal, now)
    return message


def new() -> ItipMessage:
    return only({}, wanted())


def update(**changes: Any) -> ItipMessage:
    return only(told(), wanted(content(**changes or {"hall": "Hall 5"})))


def details() -> ItipMessage:
    return only(told(partstat=Partstat.ACCEPTED), wanted(content(topic="Power modules and inverters")))


def cancel() -> ItipMessage:
    return only(told(), {})


def told_by(message: ItipMessage, partstat: Partstat | None = None) -> dict[EntryKey, SentEntry]:
    """Return a calendar's state after a message, and after an answer if given."""
    return {
        message.key: SentEntry(
            *message.key,
            message.sequence,
            message.dtstamp,
            message.method,
            message.content,
            partstat or message.partstat,
        )
    }


def envelope(message: ItipMessage, **changes: Any) -> Envelope:
    made = Envelope(
        attendee_name=ATTENDEE.name,
        attendee_email=ATTENDEE.email,
        sender_name="Chainmeet",
        domain="meet.example",
        token="tok3n",
        bounce_token="b0unce",
        message_id=message_id(message, "meet.example"),
    )
    return replace(made, **changes)


def calendar(message: ItipMessage) -> str:
    return build_calendar(message, ORGANIZER, ATTENDEE).decode("utf-8")


def unfolded(octets: bytes | str) -> list[str]:
    text = octets.decode("utf-8") if isinstance(octets, bytes) else octets
    return text.replace("\r\n ", "").removesuffix("\r\n").split("\r\n")


def event_of(octets: bytes | str) -> Event:
    parsed = Calendar.from_ical(octets)
    (event,) = parsed.walk("VEVENT")
    assert isinstance(event, Event)
    return event


def parsed(mail: RenderedMail) -> EmailMessage:
    message = email.message_from_bytes(mail.data, policy=email.policy.SMTP)
    assert isinstance(message, EmailMessage)
    return message


def part(message: EmailMessage, content_type: str) -> EmailMessage:
    (found,) = (leaf for leaf in message.walk() if leaf.get_content_type() == content_type)
    assert isinstance(found, EmailMessage)
    return found
