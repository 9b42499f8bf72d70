"""When attendees can meet: calendars of their own, slots marked by hand."""

__all__ = ["unavailable_slots"]
