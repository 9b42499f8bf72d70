"""Webhooks: endpoints of an event that receive messages about audit log entries (Standard Webhooks 1.0)."""

__all__ = ["endpoints", "event_types", "messages", "sending", "signatures"]
