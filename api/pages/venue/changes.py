"""Parsing of venue forms into changes, with errors by field name."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Mapping
from zoneinfo import ZoneInfo

from werkzeug.datastructures import MultiDict

from api.inputs import clock, whole
from scheduler import i18n
from scheduler.domain.entities import PauseKind
from scheduler.domain.errors import Fault, InvalidInput
from scheduler.domain.guests import GuestKind
from scheduler.i18n import Separator, gettext_lazy
from scheduler.invites.catalogue import languages
from scheduler.services.venue.change_types import (
    AddTables,
    AreaInput,
    ChangeAreas,
    ChangeDays,
    ChangeGuests,
    ChangeHalls,
    ChangePlaces,
    ChangeWalks,
    ClosePlaces,
    DayInput,
    GuestInput,
    HallInput,
    HallWalk,
    PauseInput,
    PlaceInput,
    RemoveTables,
    VenueChange,
)
from scheduler.services.venue.venue import Venue

Form = MultiDict[str, str]
Pause = tuple[int, PauseInput]
"""Row number and break."""

EVERY_DAY = "every"
MOST_ROWS = 600
"""Maximum number of rows that are parsed."""
NO_NUMBER = -1
"""Value of an invalid number, which is outside all limits."""


Fields = dict[str, str]
"""Field name prefixes, such as hall-2, by the prefix of an error's path, such as halls[1]."""

_FILLED: Mapping[str, tuple[str, ...]] = {
    "day": ("on", "opens", "closes"),
    "pause": ("start", "end", "name"),
    "hall": ("key", "name"),
    "place": ("key",),
    "area": ("key", "name"),
    "guest": ("name", "pavilion"),
}
"""Fields by kind of row. A row with all of them empty is the one for a new entry."""


def read(what: str, form: Form, venue: Venue, at: Fields) -> VenueChange:
    """Parse the change of a form. `at` is filled with the field names of its parts.

    Raises InvalidInput, and KeyError for an unknown form.
    """
    return READERS[what](form, venue, at)


def at_fields(faults: Iterable[Fault], at: Fields) -> dict[str, str]:
    """Return the errors by the name of the field in which they occurred."""
    found: dict[str, list[str]] = {}
    for fault in faults:
        start, _, name = fault.path.rpartition(".")
        field = at.get(fault.path) or (f"{at[start]}-{name}" if start in at else fault.path)
        found.setdefault(field, []).append(fault.message)
    return {field: i18n.join_texts(messages, Separator.CLAUSES) for field, messages in found.items()}


def _rows(form: Mapping[str, str], name: str) -> Iterator[tuple[int, Mapping[str, str]]]:
    """Yield the non-empty rows `name-0-field`, `name-1-field` and so on, except those marked for deletion."""
    found: dict[int, dict[str, str]] = {}
    for key, value in form.items():
        parts = key.split("-")
        if len(parts) == 3 and parts[0] == name and parts[1].isdigit() and len(parts[1]) < 4:
            found.setdefault(int(parts[1]), {})[parts[2]] = value.strip()
    for number in sorted(found)[:MOST_ROWS]:
        if not found[number].get("gone") and any(map(found[number].get, _FILLED[name])):
            yield number, found[number]


def _time(row: Mapping[str, str], name: str, path: str, faults: list[Fault]) -> dt.time:
    read = clock(row.get(name, ""))
    if read is None:
        faults.append(Fault(path, gettext_lazy("enter a time, like 09:30")))
        return dt.time(0)
    return read


def _days(form: Form, venue: Venue, at: Fields) -> ChangeDays:
    faults: list[Fault] = []
    days: dict[dt.date, tuple[dt.time, dt.time]] = {}
    for number, row in _rows(form, "day"):
        try:
            on = dt.date.fromisoformat(row.get("on", ""))
        except ValueError:
            faults.append(Fault(f"day-{number}-on", gettext_lazy("enter a date, like 2027-06-22")))
            continue
        if on in days:
            faults.append(Fault(f"day-{number}-on", gettext_lazy("enter %(name)s only once", name=str(on))))
        hours = [_time(row, name, f"day-{number}-{name}", faults) for name in ("opens", "closes")]
        at.setdefault(f"days[{len(days)}]", f"day-{number}")
        days[on] = hours[0], hours[1]
    pauses: dict[dt.date, list[Pause]] = {on: [] for on in days}
    for number, row in _rows(form, "pause"):
        start, end = (_time(row, name, f"pause-{number}-{name}", faults) for name in ("start", "end"))
        kind = PauseKind.SPECIAL if row.get("kind") == PauseKind.SPECIAL else PauseKind.BREAK
        whole_event = row.get("on") == EVERY_DAY
        for on in days:
            if whole_event or row.get("on") == on.isoformat():
                pauses[on].append((number, PauseInput(kind, row.get("name", ""), start, end)))
    if faults:
        raise InvalidInput(faults)
    wanted = []
    for i, (on, (opens, closes)) in enumerate(days.items()):
        within = _within(pauses[on], opens, closes)
        at |= {f"days[{i}].pauses[{j}]": f"pause-{number}" for j, (number, _) in enumerate(within)}
        wanted.append(DayInput(on, opens, closes, [pause for _, pause in within]))
    return ChangeDays(
        days=wanted,
        slot_minutes=whole(form.get("slot_minutes"), NO_NUMBER),
        changeover_minutes=whole(form.get("changeover_minutes"), NO_NUMBER),
    )


def _within(pauses: list[Pause], opens: dt.time, closes: dt.time) -> list[Pause]:
    """Return the breaks clipped to the hours of a day. Breaks of invalid length are kept, for their error."""
    return [
        (number, PauseInput(each.kind, each.name, max(each.start, opens), min(each.end, closes)))
        for number, each in pauses
        if each.start < closes and each.end > opens
    ] + [(number, each) for number, each in pauses if each.end <= each.start]


def _listed(form: Form, name: str, listed: str, at: Fields) -> Iterator[Mapping[str, str]]:
    """Yield the rows of a list, and record their field names."""
    for i, (number, row) in enumerate(_rows(form, name)):
        at[f"{listed}[{i}]"] = f"{name}-{number}"
        for tag in languages():
            at[f"{listed}[{i}].names.{tag}"] = f"{name}-{number}-name_{tag}"
        yield row


def _halls(form: Form, venue: Venue, at: Fields) -> ChangeHalls:
    return ChangeHalls(
        [
            HallInput(row.get("name", ""), row.get("key", ""), _other_names(row))
            for row in _listed(form, "hall", "halls", at)
        ]
    )


def _other_names(row: Mapping[str, str]) -> list[tuple[str, str]]:
    names = [(language, row.get(f"name_{language}", "")) for language in languages()]
    return [(language, name) for language, name in names if name]


def _walks(form: Form, venue: Venue, at: Fields) -> ChangeWalks:
    keys = [hall.key for hall in venue.halls]
    walks: list[HallWalk] = []
    for i, one in enumerate(keys):
        for j in range(i + 1, len(keys)):
            typed = form.get(f"walk-{i}-{j}")
            if typed is not None and typed.strip() != str(venue.minutes(one, keys[j])):
                at[f"walks[{len(walks)}].minutes"] = f"walk-{i}-{j}"
                walks.append(HallWalk(one, keys[j], whole(typed.strip(), NO_NUMBER)))
    return ChangeWalks(walks)


def _new_tables(form: Form, venue: Venue, at: Fields) -> AddTables:
    return AddTables(
        hall=form.get("hall", ""),
        prefix=form.get("prefix", ""),
        count=whole(form.get("count"), NO_NUMBER),
        first=whole(form.get("first"), NO_NUMBER),
        capacity=whole(form.get("capacity"), NO_NUMBER),
    )


def _places(form: Form, venue: Venue, at: Fields) -> ChangePlaces:
    return ChangePlaces(
        [
            PlaceInput(row.get("key", ""), row.get("name", ""), whole(row.get("capacity"), NO_NUMBER))
            for row in _listed(form, "place", "places", at)
        ]
    )


def _closing(form: Form, venue: Venue, at: Fields) -> ClosePlaces:
    faults: list[Fault] = []
    opens, closes = dt.time.min, dt.time.max
    if form.get("from"):
        opens = _time(form, "from", "from", faults)
    if form.get("to"):
        closes = _time(form, "to", "to", faults)
    if not form.getlist("pick"):
        faults.append(Fault("pick", gettext_lazy("select at least one")))
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
        faults.append(Fault("on", gettext_lazy("select a day and a time range that has slots")))
    if faults:
        raise InvalidInput(faults)
    return ClosePlaces(form.getlist("pick"), slots, closed=form.get("closed") != "no")


def _removal(form: Form, venue: Venue, at: Fields) -> RemoveTables:
    return RemoveTables(form.getlist("pick"))


def _areas(form: Form, venue: Venue, at: Fields) -> ChangeAreas:
    return ChangeAreas(
        [
            AreaInput(row.get("name", ""), row.get("key", ""), _other_names(row))
            for row in _listed(form, "area", "areas", at)
        ]
    )


def _guests(form: Form, venue: Venue, at: Fields) -> ChangeGuests:
    return ChangeGuests(
        [
            GuestInput(
                GuestKind.PROVINCE if row.get("kind") == GuestKind.PROVINCE else GuestKind.COUNTRY,
                row.get("name", ""),
                row.get("country", ""),
                row.get("pavilion", ""),
            )
            for row in _listed(form, "guest", "guests", at)
        ]
    )


READERS: Mapping[str, Callable[[Form, Venue, Fields], VenueChange]] = {
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
