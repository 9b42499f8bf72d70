"""Event invitations by email to firms' people."""
