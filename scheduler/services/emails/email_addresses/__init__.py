"""Mail addresses of attendees: corrected, and what calendars are told then."""

__all__ = ["access_revocation", "address_attempts", "address_corrections", "address_validation"]
