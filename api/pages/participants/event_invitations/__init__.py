"""Event invitations by email."""
