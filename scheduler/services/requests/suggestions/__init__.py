"""Suggested partners of a firm, with the reasons."""
