"""Form of a new event: faults by field, and the slots of its days."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from scheduler.domain import fields
from scheduler.domain.errors import Fault, InvalidInput
from scheduler.domain.fields import (
    AreaName,
    AreaNames,
    Days,
    EventName,
    Halls,
    SlotMinutes,
    TablesPerHall,
    WalkingMinutes,
)
from scheduler.i18n import gettext_lazy
from scheduler.invites.catalogue import languages
from scheduler.services.text import clean_line, slugify

MAX_BLOCKS = 6
MAX_SLOTS = 500

RESERVED = frozenset({"new"})
"""Keys that URLs use for other purposes."""

_KEY = re.compile(r"[a-z0-9](?:[a-z0-9-]{1,62})[a-z0-9]")


@dataclass(frozen=True, slots=True)
class NewEvent:
    """The form of a new event. `blocks` are the daily meeting hours, from and to, in the event's time zone.

    Each block is filled with slots of `slot_minutes`. `areas` are names of value chain areas.
    `walking_minutes` applies between any two halls. `language` is used for emails to people whose language is
    unknown.
    """

    key: str
    name: EventName
    timezone: str
    first_day: date
    days: Days = 1
    blocks: Sequence[tuple[time, time]] = ((time(9), time(12)), (time(13), time(17)))
    slot_minutes: SlotMinutes = 30
    halls: Halls = 1
    tables_per_hall: TablesPerHall = 10
    walking_minutes: WalkingMinutes = 5
    areas: Sequence[str] = ()
    language: str = "en"


@dataclass(frozen=True, slots=True)
class NewSlot:
    """A slot, in UTC."""

    key: str
    start: datetime
    end: datetime
    block: str


@dataclass(frozen=True, slots=True)
class CheckedEvent:
    """A validated new event."""

    key: str
    name: str
    slots: tuple[NewSlot, ...]
    areas: dict[str, str]


def check_form(form: NewEvent, *, now: datetime) -> CheckedEvent:
    """Validate a new event. Raises InvalidInput with every fault by field of NewEvent."""
    found = find_faults(form, now=now)
    slots = () if found else tuple(_slots(form))
    if len(slots) > MAX_SLOTS:
        found.append(
            Fault(
                "slot_minutes",
                gettext_lazy(
                    "choose longer slots or fewer days; these make %(slots)s slots, but at most "
                    "%(most)s are possible",
                    slots=len(slots),
                    most=MAX_SLOTS,
                ),
            )
        )
    if found:
        raise InvalidInput(found)
    key, name, areas = _texts(form)
    return CheckedEvent(key, name, slots, {_slug(area, i): area for i, area in enumerate(areas)})


def find_faults(form: NewEvent, *, now: datetime) -> list[Fault]:
    """Return the faults of single fields, by field of NewEvent."""
    key, name, areas = _texts(form)
    found = [
        *_text_faults(key, areas),
        *fields.check_form(replace(form, name=name)),
        *_time_faults(form, now),
    ]
    return [*found, *language_faults(form.language)]


def _texts(form: NewEvent) -> tuple[str, str, list[str]]:
    """Return the normalised key, name and areas."""
    areas = [area for area in map(clean_line, form.areas) if area]
    return form.key.strip().lower(), clean_line(form.name), areas


def is_timezone(name: str) -> bool:
    """Return True if `name` is an IANA time zone."""
    try:
        ZoneInfo(name)
    except (OSError, ValueError, LookupError):
        return False
    return True


def language_faults(language: str) -> Iterator[Fault]:
    """Yield a fault if emails are not available in the language."""
    if language not in languages():
        yield Fault("language", gettext_lazy("choose one of %(names)s", names=", ".join(languages())))


def key_faults(key: str) -> Iterator[Fault]:
    """Yield the faults of a key."""
    if not _KEY.fullmatch(key):
        yield Fault(
            "key",
            gettext_lazy(
                "enter 3 to 64 letters (a to z), digits or hyphens, with no hyphen at the start or end"
            ),
        )
    if key in RESERVED:
        yield Fault(
            "key", gettext_lazy("%(key)s is reserved for the site; enter another short name", key=repr(key))
        )


def zone_faults(timezone: str) -> Iterator[Fault]:
    """Yield a fault if `timezone` is not an IANA time zone."""
    if not is_timezone(timezone):
        yield Fault("timezone", gettext_lazy("enter an IANA time zone, like Asia/Shanghai"))


def _text_faults(key: str, areas: Sequence[str]) -> Iterator[Fault]:
    yield from key_faults(key)
    many, long = fields.limits(AreaNames), fields.limits(AreaName)
    if not many.hold(areas) or not all(map(long.hold, areas)):
        yield Fault(
            "areas",
            gettext_lazy(
                "enter at most %(most)s areas of %(least)s to %(longest)s characters each",
                most=many.most,
                least=long.least,
                longest=long.most,
            ),
        )
    if len({area.lower() for area in areas}) < len(areas):
        yield Fault("areas", gettext_lazy("remove the area that is listed twice"))


def _time_faults(form: NewEvent, now: datetime) -> Iterator[Fault]:
    yield from zone_faults(form.timezone)
    if is_timezone(form.timezone) and form.first_day < now.astimezone(ZoneInfo(form.timezone)).date():
        yield Fault("first_day", gettext_lazy("enter a date that is not in the past"))
    if not 1 <= len(form.blocks) <= MAX_BLOCKS:
        yield Fault("blocks", gettext_lazy("enter 1 to %(most)s periods", most=MAX_BLOCKS))
    for i, (start, end) in enumerate(form.blocks):
        if _minutes(end) - _minutes(start) < form.slot_minutes:
            yield Fault(f"blocks[{i}]", gettext_lazy("enter a period that is at least one slot long"))
        if i and start < form.blocks[i - 1][1]:
            yield Fault(
                f"blocks[{i}]", gettext_lazy("enter a start time after the end of the previous period")
            )


def _slots(form: NewEvent) -> Iterator[NewSlot]:
    """Yield the slots in time order. A slot keeps its length in UTC across daylight saving changes."""
    zone, length = ZoneInfo(form.timezone), timedelta(minutes=form.slot_minutes)
    for day in range(form.days):
        number = 0
        for block, (opens, closes) in enumerate(form.blocks, 1):
            on = form.first_day + timedelta(days=day)
            start = datetime.combine(on, opens, zone).astimezone(UTC)
            closing = datetime.combine(on, closes, zone).astimezone(UTC)
            while start + length <= closing:
                number += 1
                yield NewSlot(f"d{day + 1}s{number:02}", start, start + length, f"d{day + 1}b{block}")
                start += length


def _slug(name: str, i: int) -> str:
    """Return the key of an area: its number and a slug of its name."""
    return f"{i + 1}-{slugify(name)}"[:60].strip("-")


def _minutes(moment: time) -> int:
    return moment.hour * 60 + moment.minute
