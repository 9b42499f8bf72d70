"""Calendar parts of inbound replies, in all dialects: trimmed and decoded, then parsed with icalendar."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final
from urllib.parse import unquote

from icalendar import Calendar, vDDDTypes, vDuration
from icalendar.cal import Component
from icalendar.error import GloballyUniqueTZIDGuessed

from scheduler.i18n import gettext_lazy
from scheduler.invites.busy import components
from scheduler.invites.busy.model import StepBudget, UnusableCalendar
from scheduler.invites.busy.zones import Zones
from scheduler.invites.charsets import decode_text
from scheduler.invites.inbound.limits import MAX_CALENDAR, check_calendar
from scheduler.invites.inbound.model import CalendarReply, Participant, UnreadableEmail
from scheduler.invites.inbound.parts import MailPart
from scheduler.invites.text import clean, clean_lines

# icalendar guesses zones such as /freeassociation.sourceforge.net/Asia/Shanghai; `TimeZones` resolves them
warnings.filterwarnings("ignore", category=GloballyUniqueTZIDGuessed)

_TYPES: Final = frozenset({"text/calendar", "application/ics", "text/x-vcalendar"})
_FOLD: Final = re.compile(r"(?<!\n)\n++[ \t]")
"""Unfolds like icalendar, also across empty lines, so that the checks see what it will parse."""
_UTC_IN_A_ZONE: Final = re.compile(
    r'(?im)^((?:DTSTART|DTEND|DTSTAMP|RECURRENCE-ID)(?:;(?!TZID=)[^:;"\n]*+)*+);TZID=(?:"[^"\n]*+"|[^";:\n]*+)'
    r'((?:;[^:;"\n]*+)*+:\d{8}T\d{6}Z)[ \t]*$'
)
"""A UTC time with a TZID: UTC wins (RFC 5545 3.2.19)."""
_LARGEST_SEQUENCE: Final = 2**31 - 1
_MAX_ATTENDEES: Final = 100
"""Per event. Our invitations have one."""
_COMMENT_LIMIT: Final = 1_000
_ZONE_STEPS: Final = 50_000
"""Step budget for one time, many times what a real zone takes."""


@dataclass(frozen=True, slots=True)
class Scheduling:
    """The calendar parts of an email: one METHOD, and the events without duplicates."""

    method: str
    answers: tuple[CalendarReply, ...]


def is_calendar(part: MailPart) -> bool:
    """Return True if a part is a calendar, by its type or, if a gateway changed that, by its file name."""
    return part.content_type in _TYPES or (
        part.content_type in ("application/octet-stream", "text/plain") and part.name.endswith(".ics")
    )


def read_scheduling(parts: list[MailPart]) -> Scheduling | None:
    """Return the email's calendar content, or None without one. Raises UnreadableEmail if it is unusable.

    The same calendar is often included twice, as an alternative and as an attachment (RFC 6047 2.4).
    """
    found = [_read(part) for part in parts if is_calendar(part)]
    if not found:
        return None
    methods = {each.method for each in found}
    if len(methods) > 1:
        raise UnreadableEmail(
            gettext_lazy(
                "The calendars in the email have several methods: %(methods)s",
                methods=", ".join(sorted(methods)),
            )
        )
    answers = dict.fromkeys(answer for each in found for answer in each.answers)
    if not answers:
        raise UnreadableEmail(gettext_lazy("The calendar in the email contains no meeting."))
    return Scheduling(methods.pop(), tuple(answers))


def _read(part: MailPart) -> Scheduling:
    calendars = _parsed(part)
    bodies = {clean(str(_first(each, "METHOD") or ""), 40).upper() for each, _ in calendars} - {""}
    methods = bodies | ({part.method} if part.method else set())
    if len(methods) != 1:
        if not methods:
            raise UnreadableEmail(gettext_lazy("The calendar has no method."))
        raise UnreadableEmail(
            gettext_lazy("The calendar has several methods: %(methods)s", methods=", ".join(sorted(methods)))
        )
    answers = [_answer(event, zones) for each, zones in calendars for event in each.walk("VEVENT")]
    return Scheduling(methods.pop(), tuple(answers))


def _parsed(part: MailPart) -> list[tuple[Component, TimeZones]]:
    """Return the part's calendars, each with its own time zones. A TZID is scoped to its calendar."""
    if len(part.octets) > MAX_CALENDAR:
        raise UnreadableEmail(
            gettext_lazy("The calendar in the email is larger than %(most)s KB.", most=MAX_CALENDAR // 1024)
        )
    lines = re.sub(r"\r\n?", "\n", decode_text(part.octets, part.charset))
    unfolded = _FOLD.sub("", lines)
    check_calendar(unfolded)
    found = list(_calendars(unfolded))
    if not found:
        raise UnreadableEmail(gettext_lazy("The calendar in the email isn't complete."))
    parsed: list[tuple[Component, TimeZones]] = []
    try:
        for each in found:
            zones = TimeZones.of(each)
            text = _UTC_IN_A_ZONE.sub(r"\1\2", "\n".join(_without_zones(each)))
            parsed += [(one, zones) for one in Calendar.from_ical(text + "\n", multiple=True)]
    except ValueError:
        raise UnreadableEmail(gettext_lazy("The calendar in the email can't be read.")) from None
    return parsed


@dataclass(frozen=True, slots=True)
class TimeZones:
    """The VTIMEZONEs of one calendar, hidden from icalendar, which caches a TZID for all later emails."""

    definitions: tuple[components.Component, ...]

    @classmethod
    def of(cls, lines: list[str]) -> TimeZones:
        try:
            found = components.parse_calendars("\n".join(lines).encode("utf-8", "replace"))
        except UnusableCalendar:
            return cls(())
        inside = (child for each in found for child in each.children)
        return cls(tuple(child for child in inside if child.name == "VTIMEZONE"))

    def to_utc(self, local: datetime, tzid: str) -> datetime | None:
        """Convert a local time with a TZID to UTC. None if the zone cannot be resolved.

        The calendar's own definition takes precedence over a known name, since the sender computed with it.
        """
        budget = StepBudget(_ZONE_STEPS)
        try:
            zones = Zones(self.definitions, local.replace(tzinfo=UTC), local.replace(tzinfo=UTC), budget)
            return zones.defined_first(tzid).to_utc(local)
        except (UnusableCalendar, ValueError, OverflowError):
            return None


def _without_zones(lines: list[str]) -> Iterator[str]:
    is_inside = False
    for line in lines:
        mark = line.strip().upper()
        is_inside = is_inside or mark == "BEGIN:VTIMEZONE"
        if not is_inside:
            yield line
        is_inside = is_inside and mark != "END:VTIMEZONE"


def _calendars(unfolded: str) -> Iterator[list[str]]:
    """Yield the lines of each complete calendar.

    Mailing lists and virus scanners append text after the end, some clients add text before the start.
    """
    inside: list[str] | None = None
    for line in unfolded.split("\n"):
        mark = line.rstrip().upper()
        if inside is None and mark == "BEGIN:VCALENDAR":
            inside = []
        if inside is not None:
            inside.append(line)
        if inside is not None and mark == "END:VCALENDAR":
            yield inside
            inside = None


def _first(component: Component, name: str) -> Any:
    """Return the first value of a property. A property that must occur once may be repeated."""
    value = component.get(name)
    return value[0] if isinstance(value, list) else value


def _only(component: Component, name: str) -> Any:
    """Return the single value of a property: a reply has one UID and one DTSTAMP (RFC 5546 3.2.3).

    Raises UnreadableEmail if several values differ.
    """
    value = component.get(name)
    if isinstance(value, list) and len({each.to_ical() for each in value}) > 1:
        raise UnreadableEmail(gettext_lazy("The reply has more than one %(property)s.", property=name))
    return _first(component, name)


def _answer(event: Component, zones: TimeZones) -> CalendarReply:
    start, end = _time(event, "DTSTART", zones), _time(event, "DTEND", zones)
    stamp, instance = _time(event, "DTSTAMP", zones, _only), _time(event, "RECURRENCE-ID", zones)
    return CalendarReply(
        uid=clean(str(_only(event, "UID") or ""), 255),
        sequence=_sequence(event),
        dtstamp=None if stamp.is_day else stamp.utc,
        has_local_stamp=stamp.is_zoneless,
        participants=tuple(_participants(event)),
        comment=clean_lines(str(_first(event, "COMMENT") or ""), _COMMENT_LIMIT),
        start=start.utc,
        end=_end(event, start.utc) if end.utc is None else end.utc,
        is_day=start.is_day,
        is_zoneless=start.is_zoneless,
        has_unknown_zone=start.has_unknown_zone,
        instance=None if instance.is_day else instance.utc,
        is_instance=_first(event, "RECURRENCE-ID") is not None,
    )


@dataclass(frozen=True, slots=True)
class _Time:
    """A time in UTC, or the reason why there is none. A date is its midnight, with an unknown zone."""

    utc: datetime | None = None
    is_day: bool = False
    is_zoneless: bool = False
    has_unknown_zone: bool = False


def _time(
    event: Component, name: str, zones: TimeZones, take: Callable[[Component, str], Any] = _first
) -> _Time:
    """Return a property's time, empty if the value is not a time."""
    value = take(event, name)
    moment = value.dt if isinstance(value, vDDDTypes) else None
    if isinstance(moment, date) and not isinstance(moment, datetime):
        return _Time(datetime(moment.year, moment.month, moment.day, tzinfo=UTC), is_day=True)
    if not isinstance(moment, datetime):
        return _Time()
    local = moment.replace(tzinfo=None, microsecond=0)
    tzid = _text(getattr(value, "params", {}).get("TZID"))
    if tzid and tzid.upper() != "UTC":
        utc = zones.to_utc(local, tzid)
        return _Time(utc, has_unknown_zone=utc is None)
    if moment.tzinfo is None:
        return _Time(is_zoneless=True)
    try:
        return _Time(moment.astimezone(UTC).replace(microsecond=0))
    except OverflowError:
        return _Time()


def _sequence(event: Component) -> int | None:
    value = _first(event, "SEQUENCE")
    if value is None:
        return 0  # RFC 5545 3.8.7.4
    digits = str(value).strip()
    number = int(digits) if digits.isascii() and digits.isdigit() and len(digits) <= 10 else -1
    return number if 0 <= number <= _LARGEST_SEQUENCE else None


def _end(event: Component, start: datetime | None) -> datetime | None:
    """Return the end computed from DURATION, used if there is no DTEND."""
    value = _first(event, "DURATION")
    length = value.dt if isinstance(value, (vDDDTypes, vDuration)) else None
    if start is None or not isinstance(length, timedelta):
        return None
    try:
        return start + length
    except OverflowError:
        return None


def _participants(event: Component) -> Iterator[Participant]:
    value = event.get("ATTENDEE")
    attendees = value if isinstance(value, list) else [] if value is None else [value]
    if len(attendees) > _MAX_ATTENDEES:
        raise UnreadableEmail(
            gettext_lazy("The reply names more than %(most)s attendees.", most=_MAX_ATTENDEES)
        )
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
    """Return a calendar user's address: a mailto URI, or the EMAIL parameter beside a URN (RFC 7986 6.2)."""
    scheme, _, rest = uri.strip().partition(":")
    if scheme.lower() == "mailto":
        return clean(unquote(rest.partition("?")[0]), 254).strip("<> ").lower()
    return clean(email or uri, 254).strip("<> ").lower()


def _text(value: object) -> str:
    """Return a parameter's value, or the first of several."""
    first = value[0] if isinstance(value, list) and value else value
    return first if isinstance(first, str) else ""
