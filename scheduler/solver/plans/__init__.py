"""Whole plans: seated, checked by the rules, kept, and where a search starts."""
