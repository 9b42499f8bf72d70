"""Plugins on both databases."""
