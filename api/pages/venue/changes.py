"""The forms of the venue's page as changes: every field by the name that a fault has."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from zoneinfo import ZoneInfo

from werkzeug.datastructures import MultiDict

from api.inputs import whole
from scheduler.domain.entities import PauseKind
from scheduler.domain.errors import Fault, InvalidInput
from scheduler.domain.guests import GuestKind
from scheduler.invites.catalogue import languages
from scheduler.saying import say
from scheduler.services.venue.venue import Venue
from scheduler.services.venue.wanted import (
    AddTables,
    ChangeAreas,
    ChangeDays,
    ChangeGuests,
    ChangeHalls,
    ChangePlaces,
    ChangeWalks,
    ClosePlaces,
    HallWalk,
    RemoveTables,
    VenueChange,
    WantedArea,
    WantedDay,
    WantedGuest,
    WantedHall,
    WantedPause,
    WantedPlace,
)

Form = MultiDict[str, str]

EVERY_DAY = "every"
MOST_ROWS = 600
"""Rows of a form that are read."""
NO_NUMBER = -1
"""What a field that is no number becomes: no kind holds it."""


def read(what: str, form: Form, venue: Venue) -> VenueChange:
    """The change of a form. Raises InvalidInput, and KeyError for a form that there is not."""
    return READERS[what](form, venue)


def _rows(form: Mapping[str, str], name: str) -> Iterator[tuple[int, Mapping[str, str]]]:
    """The rows `name-0-field`, `name-1-field` and so on, but for those that are to go."""
    found: dict[int, dict[str, str]] = {}
    for key, value in form.items():
        parts = key.split("-")
        if len(parts) == 3 and parts[0] == name and parts[1].isdigit() and len(parts[1]) < 4:
            found.setdefault(int(parts[1]), {})[parts[2]] = value.strip()
    for number in sorted(found)[:MOST_ROWS]:
        if not found[number].get("gone"):
            yield number, found[number]


def _time(row: Mapping[str, str], name: str, path: str, faults: list[Fault]) -> dt.time:
    try:
        read = dt.time.fromisoformat(row.get(name, ""))
    except ValueError:
        read = None
    if read is None or read.tzinfo is not None:
        faults.append(Fault(path, say("must be a time such as 09:30")))
        return dt.time(0)
    return read.replace(second=0, microsecond=0)


def _days(form: Form, venue: Venue) -> ChangeDays:
    faults: list[Fault] = []
    days: dict[dt.date, tuple[dt.time, dt.time]] = {}
    for number, row in _rows(form, "day"):
        if not any(row.get(name) for name in ("on", "opens", "closes")):
            continue  # the empty row
        try:
            on = dt.date.fromisoformat(row.get("on", ""))
        except ValueError:
            faults.append(Fault(f"day-{number}-on", say("must be a date such as 2027-06-22")))
            continue
        if on in days:
            faults.append(Fault(f"day-{number}-on", say("%(name)s is there twice", name=str(on))))
        hours = [_time(row, name, f"day-{number}-{name}", faults) for name in ("opens", "closes")]
        days[on] = hours[0], hours[1]
    pauses: dict[dt.date, list[WantedPause]] = {on: [] for on in days}
    for number, row in _rows(form, "pause"):
        if not (row.get("start") or row.get("end") or row.get("name")):
            continue
        start, end = (_time(row, name, f"pause-{number}-{name}", faults) for name in ("start", "end"))
        kind = PauseKind.SPECIAL if row.get("kind") == PauseKind.SPECIAL else PauseKind.BREAK
        whole_event = row.get("on") == EVERY_DAY
        for on in days:
            if whole_event or row.get("on") == on.isoformat():
                pauses[on].append(WantedPause(kind, row.get("name", ""), start, end))
    if faults:
        raise InvalidInput(faults)
    return ChangeDays(
        days=[
            WantedDay(on, opens, closes, _within(pauses[on], opens, closes))
            for on, (opens, closes) in days.items()
        ],
        slot_minutes=whole(form.get("slot_minutes"), NO_NUMBER),
        changeover_minutes=whole(form.get("changeover_minutes"), NO_NUMBER),
    )


def _within(pauses: list[WantedPause], opens: dt.time, closes: dt.time) -> list[WantedPause]:
    """The pauses of a day, cut to its hours: a day that ends sooner ends its last break, too."""
    return [
        WantedPause(each.kind, each.name, max(each.start, opens), min(each.end, closes))
        for each in pauses
        if each.start < closes and each.end > opens
    ] + [each for each in pauses if each.end <= each.start]


def _halls(form: Form, venue: Venue) -> ChangeHalls:
    return ChangeHalls(
        [
            WantedHall(row.get("name", ""), row.get("key", ""), _other_names(row))
            for _, row in _rows(form, "hall")
            if row.get("key") or row.get("name")
        ]
    )


def _other_names(row: Mapping[str, str]) -> list[tuple[str, str]]:
    names = [(language, row.get(f"name_{language}", "")) for language in languages()]
    return [(language, name) for language, name in names if name]


def _walks(form: Form, venue: Venue) -> ChangeWalks:
    keys = [hall.key for hall in venue.halls]
    walks = []
    for i, one in enumerate(keys):
        for j in range(i + 1, len(keys)):
            typed = form.get(f"walk-{i}-{j}")
            if typed is not None and typed.strip() != str(venue.minutes(one, keys[j])):
                walks.append(HallWalk(one, keys[j], whole(typed.strip(), NO_NUMBER)))
    return ChangeWalks(walks)


def _new_tables(form: Form, venue: Venue) -> AddTables:
    return AddTables(
        hall=form.get("hall", ""),
        prefix=form.get("prefix", ""),
        count=whole(form.get("count"), NO_NUMBER),
        first=whole(form.get("first"), NO_NUMBER),
        capacity=whole(form.get("capacity"), NO_NUMBER),
    )


def _places(form: Form, venue: Venue) -> ChangePlaces:
    return ChangePlaces(
        [
            WantedPlace(row.get("key", ""), row.get("name", ""), whole(row.get("capacity"), NO_NUMBER))
            for _, row in _rows(form, "place")
        ]
    )


def _closing(form: Form, venue: Venue) -> ClosePlaces:
    faults: list[Fault] = []
    opens, closes = dt.time.min, dt.time.max
    if form.get("from"):
        opens = _time(form, "from", "from", faults)
    if form.get("to"):
        closes = _time(form, "to", "to", faults)
    if not form.getlist("pick"):
        faults.append(Fault("pick", say("choose at least one")))
    chosen = set(form.getlist("on"))
    zone = ZoneInfo(venue.timezone)
    slots = [
        slot.key
        for day in venue.days.days
        if day.on.isoformat() in chosen
        for slot in day.slots
        if slot.start.astimezone(zone).time() < closes and slot.end.astimezone(zone).time() > opens
    ]
    if not slots:
        faults.append(Fault("on", say("choose a day, and hours in which it has slots")))
    if faults:
        raise InvalidInput(faults)
    return ClosePlaces(form.getlist("pick"), slots, closed=form.get("closed") != "no")


def _removal(form: Form, venue: Venue) -> RemoveTables:
    return RemoveTables(form.getlist("pick"))


def _areas(form: Form, venue: Venue) -> ChangeAreas:
    return ChangeAreas(
        [
            WantedArea(row.get("name", ""), row.get("key", ""), _other_names(row))
            for _, row in _rows(form, "area")
            if row.get("key") or row.get("name")
        ]
    )


def _guests(form: Form, venue: Venue) -> ChangeGuests:
    return ChangeGuests(
        [
            WantedGuest(
                GuestKind.PROVINCE if row.get("kind") == GuestKind.PROVINCE else GuestKind.COUNTRY,
                row.get("name", ""),
                row.get("country", ""),
                row.get("pavilion", ""),
            )
            for _, row in _rows(form, "guest")
            if row.get("name") or row.get("pavilion")
        ]
    )


READERS: Mapping[str, Callable[[Form, Venue], VenueChange]] = {
    "days": _days,
    "halls": _halls,
    "walks": _walks,
    "new-tables": _new_tables,
    "places": _places,
    "closing": _closing,
    "removal": _removal,
    "areas": _areas,
    "guests": _guests,
}
