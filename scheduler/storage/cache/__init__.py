"""Figures of versions, worked out once."""
