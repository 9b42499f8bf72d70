"""The ways into a calendar where the mail of an invitation does not lead there."""

from __future__ import annotations

from enum import StrEnum


class CalendarImportMethod(StrEnum):
    """How somebody took meetings into a calendar, or along, besides the mail's own buttons."""

    FILE = "file"
    """The calendar file of one meeting."""
    FOLLOW = "follow"
    """One meeting, subscribed to."""
    FEED = "feed"
    """All meetings, subscribed to."""
    GOOGLE = "google"
    OUTLOOK = "outlook"
    MICROSOFT_365 = "microsoft365"
    COPY = "copy"
    """The facts as text."""
    CODE = "code"
    """Read from another screen by a QR code."""
    PRINT = "print"
    """The agenda as a PDF."""
