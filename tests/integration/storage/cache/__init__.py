"""Cached statistics of versions."""
