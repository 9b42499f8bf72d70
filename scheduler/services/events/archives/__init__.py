"""Whole events: export, import, copy, archive and delete."""
