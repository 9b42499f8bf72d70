"""Problems: solver input, built as a snapshot of an event."""

__all__ = ["manual_edits", "policy", "scope", "snapshot", "stored_problems"]
