"""Suggested partners of a firm, with the reason for each."""
