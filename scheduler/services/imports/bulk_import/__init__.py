"""Imports by a background worker and through the API."""
