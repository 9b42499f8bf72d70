"""Availability pages."""
