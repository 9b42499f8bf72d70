"""Outbox: queued emails and their content."""

__all__ = ["letters", "looks", "outbox", "payloads"]
