"""Exports, against both databases."""
