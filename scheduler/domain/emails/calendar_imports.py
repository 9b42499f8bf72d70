"""Ways to add meetings to a calendar when the invitation email does not do it."""

from __future__ import annotations

from enum import StrEnum


class CalendarImportMethod(StrEnum):
    """How a person added meetings to a calendar or took them along, other than by the email's own buttons."""

    FILE = "file"
    """The calendar file of one meeting."""
    FOLLOW = "follow"
    """A subscription to one meeting."""
    FEED = "feed"
    """A subscription to all meetings."""
    GOOGLE = "google"
    OUTLOOK = "outlook"
    MICROSOFT_365 = "microsoft365"
    COPY = "copy"
    """The meeting details copied as text."""
    CODE = "code"
    """A QR code scanned from another screen."""
    PRINT = "print"
    """The agenda as a PDF."""
