"""Fairness pages."""
