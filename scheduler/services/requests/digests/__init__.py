"""Request digests by email, and responses from there."""

__all__ = ["digest_settings", "due"]
