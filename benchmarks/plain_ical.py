"""Peer of the email benchmark: the calendar of a message by the icalendar package, as in its manual."""

from __future__ import annotations

from datetime import timedelta

from icalendar import Calendar, Event, vCalAddress

from scheduler.invites.catalogue import load_words
from scheduler.invites.ical.itip import ItipMessage
from scheduler.invites.ical.view import description

DAY = timedelta(days=1)


def calendar(message: ItipMessage, organizer: str, attendee: str, name: str, *, zones: bool) -> bytes:
    """Return a REQUEST with the same properties as ours, without an email. `zones` adds the VTIMEZONE."""
    content, zone = message.content, message.content.zone
    event = Event()
    event.add("uid", message.uid)
    event.add("dtstamp", message.dtstamp)
    event.add("sequence", message.sequence)
    event.add("dtstart", content.start.astimezone(zone))
    event.add("dtend", content.end.astimezone(zone))
    event.add("summary", content.summary)
    event.add("location", content.location)
    event.add("description", description(content, load_words(content.language)))
    event.add("url", content.agenda_url)
    event.add("organizer", vCalAddress(f"mailto:{organizer}"))
    invited = vCalAddress(f"mailto:{attendee}")
    invited.params.update({"PARTSTAT": "NEEDS-ACTION", "RSVP": "TRUE", "CN": name})
    event.add("attendee", invited)
    event.add("status", "CONFIRMED")
    made = Calendar()
    made.add("prodid", "-//Plain//EN")
    made.add("version", "2.0")
    made.add("method", message.method.value)
    made.add_component(event)
    if zones:
        made.add_missing_timezones(first_date=content.start.date() - DAY, last_date=content.end.date() + DAY)
    written: bytes = made.to_ical()
    return written
