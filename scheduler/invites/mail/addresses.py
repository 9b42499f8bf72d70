"""The addresses of ours in our mails. `services/emails/inbound/inbound_addresses.py` knows them again."""

from __future__ import annotations

from scheduler.invites import text


def organizer_address(token: str, domain: str) -> str:
    """The address that invitations come from, and where answers and replies of all kinds go."""
    return text.address(f"meetings+{token}@{domain}")


def bounce_address(token: str, domain: str) -> str:
    """The address that a mail server reports at that a mail with this token was not delivered."""
    return text.address(f"bounces+{token}@{domain}")
