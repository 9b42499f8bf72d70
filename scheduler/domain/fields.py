"""Field types: the limits of all user and API input, defined once.

Service and page forms, API models, columns and input attributes all use them. The constraints are those of
annotated-types, which Pydantic understands: a model's `topic: Topic` is validated against the limits.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from functools import cache
from typing import Annotated, Any, get_args, get_type_hints

from annotated_types import Interval, Len

from scheduler.domain.errors import Fault, InvalidInput
from scheduler.i18n import gettext_lazy

# Common fields
Key = Annotated[str, Len(1, 64)]
Email = Annotated[str, Len(3, 254)]
"""RFC 5321, 4.5.3.1.3: 256 octets for a path, including its brackets."""
Language = Annotated[str, Len(0, 8)]
Timezone = Annotated[str, Len(0, 64)]
TypedTimezone = Annotated[str, Len(0, 100)]
"""As shown on a page, with country and offset."""
Search = Annotated[str, Len(0, 200)]
Cursor = Annotated[str, Len(0, 2_000)]
PageSize = Annotated[int, Interval(ge=1, le=200)]
Number = Annotated[int, Interval(ge=1, le=2**31 - 1)]
"""Number of a run or version, within the range of its column."""
Count = Annotated[int, Interval(ge=0, le=1_000_000)]
"""A counter: a number within an event, a position or a SEQUENCE. It can grow beyond this."""

# Firms and people
FirmName = Annotated[str, Len(1, 200)]
PersonName = Annotated[str, Len(1, 120)]
Picked = Annotated[str, Len(0, 300)]
"""Input that identifies one firm or person: a key, a name, or both."""
HallName = Annotated[str, Len(0, 120)]
PauseName = Annotated[str, Len(1, 60)]
TablePrefix = Annotated[str, Len(0, 20)]
NewTables = Annotated[int, Interval(ge=1, le=200)]
NewInterpreters = Annotated[int, Interval(ge=1, le=50)]
FirstTable = Annotated[int, Interval(ge=0, le=9_999)]
Capacity = Annotated[int, Interval(ge=0, le=500)]
ChangeoverMinutes = Annotated[int, Interval(ge=0, le=60)]
GuestName = Annotated[str, Len(1, 120)]
HallKey = Annotated[str, Len(1, 32)]
TableName = Annotated[str, Len(0, 120)]
CellText = Annotated[str, Len(0, 200)]
"""Replacement text for a spreadsheet cell."""
Booth = Annotated[str, Len(0, 64)]
Country = Annotated[str, Len(2, 2)]
Description = Annotated[str, Len(0, 4_000)]
Website = Annotated[str, Len(0, 200)]
Thing = Annotated[str, Len(1, 80)]
"""Product or service that a firm offers, needs or makes, in a few words."""
Things = Annotated[list[Thing], Len(0, 12)]
Pavilion = Annotated[str, Len(0, 120)]
DelegationName = Annotated[str, Len(1, 120)]
Origin = Annotated[str, Len(0, 120)]
JobTitle = Annotated[str, Len(0, 120)]
Phone = Annotated[str, Len(0, 40)]
MeetingsPerDay = Annotated[int, Interval(ge=0, le=99_999)]

# Meeting requests and responses
Topic = Annotated[str, Len(1, 200)]
Message = Annotated[str, Len(0, 2_000)]
Priority = Annotated[int, Interval(ge=1, le=5)]
LengthInSlots = Annotated[int, Interval(ge=1, le=100)]
"""No event has longer blocks. The service checks the blocks of the event."""
StartSlots = Annotated[list[Key], Len(0, 1_000)]
TemplateName = Annotated[str, Len(0, 60)]
NamedPeople = Annotated[list[Key], Len(0, 5)]
"""Per side of a request."""
Note = Annotated[str, Len(0, 1_000)]
DeclineReason = Annotated[str, Len(1, 200)]
"""Why a firm's registration is declined."""
Comment = Annotated[str, Len(0, 1_000)]

# Meeting outcomes
Amount = Annotated[int, Interval(ge=1, le=999_999_999_999)]
"""Whole units of the currency."""
AmountText = Annotated[str, Len(0, 20)]
"""As typed, possibly with thousands separators."""
CURRENCIES = (
    "CNY", "USD", "EUR", "HUF", "GBP", "JPY", "HKD", "KRW", "SGD", "AED", "AUD", "BRL", "CAD",
    "CHF", "CZK", "DKK", "IDR", "INR", "KZT", "MXN", "MYR", "NOK", "NZD", "PHP", "PKR", "PLN",
    "RON", "RSD", "RUB", "SAR", "SEK", "THB", "TRY", "TWD", "UAH", "UZS", "VND", "ZAR",
)  # fmt: skip
"""Supported ISO 4217 codes."""
Currency = Annotated[str, Len(3, 3)]

# Events and their settings
EventKey = Annotated[str, Len(3, 64)]
EventName = Annotated[str, Len(1, 200)]
Contact = Annotated[str, Len(0, 200)]
NoticeParty = Annotated[str, Len(1, 200)]
"""The controller, or their contact, in a privacy notice."""
NoticeText = Annotated[str, Len(1, 10_000)]
NoticePart = Annotated[str, Len(1, 500)]
"""One part of the notice of transfers abroad."""
ComplianceAnswerText = Annotated[str, Len(0, 2_000)]
"""Short enough for the audit log to have it whole before and after a change, in any script."""
Colour = Annotated[str, Len(0, 7)]
"""Hex code of a colour, with or without `#`."""
SenderName = Annotated[str, Len(0, 80)]
BrandHeadline = Annotated[str, Len(0, 120)]
BrandTagline = Annotated[str, Len(0, 300)]
AreaName = Annotated[str, Len(1, 80)]
AreaNames = Annotated[list[AreaName], Len(0, 50)]
Days = Annotated[int, Interval(ge=1, le=14)]
SlotMinutes = Annotated[int, Interval(ge=5, le=240)]
Halls = Annotated[int, Interval(ge=1, le=40)]
TablesPerHall = Annotated[int, Interval(ge=0, le=100)]
WalkingMinutes = Annotated[int, Interval(ge=0, le=120)]
FreezeHours = Annotated[int, Interval(ge=0, le=240)]
MustBudget = Annotated[int, Interval(ge=0, le=200)]
RequestDays = Annotated[int, Interval(ge=1, le=365)]
MailPerMinute = Annotated[int, Interval(ge=1, le=60_000)]
HoldMinutes = Annotated[int, Interval(ge=0, le=120)]
"""How long publishing is delayed, so that it can be undone."""
RemindMinutes = Annotated[int, Interval(ge=0, le=1_440)]
"""Before a meeting: at most a day."""
MinutesLate = Annotated[int, Interval(ge=0, le=240)]
"""How late an attendee arrives."""
LateMinutes = Annotated[int, Interval(ge=1, le=600)]
Percent = Annotated[int, Interval(ge=0, le=100)]
Factor = Annotated[int, Interval(ge=0, le=1_000_000)]
ChangesAPerson = Annotated[int, Interval(ge=0, le=100)]
QuietHours = Annotated[int, Interval(ge=0, le=240)]

# Runs
SolveSeconds = Annotated[int, Interval(ge=5, le=3_600)]
"""Default for runs. A run started manually may be shorter."""
RunSeconds = Annotated[int, Interval(ge=1, le=3_600)]
MaxMoved = Annotated[int, Interval(ge=0, le=100_000)]
MeetingLimit = Annotated[int, Interval(ge=1, le=1_000)]
"""Meetings of a person in a row."""
DayLimit = Annotated[int, Interval(ge=1, le=100)]
"""Days on which a person has meetings."""
CallNote = Annotated[str, Len(0, 500)]
"""Result of a phone call."""
RunNote = Annotated[str, Len(0, 200)]
PauseReason = Annotated[str, Len(0, 200)]
"""Why operators paused the site."""
"""Purpose of a run, as entered by the person who starts it."""
Budget = Annotated[int, Interval(ge=0, le=100_000)]
WhatIfName = Annotated[str, Len(1, 80)]
WhatIfSeconds = Annotated[int, Interval(ge=5, le=600)]

# Customised email texts
MailSubject = Annotated[str, Len(1, 150)]
MailHeadline = Annotated[str, Len(1, 150)]
MailNote = Annotated[str, Len(0, 1_500)]
MailFooter = Annotated[str, Len(0, 500)]
MailDirections = Annotated[str, Len(0, 1_000)]

# Calendars and tokens
CalendarAddress = Annotated[str, Len(1, 2_000)]
CalendarLogin = Annotated[str, Len(1, 200)]
"""User name at a calendar server, or an app password."""
CalendarName = Annotated[str, Len(0, 253)]
"""Host of a fetched calendar (RFC 1035, 2.3.4), or file name of an uploaded one."""
PasskeyName = Annotated[str, Len(1, 120)]
TokenName = Annotated[str, Len(1, 120)]
WebhookName = Annotated[str, Len(1, 120)]
WebhookUrl = Annotated[str, Len(1, 2_000)]

TEXTS = tuple({kind for kind in list(globals().values()) if get_args(kind)[:1] == (str,)})
"""Fields that hold a single text. A column of that type fits the longest."""

NUMBERS = tuple({kind for kind in list(globals().values()) if get_args(kind)[:1] == (int,)})
"""Fields that hold a single integer."""


@dataclass(frozen=True, slots=True)
class Range:
    """Inclusive range of a number, or of the number of characters or items if `is_size`."""

    least: int
    most: int
    is_size: bool

    def hold(self, value: Any) -> bool:
        return self.least <= (len(value) if self.is_size else value) <= self.most

    def sentence(self, value: Any) -> str:
        """Return the error text for a value outside the range. It follows the field's name."""
        if not self.is_size:
            return gettext_lazy("enter a value from %(least)s to %(most)s", least=self.least, most=self.most)
        if len(value) < self.least:
            return gettext_lazy("enter %(least)s to %(most)s characters", least=self.least, most=self.most)
        return gettext_lazy("enter at most %(most)s characters", most=self.most)


@cache
def limits(kind: Any) -> Range:
    """Return the limits of a field type above."""
    constraint = get_args(kind)[1]
    if isinstance(constraint, Len):
        return Range(constraint.min_length, constraint.max_length or 0, is_size=True)
    return Range(constraint.ge, constraint.le, is_size=False)


def check_field(path: str, value: Any, kind: Any) -> Iterator[Fault]:
    """Yield a fault if a text or number is outside its limits."""
    if not limits(kind).hold(value):
        yield Fault(path, limits(kind).sentence(value))


def check_items(path: str, values: list[str], kind: Any) -> Iterator[Fault]:
    """Yield a fault if a list has too many texts, and one for the first text that is too long."""
    most = limits(kind).most
    if len(values) > most:
        yield Fault(
            path, gettext_lazy("enter at most %(most)s lines, not %(count)s", count=len(values), most=most)
        )
    room = limits(get_args(get_args(kind)[0])[0]).most
    for text in values:
        if len(text) > room:
            said = gettext_lazy(
                "shorten the line “%(text)s” to at most %(most)s characters",
                text=f"{text[:30]}…",
                most=room,
            )
            yield Fault(path, said)
            return


def require_valid(path: str, value: Any, kind: Any) -> None:
    """Raise InvalidInput if a text or number is outside its limits."""
    if found := list(check_field(path, value, kind)):
        raise InvalidInput(found)


def limited_fields(form: Any) -> dict[str, Any]:
    """Return the fields of a dataclass form that have limits."""
    hints = get_type_hints(form, include_extras=True)
    return {each.name: hints[each.name] for each in fields(form) if hasattr(hints[each.name], "__metadata__")}


def check_form(form: Any) -> Iterator[Fault]:
    """Yield a fault for each text or number of a form that is outside its limits."""
    for name, kind in limited_fields(type(form)).items():
        yield from check_field(name, getattr(form, name), kind)
