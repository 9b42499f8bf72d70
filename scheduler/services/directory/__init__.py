"""Directory of an event's firms and people: search, filters, and lookup by key."""

__all__ = ["delegation_lookup", "profile", "references"]
