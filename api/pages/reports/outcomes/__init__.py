"""Outcome pages."""
