"""Request digests by email, and responses from there."""
