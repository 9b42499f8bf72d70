"""Preferences of a firm: the ranking of its requests, and possible times."""
