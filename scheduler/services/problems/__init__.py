"""Problems: snapshots of an event that a run solves."""

__all__ = ["manual_edits", "policy", "scope", "snapshot", "stored_problems"]
