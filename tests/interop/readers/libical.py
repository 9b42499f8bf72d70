"""Reads calendars with libical, the parser of Evolution and GNOME Calendar; see tests.interop.readers.

It uses ctypes in a separate process, so that a mistake in these few declarations cannot crash the tests.
"""

from __future__ import annotations

import ctypes
import ctypes.util
import json
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any


class Time(ctypes.Structure):
    """struct icaltimetype (icaltime.h)."""

    _fields_ = (
        *((name, ctypes.c_int) for name in ("year", "month", "day", "hour", "minute", "second")),
        ("is_date", ctypes.c_int),
        ("is_daylight", ctypes.c_int),
        ("zone", ctypes.c_void_p),
    )


class Duration(ctypes.Structure):
    """struct icaldurationtype (icalduration.h)."""

    _fields_ = (
        ("is_neg", ctypes.c_int),
        *((name, ctypes.c_uint) for name in ("days", "weeks", "hours", "minutes", "seconds")),
    )


LIBRARY = ctypes.CDLL("libical.so.3")
_POINTER, _TEXT, _INT = ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int
_DECLARATIONS = {
    "icalparser_parse_string": (_POINTER, _TEXT),
    "icalcomponent_string_to_kind": (_INT, _TEXT),
    "icalproperty_string_to_kind": (_INT, _TEXT),
    "icalcomponent_isa": (_INT, _POINTER),
    "icalcomponent_count_errors": (_INT, _POINTER),
    "icalrestriction_check": (_INT, _POINTER),
    "icalcomponent_get_first_component": (_POINTER, _POINTER, _INT),
    "icalcomponent_get_next_component": (_POINTER, _POINTER, _INT),
    "icalcomponent_get_first_property": (_POINTER, _POINTER, _INT),
    "icalcomponent_get_next_property": (_POINTER, _POINTER, _INT),
    "icalproperty_get_value_as_string": (_TEXT, _POINTER),
    "icalproperty_get_xlicerror": (_TEXT, _POINTER),
    "icalcomponent_get_uid": (_TEXT, _POINTER),
    "icalcomponent_get_sequence": (_INT, _POINTER),
    "icalcomponent_get_summary": (_TEXT, _POINTER),
    "icalcomponent_get_description": (_TEXT, _POINTER),
    "icalcomponent_get_location": (_TEXT, _POINTER),
    "icalcomponent_get_dtstart": (Time, _POINTER),
    "icalcomponent_get_dtend": (Time, _POINTER),
    "icalcomponent_get_dtstamp": (Time, _POINTER),
    "icaltime_as_timet_with_zone": (ctypes.c_long, Time, _POINTER),
    "icaltime_get_tzid": (_TEXT, Time),
    "icaldurationtype_from_string": (Duration, _TEXT),
    "icaldurationtype_as_int": (_INT, Duration),
    "icalcomponent_free": (None, _POINTER),
}
for _name, (_result, *_arguments) in _DECLARATIONS.items():
    getattr(LIBRARY, _name).restype = _result
    getattr(LIBRARY, _name).argtypes = _arguments
LIBRARY.icalerror_set_errors_are_fatal(0)


def kind(name: str) -> int:
    """Return a component's kind by name."""
    return int(LIBRARY.icalcomponent_string_to_kind(name.encode()))


VCALENDAR, VEVENT, VALARM = kind("VCALENDAR"), kind("VEVENT"), kind("VALARM")
ANY_COMPONENT, ANY_PROPERTY = 1, 0
"""ICAL_ANY_COMPONENT and ICAL_ANY_PROPERTY, which have no names."""


def read(text: str) -> dict[str, Any]:
    calendar = LIBRARY.icalparser_parse_string(text.encode())
    if not calendar:
        return {"method": None, "events": [], "faults": ["it cannot be parsed"]}
    is_parsed = LIBRARY.icalcomponent_count_errors(calendar) == 0
    # The check adds its findings to the calendar, also as errors.
    is_allowed = bool(LIBRARY.icalrestriction_check(calendar))
    faults = list(dict.fromkeys(_errors(calendar)))
    if LIBRARY.icalcomponent_isa(calendar) != VCALENDAR:
        faults.append("it is no VCALENDAR alone")
    if not is_allowed or not (is_parsed or faults):
        faults.append("it breaks the rules of its METHOD (RFC 5546)")
    events = [_event(each) for each in _components(calendar, VEVENT)]
    method = next(iter(_values(calendar, "METHOD")), None)
    LIBRARY.icalcomponent_free(calendar)
    return {"method": method, "events": events, "faults": faults}


def _event(event: int) -> dict[str, Any]:
    start = LIBRARY.icalcomponent_get_dtstart(event)
    return {
        "uid": _text(LIBRARY.icalcomponent_get_uid(event)),
        "sequence": LIBRARY.icalcomponent_get_sequence(event),
        "start": _moment(start),
        "end": _moment(LIBRARY.icalcomponent_get_dtend(event)),
        "dtstamp": _moment(LIBRARY.icalcomponent_get_dtstamp(event)),
        "zone": _text(LIBRARY.icaltime_get_tzid(start)),
        "status": next(iter(_values(event, "STATUS")), None),
        "organizer": next(iter(_values(event, "ORGANIZER")), None),
        "attendees": _values(event, "ATTENDEE"),
        "summary": _text(LIBRARY.icalcomponent_get_summary(event)),
        "location": _text(LIBRARY.icalcomponent_get_location(event)),
        "alarms": [_alarm(each) for each in _components(event, VALARM)],
    }


def _alarm(alarm: int) -> list[object]:
    action, trigger = (next(iter(_values(alarm, name))) or "" for name in ("ACTION", "TRIGGER"))
    length = LIBRARY.icaldurationtype_from_string(trigger.encode())
    # As TEXT it is read like other texts, unescaped.
    return [
        action,
        LIBRARY.icaldurationtype_as_int(length),
        _text(LIBRARY.icalcomponent_get_description(alarm)),
    ]


def _moment(time: Time) -> str:
    return datetime.fromtimestamp(LIBRARY.icaltime_as_timet_with_zone(time, time.zone), UTC).isoformat()


def _errors(component: int) -> Iterator[str]:
    for each in _properties(component, LIBRARY.icalproperty_string_to_kind(b"X-LIC-ERROR")):
        yield _text(LIBRARY.icalproperty_get_xlicerror(each)) or "an error without a text"
    for inner in _components(component, ANY_COMPONENT):
        yield from _errors(inner)


def _values(component: int, name: str) -> list[str | None]:
    found = _properties(component, LIBRARY.icalproperty_string_to_kind(name.encode()))
    return [_text(LIBRARY.icalproperty_get_value_as_string(each)) for each in found]


def _components(component: int, wanted: int) -> Iterator[int]:
    each = LIBRARY.icalcomponent_get_first_component(component, wanted)
    while each:
        yield each
        each = LIBRARY.icalcomponent_get_next_component(component, wanted)


def _properties(component: int, wanted: int) -> Iterator[int]:
    each = LIBRARY.icalcomponent_get_first_property(component, wanted)
    while each:
        yield each
        each = LIBRARY.icalcomponent_get_next_property(component, wanted)


def _text(value: bytes | None) -> str | None:
    return None if value is None else value.decode()


if __name__ == "__main__":
    json.dump([read(text) for text in json.load(sys.stdin)], sys.stdout)
