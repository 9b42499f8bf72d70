"""Availability of attendees: own calendars, and slots marked by hand."""

__all__ = ["unavailable_slots"]
