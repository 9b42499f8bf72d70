"""Whole events: copy, archive, delete."""
