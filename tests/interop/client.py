"""A calendar client in few words: what it shows after the mails that came, in whatever order (RFC 5546)."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from tests.interop.readers import Calendar, Event


@dataclass
class Client:
    """`events` is what its user sees, by UID; of what was cancelled the revision alone is remembered."""

    events: dict[str, Event] = field(default_factory=dict)
    revisions: dict[str, tuple[int, datetime]] = field(default_factory=dict)

    def receive(self, calendar: Calendar) -> None:
        """Apply a message unless a later one about its UID came before it (RFC 5546 2.1.5)."""
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
