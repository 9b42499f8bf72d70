"""Columns of `Data.people`: a row a person, attendees first, then interpreters."""

WIDTH = 4

FIRM = 0
"""The firm of an attendee, -1 for an interpreter."""
CAP = 1
"""The most meetings a day (H8)."""
ROW_CAP = 2
"""The most meetings in a row (H16)."""
DAYS_CAP = 3
"""The most days with meetings (H17)."""
