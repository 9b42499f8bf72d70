"""Firms and people of an event: search, filters, one by key."""

__all__ = ["belonging", "profile", "refs"]
