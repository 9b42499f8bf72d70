"""The calendar of an answer, in every dialect that it comes in: cut and decoded first, then icalendar."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import unquote

from icalendar import Calendar, vDDDTypes, vDuration
from icalendar.cal import Component

from scheduler.invites.inbound.charsets import decode
from scheduler.invites.inbound.limits import MAX_CALENDAR, check_calendar
from scheduler.invites.inbound.model import Participant, ReplyAnswer, UnreadableMail
from scheduler.invites.inbound.parts import MailPart
from scheduler.invites.text import clean, clean_lines

_TYPES: Final = frozenset({"text/calendar", "application/ics", "text/x-vcalendar"})
_FOLD: Final = re.compile(r"(?<!\n)\n++[ \t]")
"""As icalendar folds, over empty lines too: what is checked is what it will read."""
_LARGEST_SEQUENCE: Final = 2**31 - 1
_MAX_ATTENDEES: Final = 100
"""Of one event: we invite one."""
_COMMENT_LIMIT: Final = 1_000


@dataclass(frozen=True, slots=True)
class Scheduling:
    """The content of a mail's calendar parts: one METHOD, and the events without repetition."""

    method: str
    answers: tuple[ReplyAnswer, ...]


def is_calendar(part: MailPart) -> bool:
    """Whether a part is a calendar, by its type or, where a gateway changed that, by its name."""
    return part.content_type in _TYPES or (
        part.content_type in ("application/octet-stream", "text/plain") and part.name.endswith(".ics")
    )


def scheduling(parts: list[MailPart]) -> Scheduling | None:
    """The content of the mail's calendars, or None without one. Raises Unreadable if they cannot be used.

    The same calendar often comes twice, as an alternative and attached (RFC 6047 2.4).
    """
    found = [_read(part) for part in parts if is_calendar(part)]
    if not found:
        return None
    methods = {each.method for each in found}
    if len(methods) > 1:
        raise UnreadableMail("The calendars in the mail have several methods: " + ", ".join(sorted(methods)))
    answers = dict.fromkeys(answer for each in found for answer in each.answers)
    if not answers:
        raise UnreadableMail("The calendar in the mail has no event.")
    return Scheduling(methods.pop(), tuple(answers))


def _read(part: MailPart) -> Scheduling:
    calendars = _parsed(part)
    bodies = {clean(str(_first(each, "METHOD") or ""), 40).upper() for each in calendars} - {""}
    methods = bodies | ({part.method} if part.method else set())
    if len(methods) != 1:
        said = ", ".join(sorted(methods)) or "none"
        raise UnreadableMail(f"The calendar's method is not clear: {said}")
    events = [event for each in calendars for event in each.walk("VEVENT")]
    return Scheduling(methods.pop(), tuple(_answer(event) for event in events))


def _parsed(part: MailPart) -> list[Component]:
    if len(part.octets) > MAX_CALENDAR:
        raise UnreadableMail(f"The calendar in the mail is larger than {MAX_CALENDAR // 1024} KiB.")
    lines = re.sub(r"\r\n?", "\n", decode(part.octets, part.charset))
    unfolded = _FOLD.sub("", lines)
    check_calendar(unfolded)
    found = list(_calendar_lines(unfolded))
    if not found:
        raise UnreadableMail("The calendar in the mail is not complete.")
    try:
        return list(Calendar.from_ical("\r\n".join([*found, ""]), multiple=True))
    except ValueError:
        raise UnreadableMail("The calendar in the mail is broken.") from None


def _calendar_lines(unfolded: str) -> Iterator[str]:
    """The lines of the calendars that are complete.

    Mailing lists and virus scanners write behind the end, some clients before the beginning.
    """
    inside: list[str] | None = None
    for line in unfolded.split("\n"):
        mark = line.rstrip().upper()
        if inside is None and mark == "BEGIN:VCALENDAR":
            inside = []
        if inside is not None:
            inside.append(line)
        if inside is not None and mark == "END:VCALENDAR":
            yield from inside
            inside = None


def _answer(event: Component) -> ReplyAnswer:
    start = _moment(event, "DTSTART")
    return ReplyAnswer(
        uid=clean(str(_only(event, "UID") or ""), 255),
        sequence=_sequence(event),
        dtstamp=_moment(event, "DTSTAMP", _only),
        participants=tuple(_participants(event)),
        comment=clean_lines(str(_first(event, "COMMENT") or ""), _COMMENT_LIMIT),
        start=start,
        end=_end(event, start),
        is_instance=_first(event, "RECURRENCE-ID") is not None,
    )


def _first(component: Component, name: str) -> Any:
    """The value, or the first of several: a property that must come once may come twice."""
    value = component.get(name)
    return value[0] if isinstance(value, list) else value


def _only(component: Component, name: str) -> Any:
    """The value. Several values must be equal: an answer has one UID and one DTSTAMP (RFC 5546 3.2.3)."""
    value = component.get(name)
    if isinstance(value, list) and len({each.to_ical() for each in value}) > 1:
        raise UnreadableMail(f"The answer has more than one {name}.")
    return _first(component, name)


def _sequence(event: Component) -> int | None:
    value = _first(event, "SEQUENCE")
    if value is None:
        return 0  # RFC 5545 3.8.7.4
    digits = str(value).strip()
    number = int(digits) if digits.isascii() and digits.isdigit() and len(digits) <= 10 else -1
    return number if 0 <= number <= _LARGEST_SEQUENCE else None


def _moment(event: Component, name: str, take: Callable[[Component, str], Any] = _first) -> datetime | None:
    """A moment in UTC, or None for a date, a time without a zone, or a value that is not a time."""
    moment = _value(event, name, take)
    if not isinstance(moment, datetime) or moment.tzinfo is None:
        return None
    try:
        return moment.astimezone(UTC).replace(microsecond=0)
    except OverflowError:
        return None


def _end(event: Component, start: datetime | None) -> datetime | None:
    end, length = _moment(event, "DTEND"), _value(event, "DURATION")
    if end is not None or start is None or not isinstance(length, timedelta):
        return end
    try:
        return start + length
    except OverflowError:
        return None


def _value(event: Component, name: str, take: Callable[[Component, str], Any] = _first) -> object:
    """What a time's property stands for, or None if it is broken or not there."""
    value = take(event, name)
    return value.dt if isinstance(value, (vDDDTypes, vDuration)) else None


def _participants(event: Component) -> Iterator[Participant]:
    value = event.get("ATTENDEE")
    attendees = value if isinstance(value, list) else [] if value is None else [value]
    if len(attendees) > _MAX_ATTENDEES:
        raise UnreadableMail(f"The answer names more than {_MAX_ATTENDEES} attendees.")
    for attendee in attendees:
        params = getattr(attendee, "params", {})
        partstat = clean(_text(params.get("PARTSTAT")), 40).upper() or "NEEDS-ACTION"
        comment = clean_lines(_text(params.get("X-RESPONSE-COMMENT")), _COMMENT_LIMIT)
        to = params.get("DELEGATED-TO")
        delegates = to if isinstance(to, list) else [] if to is None else [to]
        yield Participant(
            _address(str(attendee), _text(params.get("EMAIL"))),
            partstat,
            comment,
            tuple(_address(_text(each), "") for each in delegates[:_MAX_ATTENDEES]),
        )


def _address(uri: str, email: str) -> str:
    """The address of a calendar user: a mailto URI, or the EMAIL parameter beside a URN (RFC 7986 6.2)."""
    scheme, _, rest = uri.strip().partition(":")
    if scheme.lower() == "mailto":
        return clean(unquote(rest.partition("?")[0]), 254).strip("<> ").lower()
    return clean(email or uri, 254).strip("<> ").lower()


def _text(value: object) -> str:
    """A parameter's value, or the first of several."""
    first = value[0] if isinstance(value, list) and value else value
    return first if isinstance(first, str) else ""
