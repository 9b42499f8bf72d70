"""Fields: the limits of what people and programs type, each once.

Forms of services and pages, models of the API, columns and the attributes of inputs all read them here. The
constraints are those of annotated-types, which Pydantic understands: a model's `topic: Topic` has the limits.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from functools import cache
from typing import Annotated, Any, get_args, get_type_hints

from annotated_types import Interval, Len

from scheduler.domain.errors import Fault, InvalidInput
from scheduler.i18n import gettext_lazy

# What everything has
Key = Annotated[str, Len(1, 64)]
Email = Annotated[str, Len(3, 254)]
"""RFC 5321, 4.5.3.1.3: 256 octets of a path, with its brackets."""
Language = Annotated[str, Len(0, 8)]
Timezone = Annotated[str, Len(0, 64)]
TypedTimezone = Annotated[str, Len(0, 100)]
"""As a page shows it: with its country and its offset."""
Search = Annotated[str, Len(0, 200)]
Cursor = Annotated[str, Len(0, 2_000)]
PageSize = Annotated[int, Interval(ge=1, le=200)]
Number = Annotated[int, Interval(ge=1, le=2**31 - 1)]
"""Of a run or a version: what a column can hold."""
Count = Annotated[int, Interval(ge=0, le=1_000_000)]
"""What goes up by one each time: a number in its event, a place in an order, a SEQUENCE. More can follow."""

# Firms and people
FirmName = Annotated[str, Len(1, 200)]
PersonName = Annotated[str, Len(1, 120)]
Picked = Annotated[str, Len(0, 300)]
"""What is typed where one firm or person is meant: a key, a name, or both."""
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
"""What is read instead of a cell of a spreadsheet."""
Booth = Annotated[str, Len(0, 64)]
Country = Annotated[str, Len(2, 2)]
Description = Annotated[str, Len(0, 4_000)]
Website = Annotated[str, Len(0, 200)]
Thing = Annotated[str, Len(1, 80)]
"""That a firm offers, needs or makes, in a few words."""
Things = Annotated[list[Thing], Len(0, 12)]
Pavilion = Annotated[str, Len(0, 120)]
DelegationName = Annotated[str, Len(1, 120)]
Origin = Annotated[str, Len(0, 120)]
JobTitle = Annotated[str, Len(0, 120)]
Phone = Annotated[str, Len(0, 40)]
MeetingsPerDay = Annotated[int, Interval(ge=0, le=99_999)]

# Meeting requests, and answers to them
Topic = Annotated[str, Len(1, 200)]
Message = Annotated[str, Len(0, 2_000)]
Priority = Annotated[int, Interval(ge=1, le=5)]
LengthInSlots = Annotated[int, Interval(ge=1, le=100)]
"""No event has longer blocks. The service knows those of this event."""
StartSlots = Annotated[list[Key], Len(0, 1_000)]
TemplateName = Annotated[str, Len(0, 60)]
NamedPeople = Annotated[list[Key], Len(0, 5)]
"""On each side of a request."""
Note = Annotated[str, Len(0, 1_000)]
DeclineReason = Annotated[str, Len(1, 200)]
"""Why a firm's registration is declined."""
Comment = Annotated[str, Len(0, 1_000)]

# What came of a meeting
Amount = Annotated[int, Interval(ge=1, le=999_999_999_999)]
"""In whole units of its currency."""
AmountText = Annotated[str, Len(0, 20)]
"""As it is typed, perhaps in groups of three."""
CURRENCIES = (
    "CNY", "USD", "EUR", "HUF", "GBP", "JPY", "HKD", "KRW", "SGD", "AED", "AUD", "BRL", "CAD",
    "CHF", "CZK", "DKK", "IDR", "INR", "KZT", "MXN", "MYR", "NOK", "NZD", "PHP", "PKR", "PLN",
    "RON", "RSD", "RUB", "SAR", "SEK", "THB", "TRY", "TWD", "UAH", "UZS", "VND", "ZAR",
)  # fmt: skip
"""Codes of ISO 4217 that can be chosen."""
Currency = Annotated[str, Len(3, 3)]

# Events and their settings
EventKey = Annotated[str, Len(3, 64)]
EventName = Annotated[str, Len(1, 200)]
Contact = Annotated[str, Len(0, 200)]
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
"""How long a publishing may wait for a second thought."""
RemindMinutes = Annotated[int, Interval(ge=0, le=1_440)]
"""Before a meeting: at most a day."""
MinutesLate = Annotated[int, Interval(ge=0, le=240)]
"""Of an attendee to a meeting."""
LateMinutes = Annotated[int, Interval(ge=1, le=600)]
Percent = Annotated[int, Interval(ge=0, le=100)]
Factor = Annotated[int, Interval(ge=0, le=1_000_000)]
ChangesAPerson = Annotated[int, Interval(ge=0, le=100)]
QuietHours = Annotated[int, Interval(ge=0, le=240)]

# Runs
SolveSeconds = Annotated[int, Interval(ge=5, le=3_600)]
"""Of runs by default. A run that is started by hand may be shorter."""
RunSeconds = Annotated[int, Interval(ge=1, le=3_600)]
MaxMoved = Annotated[int, Interval(ge=0, le=100_000)]
CallNote = Annotated[str, Len(0, 500)]
"""What came of phoning somebody."""
RunNote = Annotated[str, Len(0, 200)]
"""What a run is for, in the words of who starts it."""
Budget = Annotated[int, Interval(ge=0, le=100_000)]
WhatIfName = Annotated[str, Len(1, 80)]
WhatIfSeconds = Annotated[int, Interval(ge=5, le=600)]

# Texts of mails that organisers word anew
MailSubject = Annotated[str, Len(1, 150)]
MailHeadline = Annotated[str, Len(1, 150)]
MailNote = Annotated[str, Len(0, 1_500)]
MailFooter = Annotated[str, Len(0, 500)]
MailDirections = Annotated[str, Len(0, 1_000)]

# Calendars, tokens
CalendarAddress = Annotated[str, Len(1, 2_000)]
CalendarLogin = Annotated[str, Len(1, 200)]
"""The user name at a calendar server, or an app password."""
CalendarName = Annotated[str, Len(0, 253)]
"""The host's, where it is fetched (RFC 1035, 2.3.4). The file's, where it was sent."""
TokenName = Annotated[str, Len(1, 120)]

TEXTS = tuple({kind for kind in list(globals().values()) if get_args(kind)[:1] == (str,)})
"""Those of one text. A column of that kind has room for the longest."""

NUMBERS = tuple({kind for kind in list(globals().values()) if get_args(kind)[:1] == (int,)})
"""Those of one whole number."""


@dataclass(frozen=True, slots=True)
class Range:
    """The smallest and the largest number, or the fewest and the most characters or items, inclusive."""

    least: int
    most: int
    is_size: bool

    def hold(self, value: Any) -> bool:
        return self.least <= (len(value) if self.is_size else value) <= self.most

    def sentence(self, value: Any) -> str:
        """What follows the name of a text or number that breaks them."""
        if not self.is_size:
            return gettext_lazy("must be from %(least)s to %(most)s", least=self.least, most=self.most)
        if len(value) < self.least:
            return gettext_lazy(
                "must have %(least)s to %(most)s characters", least=self.least, most=self.most
            )
        return gettext_lazy("must have at most %(most)s characters", most=self.most)


@cache
def limits(kind: Any) -> Range:
    """Of one of the kinds above."""
    constraint = get_args(kind)[1]
    if isinstance(constraint, Len):
        return Range(constraint.min_length, constraint.max_length or 0, is_size=True)
    return Range(constraint.ge, constraint.le, is_size=False)


def check_field(path: str, value: Any, kind: Any) -> Iterator[Fault]:
    """A fault if a text or number breaks its limits."""
    if not limits(kind).hold(value):
        yield Fault(path, limits(kind).sentence(value))


def check_items(path: str, values: list[str], kind: Any) -> Iterator[Fault]:
    """A fault if there are too many texts in a list, or if one of them breaks its limits."""
    most = limits(kind).most
    if len(values) > most:
        yield Fault(
            path, gettext_lazy("has %(count)s lines; write at most %(most)s", count=len(values), most=most)
        )
    room = limits(get_args(get_args(kind)[0])[0]).most
    for text in values:
        if len(text) > room:
            said = gettext_lazy(
                "has a line that is too long: %(text)s; write at most %(most)s characters",
                text=f"{text[:30]}…",
                most=room,
            )
            yield Fault(path, said)
            return


def require_valid(path: str, value: Any, kind: Any) -> None:
    """Raises InvalidInput if a text or number breaks its limits."""
    if found := list(check_field(path, value, kind)):
        raise InvalidInput(found)


def limited_fields(form: Any) -> dict[str, Any]:
    """The fields of a form, the class of a dataclass, that have limits."""
    hints = get_type_hints(form, include_extras=True)
    return {each.name: hints[each.name] for each in fields(form) if hasattr(hints[each.name], "__metadata__")}


def check_form(form: Any) -> Iterator[Fault]:
    """Every text or number of a form that breaks its limits."""
    for name, kind in limited_fields(type(form)).items():
        yield from check_field(name, getattr(form, name), kind)
