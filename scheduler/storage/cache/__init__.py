"""Caching of version statistics."""
