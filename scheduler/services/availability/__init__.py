"""Availability of attendees: their own calendars, and slots marked as unavailable."""

__all__ = ["unavailable_slots"]
