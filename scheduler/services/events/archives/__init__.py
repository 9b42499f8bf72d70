"""Whole events: export, import, copy, archive and delete."""

__all__ = ["batches", "event_tables"]
