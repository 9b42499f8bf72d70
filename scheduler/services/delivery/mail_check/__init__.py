"""Email check: DNS records of the email domain, the outgoing mail server, and a round trip."""

__all__ = ["round_trip"]
