"""Mail addresses of attendees: corrected, and what calendars are told then."""

__all__ = ["addresses", "leaving", "mailable", "tried"]
