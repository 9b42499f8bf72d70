"""Sent emails: their calendars as third parties parse them, compared with the messages."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from functools import cached_property
from typing import cast

from scheduler.domain import bidi
from scheduler.domain.entities import Method
from scheduler.invites.ical.itip import ItipMessage
from tests.interop import readers
from tests.interop.readers import Calendar


@dataclass(frozen=True)
class Sent:
    """An invitation's bytes, and the message and address for which it was rendered."""

    raw: bytes
    message: ItipMessage
    to: str

    @cached_property
    def mail(self) -> EmailMessage:
        return cast("EmailMessage", message_from_bytes(self.raw, policy=default))

    @cached_property
    def calendar(self) -> bytes:
        """The calendar that clients use: the last alternative in the first part (RFC 6047 2.4)."""
        return payload(_calendar_part(self.mail))

    @cached_property
    def organizer(self) -> str:
        """The sender address, to which replies go."""
        return str(self.mail["From"].addresses[0].addr_spec)


def payload(part: EmailMessage) -> bytes:
    return cast("bytes", part.get_payload(decode=True))


def faults(name: str, mails: Sequence[Sent]) -> list[str]:
    """Return the faults that the named reader finds in the calendars."""
    return faults_in(mails, readers.read(name, [each.calendar for each in mails]))


def faults_in(mails: Sequence[Sent], found: Sequence[Calendar]) -> list[str]:
    """Return the faults in a reader's results for the emails."""
    pairs = zip(mails, found, strict=True)
    return [_named(each, fault) for each, calendar in pairs for fault in calendar_faults(each, calendar)]


def faults_around(mails: Sequence[Sent]) -> list[str]:
    """Return the faults of the emails around the calendars."""
    return [_named(each, fault) for each in mails for fault in mail_faults(each)]


def _named(sent: Sent, fault: str) -> str:
    return f"{sent.to}, {sent.message.uid}, SEQUENCE {sent.message.sequence}: {fault}"


def calendar_faults(sent: Sent, calendar: Calendar) -> Iterator[str]:
    yield from calendar.faults
    if len(calendar.events) != 1:
        yield f"it has {len(calendar.events)} events"
        return
    message, content, (event,) = sent.message, sent.message.content, calendar.events
    meant = {
        "METHOD": (calendar.method, message.method.value),
        "UID": (event.uid, message.uid),
        "SEQUENCE": (event.sequence, message.sequence),
        "DTSTAMP": (event.dtstamp, message.dtstamp),
        "DTSTART": (event.start, content.start),
        "DTEND": (event.end, content.end),
        "STATUS": (event.status, _status(message)),
        "SUMMARY": (event.summary, content.summary),
        "LOCATION": (event.location, content.location and bidi.remove_isolates(content.location)),
        "ORGANIZER": (event.organizer, f"mailto:{sent.organizer}"),
        "ATTENDEE": (event.attendees, (f"mailto:{sent.to}",)),
    }
    yield from (
        f"{name} is {found!r}, not {right!r}" for name, (found, right) in meant.items() if found != right
    )


def mail_faults(sent: Sent) -> Iterator[str]:
    """Return violations of RFC 6047, and of mail clients' requirements, in the email around the calendar."""
    mail = sent.mail
    part = _calendar_part(mail)
    attachment = cast("list[EmailMessage]", mail.get_payload())[-1]
    wanted = {"method": sent.message.method.value, "charset": "UTF-8", "component": "VEVENT"}
    rules = {
        "a header or a part is broken": not any(each.defects for each in mail.walk()),
        "a parameter of the calendar part differs": all(part.get_param(n) == v for n, v in wanted.items()),
        "the calendar part has a disposition": part.get_content_disposition() is None,
        "the attachment is another calendar": payload(attachment) == sent.calendar,
        "it is not to the attendee alone": [a.addr_spec for a in mail["To"].addresses] == [sent.to],
    }
    yield from (fault for fault, is_kept in rules.items() if not is_kept)


def _calendar_part(mail: EmailMessage) -> EmailMessage:
    alternatives = cast("list[EmailMessage]", cast("list[EmailMessage]", mail.get_payload())[0].get_payload())
    if alternatives[-1].get_content_type() != "text/calendar":
        raise AssertionError("the last alternative of the first part is no calendar")
    return alternatives[-1]


def _status(message: ItipMessage) -> str | None:
    if message.method is Method.REQUEST:
        return "CONFIRMED"
    return "CANCELLED" if message.meeting_is_off else None
