"""Plugins, against both databases."""
