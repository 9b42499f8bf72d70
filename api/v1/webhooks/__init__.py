"""Webhooks of the event."""
