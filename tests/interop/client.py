"""A minimal calendar client: what it shows after emails in any order (RFC 5546)."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from tests.interop.readers import Calendar, Event


@dataclass
class Client:
    """`events` are the user's events by UID; of cancelled ones only the revision remains."""

    events: dict[str, Event] = field(default_factory=dict)
    revisions: dict[str, tuple[int, datetime]] = field(default_factory=dict)

    def receive(self, calendar: Calendar) -> None:
        """Apply a message, unless a later one about its UID arrived before (RFC 5546 2.1.5)."""
        (event,) = calendar.events
        revision = event.sequence, event.dtstamp
        if event.uid in self.revisions and revision <= self.revisions[event.uid]:
            return
        self.revisions[event.uid] = revision
        if calendar.method == "REQUEST":
            self.events[event.uid] = event
        elif calendar.method == "CANCEL":
            self.events.pop(event.uid, None)
        else:
            raise ValueError(f"{calendar.method} is for the organizer")
