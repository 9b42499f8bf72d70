"""Reads calendars with `ical`, the parser of Home Assistant; see tests.interop.readers."""

from __future__ import annotations

import json
import sys
from typing import Any

from ical.calendar_stream import IcsCalendarStream
from ical.event import Event
from ical.exceptions import CalendarParseError


def read(text: str) -> dict[str, Any]:
    try:
        calendar = IcsCalendarStream.calendar_from_ics(text)
    except CalendarParseError as error:
        return {"method": None, "events": [], "faults": [f"{error}: {error.detailed_error}"]}
    return {"method": calendar.method, "events": [_event(event) for event in calendar.events], "faults": []}


def _event(event: Event) -> dict[str, Any]:
    return {
        "uid": event.uid,
        "sequence": event.sequence,
        "start": event.dtstart.isoformat(),
        "end": event.dtend.isoformat() if event.dtend else None,
        "dtstamp": event.dtstamp.isoformat(),
        "zone": str(event.dtstart.tzinfo) if hasattr(event.dtstart, "tzinfo") else "",
        "status": event.status.value if event.status else None,
        "organizer": str(event.organizer.uri) if event.organizer else None,
        "attendees": [str(attendee.uri) for attendee in event.attendees],
        "summary": event.summary,
        "location": event.location,
        "alarms": [
            [str(each.action), each.trigger.total_seconds(), each.description] for each in event.alarm
        ],
    }


if __name__ == "__main__":
    json.dump([read(text) for text in json.load(sys.stdin)], sys.stdout)
