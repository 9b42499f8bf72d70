"""Outbox: queued emails and their content."""

__all__ = ["letters", "outbox", "payloads"]
