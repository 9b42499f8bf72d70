"""Firms and people of an event: search, filters, one by key."""

__all__ = ["delegation_lookup", "profile", "references"]
