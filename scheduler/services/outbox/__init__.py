"""The outbox: mails that wait, and what each says."""

__all__ = ["letters", "outbox", "payloads"]
