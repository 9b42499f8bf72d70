"""Email addresses of attendees: corrections, and the emails that follow."""

__all__ = ["access_revocation", "address_attempts", "address_corrections", "address_validation"]
