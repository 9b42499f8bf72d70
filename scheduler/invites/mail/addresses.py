"""Our addresses in outgoing email. `services/emails/inbound/inbound_addresses.py` parses them."""

from __future__ import annotations

from scheduler.invites import text


def organizer_address(token: str, domain: str) -> str:
    """Return the sender address of invitations, which receives calendar replies and other responses."""
    return text.address(f"meetings+{token}@{domain}")


def bounce_address(token: str, domain: str) -> str:
    """Return the envelope sender that receives bounces for an email with this token."""
    return text.address(f"bounces+{token}@{domain}")
