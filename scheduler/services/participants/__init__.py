"""Participants: firms, people and interpreters, edited, withdrawn and merged, with undo."""

__all__ = ["contact_views", "editing", "journal"]
